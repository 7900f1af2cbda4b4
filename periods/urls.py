"""Routes of debriefs and actions."""

from django.urls import URLPattern, URLResolver, path

from periods.debriefs.web import pages

ONE = "p/<str:key>/debriefs/<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<str:key>/debriefs/", pages.debrief_list, name="period_debriefs"),
    path("p/<str:key>/debriefs/new/", pages.add, name="debrief_add"),
    path(ONE, pages.debrief, name="debrief"),
    path(f"{ONE}start/", pages.start, name="debrief_start"),
    path(f"{ONE}take-over/", pages.take_over, name="debrief_take_over"),
    path(f"{ONE}write/", pages.write, name="debrief_write"),
    path(f"{ONE}decide/", pages.decide, name="debrief_decide"),
    path(f"{ONE}action/", pages.add_action, name="debrief_action"),
    path(f"{ONE}attend/", pages.attend, name="debrief_attend"),
    path(f"{ONE}finish/", pages.finish, name="debrief_finish"),
    path(f"{ONE}reschedule/", pages.reschedule, name="debrief_reschedule"),
    path(f"{ONE}skip/", pages.skip, name="debrief_skip"),
    path("p/<str:key>/actions/<int:pk>/done/", pages.finish_action, name="action_done"),
]
