"""Routes of the incident API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from incidents.intake.web import alert_source_api
from incidents.intake.web import api as intake_api
from incidents.paging.web import policy_api, rollback_api
from incidents.stakeholders.web import api as comms_api
from incidents.triage.web import api, bulk_api, war_room_api
from incidents.triage.web.operations import SHAPES

ONE = "incidents/<str:key>-<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("periods/<str:key>/incidents/", api.incidents, name="api_incidents"),
    path("periods/<str:key>/alert-sources/", alert_source_api.sources, name="api_alert_sources"),
    path("periods/<str:key>/alert-sources/<int:pk>/", alert_source_api.source, name="api_alert_source"),
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
    path("periods/<str:key>/status-page/renew/", comms_api.renew_link, name="api_status_page_renew"),
    path("periods/<str:key>/report-form/renew/", intake_api.renew_form, name="api_report_form_renew"),
    path(ONE, api.incident, name="api_incident"),
    path("periods/<str:key>/incidents/bulk/", bulk_api.change, name="api_incidents_bulk"),
    path("periods/<str:key>/incidents/undo/", bulk_api.undo_bulk, name="api_incidents_undo"),
    path(f"{ONE}known-error/", intake_api.from_incident, name="api_incident_known_error"),
    path(f"{ONE}comment/", api.comments, name="api_incident_comment"),
    path("periods/<str:key>/policies/", policy_api.policy, name="api_policies"),
    path("periods/<str:key>/patterns/", rollback_api.pattern, name="api_patterns"),
    path(f"{ONE}rollback/", rollback_api.rollback, name="api_incident_rollback"),
    path(f"{ONE}post-update/", war_room_api.post_update, name="api_incident_post_update"),
    path(f"{ONE}roles/", war_room_api.roles, name="api_incident_roles"),
    path(f"{ONE}tasks/", war_room_api.tasks, name="api_incident_tasks"),
    path(f"{ONE}links/", war_room_api.links, name="api_incident_links"),
    path(f"{ONE}links/<int:pk>/", war_room_api.link, name="api_incident_link"),
    path(f"{ONE}following/", war_room_api.following, name="api_incident_following"),
    *[path(f"{ONE}{name}/", api.action(name), name=f"api_incident_{name.replace('-', '_')}") for name in SHAPES],
]
