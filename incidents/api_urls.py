"""Routes of the incident API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from incidents.api import deciding, policies, war
from incidents.api import incidents as api
from incidents.views import comms_api, intake_api

ONE = "incidents/<str:key>-<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("periods/<str:key>/incidents/", api.incidents, name="api_incidents"),
    path("periods/<str:key>/alert-sources/", api.sources, name="api_alert_sources"),
    path("periods/<str:key>/alert-sources/<int:pk>/", api.source, name="api_alert_source"),
    path("periods/<str:key>/updates/", comms_api.update_list, name="api_updates"),
    path("periods/<str:key>/subscribers/", comms_api.subscriber_list, name="api_subscribers"),
    path("periods/<str:key>/subscribers/<int:pk>/", comms_api.subscriber, name="api_subscriber"),
    path("periods/<str:key>/report-form/", intake_api.report_form, name="api_report_form"),
    path("periods/<str:key>/known-errors/", intake_api.known_error_list, name="api_known_errors"),
    path("periods/<str:key>/known-errors/<int:pk>/", intake_api.known_error, name="api_known_error"),
    path("periods/<str:key>/stakeholder-reports/", intake_api.report_list, name="api_stakeholder_reports"),
    path("periods/<str:key>/stakeholder-reports/<str:on>/", intake_api.report, name="api_stakeholder_report"),
    path(
        "periods/<str:key>/stakeholder-reports/<str:on>/send/",
        intake_api.send_report,
        name="api_stakeholder_report_send",
    ),
    path("periods/<str:key>/status-page/", comms_api.status_page, name="api_status_page"),
    path(ONE, api.incident, name="api_incident"),
    path(f"{ONE}comment/", api.comments, name="api_incident_comment"),
    path("periods/<str:key>/policies/", policies.policy, name="api_policies"),
    path("periods/<str:key>/patterns/", deciding.pattern, name="api_patterns"),
    path(f"{ONE}rollback/", deciding.rollback, name="api_incident_rollback"),
    path(f"{ONE}roles/", war.roles, name="api_incident_roles"),
    path(f"{ONE}tasks/", war.tasks, name="api_incident_tasks"),
    path(f"{ONE}links/", war.links, name="api_incident_links"),
    path(f"{ONE}links/<int:pk>/", war.link, name="api_incident_link"),
    path(f"{ONE}following/", war.following, name="api_incident_following"),
    *[
        path(f"{ONE}{name}/", api.action(name), name=f"api_incident_{name.replace('-', '_')}")
        for name in api.ACTION_INPUTS
    ],
]
