"""Routes of the incident API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from incidents import api

ONE = "incidents/<str:key>-<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("periods/<str:key>/incidents/", api.incidents, name="api_incidents"),
    path("periods/<str:key>/alert-sources/", api.sources, name="api_alert_sources"),
    path("periods/<str:key>/alert-sources/<int:pk>/", api.source, name="api_alert_source"),
    path(ONE, api.incident, name="api_incident"),
    path(f"{ONE}comment/", api.comments, name="api_incident_comment"),
    *[
        path(f"{ONE}{name}/", api.action(name), name=f"api_incident_{name.replace('-', '_')}")
        for name in api.ACTION_INPUTS
    ],
]
