"""REST routes of periods, mounted at /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from periods.api import pages, plan, readiness, running

ONE = "periods/<str:key>/"
PAGE = f"{ONE}pages/<slug:slug>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("complexity/", plan.assess, name="api_complexity"),
    path("templates/", plan.templates, name="api_templates"),
    path("periods/", plan.periods, name="api_periods"),
    path(ONE, plan.period, name="api_period"),
    *[path(f"{ONE}{name}/", plan.step(name), name=f"api_period_{name}") for name in plan.STEPS],
    path(f"{ONE}journal/", plan.journal, name="api_journal"),
    path(f"{ONE}checklist/", readiness.checks, name="api_checklist"),
    path(f"{ONE}checklist/<int:pk>/", readiness.check, name="api_check"),
    *[
        path(f"{ONE}checklist/<int:pk>/{name}/", readiness.check_action(name), name=f"api_check_{name}")
        for name in readiness.CHECK_ACTIONS
    ],
    path(f"{ONE}pages/", pages.pages, name="api_pages"),
    path(PAGE, pages.page, name="api_page"),
    path(f"{PAGE}versions/", pages.versions, name="api_page_versions"),
    path(f"{PAGE}versions/<int:number>/", pages.version, name="api_page_version"),
    path(f"{PAGE}changes/", pages.changes, name="api_page_changes"),
    path(f"{PAGE}restore/", pages.restore, name="api_page_restore"),
    path(f"{ONE}go-no-go/", readiness.go_no_go, name="api_go_no_go"),
    path(f"{ONE}go-no-go/vote/", readiness.vote, name="api_vote"),
    path(f"{ONE}go-no-go/decide/", readiness.decide, name="api_decide"),
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
