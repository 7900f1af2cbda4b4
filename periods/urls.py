"""Routes of debriefs and actions."""

from django.urls import URLPattern, URLResolver, path

from periods import views

ONE = "p/<str:key>/debriefs/<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<str:key>/debriefs/", views.debrief_list, name="period_debriefs"),
    path(ONE, views.debrief, name="debrief"),
    path(f"{ONE}start/", views.start, name="debrief_start"),
    path(f"{ONE}take-over/", views.take_over, name="debrief_take_over"),
    path(f"{ONE}write/", views.write, name="debrief_write"),
    path(f"{ONE}decide/", views.decide, name="debrief_decide"),
    path(f"{ONE}action/", views.add_action, name="debrief_action"),
    path(f"{ONE}attend/", views.attend, name="debrief_attend"),
    path(f"{ONE}finish/", views.finish, name="debrief_finish"),
    path(f"{ONE}skip/", views.skip, name="debrief_skip"),
    path("p/<str:key>/actions/<int:pk>/done/", views.finish_action, name="action_done"),
]
