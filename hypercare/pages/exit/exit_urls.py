"""Routes of the exit review."""

from django.urls import URLPattern, path

from hypercare.pages.exit import exit_review

urlpatterns: list[URLPattern] = [
    path("p/<str:key>/exit/", exit_review.exit_review, name="period_exit"),
    path("p/<str:key>/exit/open/", exit_review.open_review, name="exit_open"),
    path("p/<str:key>/exit/sign/<str:role>/", exit_review.sign, name="exit_sign"),
    path("p/<str:key>/exit/extend/", exit_review.extend, name="exit_extend"),
    path("p/<str:key>/exit/close/", exit_review.close, name="exit_close"),
    path("p/<str:key>/exit/criteria/<int:pk>/", exit_review.set_criterion, name="exit_criterion"),
    path("p/<str:key>/exit/hand-over/<int:number>/", exit_review.hand_over, name="exit_hand_over"),
]
