"""REST routes of periods, mounted at /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from periods.checklist.web import api, rehearsal_api
from periods.checklist.web.operations import CHECKS
from periods.debriefs.web import api as debriefs_api
from periods.debriefs.web.operations import DEBRIEFS
from periods.documents.web import api as pages
from periods.exit.web import api as exit_api
from periods.go.web import api as go
from periods.lessons.web import api as lessons
from periods.planning.web import api as plan
from periods.planning.web import scoring_api, template_api
from periods.planning.web.operations import STEPS

ONE = "periods/<str:key>/"
CHECK = f"{ONE}checklist/<int:pk>/"
PAGE = f"{ONE}pages/<slug:slug>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("complexity/", plan.assess, name="api_complexity"),
    path("templates/", template_api.templates, name="api_templates"),
    path("templates/<str:key>/", template_api.template, name="api_template"),
    path("templates/<str:key>/export/", template_api.export, name="api_template_export"),
    path("templates/<str:key>/archive/", template_api.action("archive"), name="api_template_archive"),
    path("templates/<str:key>/restore/", template_api.action("restore"), name="api_template_restore"),
    path("scoring-models/", scoring_api.models, name="api_scoring_models"),
    path("scoring-models/<int:version>/", scoring_api.model, name="api_scoring_model"),
    path("scoring-models/<int:version>/use/", scoring_api.use, name="api_scoring_use"),
    path("lessons/", lessons.lessons, name="api_lessons"),
    path("lessons/<int:pk>/", lessons.lesson, name="api_lesson"),
    *[
        path(f"lessons/<int:pk>/{name}/", lessons.lesson_action(name), name=f"api_lesson_{name}")
        for name in lessons.ACTIONS
    ],
    path(f"{ONE}lessons/<int:pk>/add/", lessons.add_to, name="api_lesson_add"),
    path(f"{ONE}save-as-template/", template_api.save_period, name="api_save_as_template"),
    path("periods/", plan.periods, name="api_periods"),
    path(ONE, plan.period, name="api_period"),
    *[path(f"{ONE}{name}/", plan.step(name), name=f"api_period_{name}") for name in STEPS],
    path(f"{ONE}journal/", plan.journal, name="api_journal"),
    path(f"{ONE}checklist/", api.checks, name="api_checklist"),
    path(f"{ONE}checklist/make/", api.make, name="api_checklist_make"),
    path(f"{ONE}checklist/bulk/", api.bulk, name="api_checks_bulk"),
    path(f"{ONE}checklist/undo/", api.undo, name="api_checks_undo"),
    path(f"{CHECK}", api.check, name="api_check"),
    *[
        path(f"{CHECK}{name}/", api.check_action(name), name=f"api_check_{name}")
        for name, row in CHECKS.items()
        if row.shape
    ],
    path(f"{ONE}pages/", pages.pages, name="api_pages"),
    path(PAGE, pages.document, name="api_page"),
    path(f"{PAGE}versions/", pages.versions, name="api_page_versions"),
    path(f"{PAGE}versions/<int:number>/", pages.version, name="api_page_version"),
    path(f"{PAGE}changes/", pages.changes, name="api_page_changes"),
    path(f"{PAGE}restore/", pages.restore, name="api_page_restore"),
    path(f"{CHECK}history/", api.history, name="api_check_history"),
    path(f"{CHECK}junit/", api.junit_report, name="api_check_junit"),
    path(f"{CHECK}evidence/", api.evidence, name="api_evidence"),
    path(f"{CHECK}evidence/<int:evidence_pk>/", api.one_evidence, name="api_one_evidence"),
    path(f"{CHECK}evidence/<int:evidence_pk>/file/", api.evidence_file, name="api_evidence_file"),
    path(f"{ONE}rehearsals/", rehearsal_api.rehearsal_list, name="api_rehearsals"),
    path(f"{ONE}rehearsals/<int:pk>/stop/", rehearsal_api.stop, name="api_rehearsal_stop"),
    path(f"{ONE}rehearsals/<int:pk>/cancel/", rehearsal_api.cancel, name="api_rehearsal_cancel"),
    path(f"{ONE}go-no-go/", go.go_no_go, name="api_go_no_go"),
    path(f"{ONE}go-no-go/vote/", go.vote, name="api_vote"),
    path(f"{ONE}go-no-go/decide/", go.decide, name="api_decide"),
    path(f"{ONE}go-no-go/decisions/", go.decisions, name="api_go_decisions"),
    path(f"{ONE}go-no-go/conditions/<int:pk>/met/", go.meet_condition, name="api_condition_met"),
    path(f"{ONE}go-no-go/risks/", go.add_risk, name="api_risks"),
    path(f"{ONE}go-no-go/risks/<int:pk>/remove/", go.remove_risk, name="api_risk_remove"),
    path(f"{ONE}debriefs/", debriefs_api.debrief_list, name="api_debriefs"),
    path(f"{ONE}debriefs/<int:number>/", debriefs_api.debrief, name="api_debrief"),
    *[
        path(f"{ONE}debriefs/<int:number>/{name}/", debriefs_api.debrief_action(name), name=f"api_debrief_{name}")
        for name, row in DEBRIEFS.items()
        if row.shape
    ],
    path(f"{ONE}actions/", debriefs_api.actions, name="api_actions"),
    *[
        path(f"{ONE}actions/<int:pk>/{name}/", debriefs_api.action_action(name), name=f"api_action_{name}")
        for name in ("done", "reopen")
    ],
    path(f"{ONE}exit-review/", exit_api.exit_review, name="api_exit_review"),
    path(f"{ONE}exit-review/sign/", exit_api.sign, name="api_sign"),
    path(f"{ONE}exit-review/criteria/<str:code>/", exit_api.decide_criterion, name="api_criterion"),
    *[
        path(f"{ONE}exit-review/{name}/", plan.step(name, f"exit_review_{name}"), name=f"api_exit_{name}")
        for name in ("extend", "close")
    ],
]
