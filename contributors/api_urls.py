"""Routes of the people API."""

from django.urls import URLPattern, URLResolver, path

from contributors import api

ONE = "periods/<str:key>/contributors/<int:pk>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("periods/<str:key>/contributors/", api.contributors, name="api_contributors"),
    path(ONE, api.contributor, name="api_contributor"),
    path(f"{ONE}acknowledge/", api.acknowledge, name="api_contributor_acknowledge"),
    path(f"{ONE}decline/", api.decline, name="api_contributor_decline"),
    path(f"{ONE}reply/", api.reply, name="api_contributor_reply"),
    path(f"{ONE}remind/", api.remind, name="api_contributor_remind"),
    path(f"{ONE}release/", api.release, name="api_contributor_release"),
    path("periods/<str:key>/shifts/", api.shifts, name="api_shifts"),
    path("periods/<str:key>/shifts/<int:pk>/", api.shift, name="api_shift"),
    path("periods/<str:key>/coverage/", api.coverage_of, name="api_coverage"),
    path("periods/<str:key>/on-call/", api.on_call, name="api_on_call"),
    path("me/", api.me, name="api_me"),
]
