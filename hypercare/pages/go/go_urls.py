"""Routes of the go/no-go meeting and its decisions."""

from django.urls import URLPattern, path

from hypercare.pages.go import go_no_go

ONE = "p/<str:key>/go-no-go/"
urlpatterns: list[URLPattern] = [
    path(ONE, go_no_go.show_meeting, name="period_go"),
    path(f"{ONE}_<str:part>/", go_no_go.meeting_panel, name="go_panel"),
    path(f"{ONE}vote/", go_no_go.vote, name="go_vote"),
    path(f"{ONE}decide/", go_no_go.decide, name="go_decide"),
    path(f"{ONE}risks/", go_no_go.add_risk, name="go_add_risk"),
    path(f"{ONE}risks/<int:pk>/remove/", go_no_go.remove_risk, name="go_remove_risk"),
    path(f"{ONE}decisions/<int:pk>/", go_no_go.decision, name="go_decision"),
    path(f"{ONE}conditions/<int:pk>/", go_no_go.meet_condition, name="go_met"),
]
