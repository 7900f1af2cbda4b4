"""REST routes of periods, mounted at /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from periods.api import checks, go, lessons, pages, plan, rehearsing, running, templates

ONE = "periods/<str:key>/"
CHECK = f"{ONE}checklist/<int:pk>/"
PAGE = f"{ONE}pages/<slug:slug>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("complexity/", plan.assess, name="api_complexity"),
    path("templates/", templates.templates, name="api_templates"),
    path("templates/<str:key>/", templates.template, name="api_template"),
    path("templates/<str:key>/export/", templates.export, name="api_template_export"),
    path("templates/<str:key>/archive/", templates.action("archive"), name="api_template_archive"),
    path("templates/<str:key>/restore/", templates.action("restore"), name="api_template_restore"),
    path("lessons/", lessons.lessons, name="api_lessons"),
    path("lessons/<int:pk>/", lessons.lesson, name="api_lesson"),
    *[
        path(f"lessons/<int:pk>/{name}/", lessons.lesson_action(name), name=f"api_lesson_{name}")
        for name in lessons.ACTIONS
    ],
    path(f"{ONE}lessons/<int:pk>/add/", lessons.add_to, name="api_lesson_add"),
    path(f"{ONE}save-as-template/", templates.save_period, name="api_save_as_template"),
    path("periods/", plan.periods, name="api_periods"),
    path(ONE, plan.period, name="api_period"),
    *[path(f"{ONE}{name}/", plan.step(name), name=f"api_period_{name}") for name in plan.STEPS],
    path(f"{ONE}journal/", plan.journal, name="api_journal"),
    path(f"{ONE}checklist/", checks.checks, name="api_checklist"),
    path(f"{ONE}checklist/bulk/", checks.bulk, name="api_checks_bulk"),
    path(f"{ONE}checklist/undo/", checks.undo, name="api_checks_undo"),
    path(f"{CHECK}", checks.check, name="api_check"),
    *[
        path(f"{CHECK}{name}/", checks.check_action(name), name=f"api_check_{name}")
        for name in checks.ACTIONS
    ],
    path(f"{ONE}pages/", pages.pages, name="api_pages"),
    path(PAGE, pages.page, name="api_page"),
    path(f"{PAGE}versions/", pages.versions, name="api_page_versions"),
    path(f"{PAGE}versions/<int:number>/", pages.version, name="api_page_version"),
    path(f"{PAGE}changes/", pages.changes, name="api_page_changes"),
    path(f"{PAGE}restore/", pages.restore, name="api_page_restore"),
    path(f"{CHECK}history/", checks.history, name="api_check_history"),
    path(f"{CHECK}junit/", checks.junit_report, name="api_check_junit"),
    path(f"{CHECK}evidence/", checks.evidence, name="api_evidence"),
    path(f"{CHECK}evidence/<int:evidence_pk>/", checks.one_evidence, name="api_one_evidence"),
    path(f"{CHECK}evidence/<int:evidence_pk>/file/", checks.evidence_file, name="api_evidence_file"),
    path(f"{ONE}rehearsals/", rehearsing.rehearsal_list, name="api_rehearsals"),
    path(f"{ONE}rehearsals/<int:pk>/stop/", rehearsing.stop, name="api_rehearsal_stop"),
    path(f"{ONE}rehearsals/<int:pk>/cancel/", rehearsing.cancel, name="api_rehearsal_cancel"),
    path(f"{ONE}go-no-go/", go.go_no_go, name="api_go_no_go"),
    path(f"{ONE}go-no-go/vote/", go.vote, name="api_vote"),
    path(f"{ONE}go-no-go/decide/", go.decide, name="api_decide"),
    path(f"{ONE}go-no-go/decisions/", go.decisions, name="api_go_decisions"),
    path(f"{ONE}go-no-go/conditions/<int:pk>/met/", go.met, name="api_condition_met"),
    path(f"{ONE}go-no-go/risks/", go.add_risk, name="api_risks"),
    path(f"{ONE}go-no-go/risks/<int:pk>/remove/", go.remove_risk, name="api_risk_remove"),
    path(f"{ONE}debriefs/", running.debrief_list, name="api_debriefs"),
    path(f"{ONE}debriefs/<int:number>/", running.debrief, name="api_debrief"),
    *[
        path(f"{ONE}debriefs/<int:number>/{name}/", running.debrief_action(name), name=f"api_debrief_{name}")
        for name in running.DEBRIEF_ACTIONS
    ],
    path(f"{ONE}actions/", running.actions, name="api_actions"),
    *[
        path(f"{ONE}actions/<int:pk>/{name}/", running.action_action(name), name=f"api_action_{name}")
        for name in running.ACTION_ACTIONS
    ],
    path(f"{ONE}exit-review/", running.exit_review, name="api_exit_review"),
    path(f"{ONE}exit-review/sign/", running.sign, name="api_sign"),
    path(f"{ONE}exit-review/criteria/<str:code>/", running.decide_criterion, name="api_criterion"),
    *[
        path(f"{ONE}exit-review/{name}/", plan.step(name, f"exit_review_{name}"), name=f"api_exit_{name}")
        for name in ("extend", "close")
    ],
]
