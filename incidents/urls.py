"""Routes of incidents: lists, one incident, and what is done to it.

Plain names (`period_incidents`, `incident`) are those other apps link to; the rest is namespaced.
"""

from django.urls import URLPattern, URLResolver, include, path

from incidents.intake.web import hook, mailbox_pages
from incidents.intake.web import pages as intake
from incidents.lists.web import lists, saved
from incidents.paging.web import policy_pages
from incidents.stakeholders.web import pages, report_pages, stakeholder_report_pages, status_page
from incidents.triage.web import actions, bulk, composer, detail, page_links, problems, war_room
from incidents.triage.web.operations import FACES

ONE = "i/<str:key>-<int:number>/"

namespaced: list[URLPattern | URLResolver] = [
    path("incidents/", lists.list_across_periods, name="mine"),
    path("incidents/new/", lists.choose_where_to_log, name="log_anywhere"),
    path("p/<str:key>/_incidents/", lists.incident_rows, name="rows"),
    path("p/<str:key>/incidents/new/", lists.log, name="log"),
    path("p/<str:key>/incidents/change/", bulk.change, name="change"),
    path("p/<str:key>/incidents/policy/", policy_pages.targets, name="policy"),
    path("p/<str:key>/incidents/policy/reset/", policy_pages.reset, name="policy_reset"),
    path("p/<str:key>/incidents/policy/rollback/", policy_pages.rollback, name="policy_rollback"),
    path("p/<str:key>/incidents/pattern/", problems.pattern, name="pattern"),
    path("p/<str:key>/incidents/policy/<str:severity>/", policy_pages.ladder, name="policy_ladder"),
    path("p/<str:key>/incidents/undo/", bulk.undo_bulk, name="undo"),
    path("p/<str:key>/incidents/views/", saved.save, name="save_view"),
    path("p/<str:key>/incidents/views/<int:pk>/delete/", saved.forget, name="forget_view"),
    path(f"{ONE}_live/", detail.refresh_incident, name="live"),
    path(f"{ONE}_preview/", detail.preview, name="preview"),
    path(f"{ONE}comment/", composer.comment, name="comment"),
    path(f"{ONE}known-error/", intake.from_incident, name="known_error"),
    path(f"{ONE}files/<int:pk>/", intake.picture, name="picture"),
    path("p/<str:key>/incidents/_alike/", intake.list_look_alikes, name="alike"),
    path(f"{ONE}part/", war_room.hand_part, name="part"),
    path(f"{ONE}tasks/<int:pk>/", war_room.task, name="task_done"),
    path(f"{ONE}links/<int:pk>/remove/", war_room.remove_link, name="remove_link"),
    path(f"{ONE}unrelate/", war_room.unrelate, name="unrelate"),
    path(f"{ONE}follow/", war_room.follow, name="follow"),
    *[
        path(f"{ONE}{name}/", actions.act_on_incident, kwargs={"name": name}, name=name.replace("-", "_"))
        for name in FACES
    ],
]

inbox = path("settings/mailbox/", mailbox_pages.mailbox, name="mailbox")
communication: list[URLPattern | URLResolver] = [
    path("settings/mailbox/<int:pk>/original/", mailbox_pages.original, name="mail_original"),
    path("settings/mailbox/<int:pk>/again/", mailbox_pages.read_again, name="mail_again"),
    path("settings/mailbox/<int:pk>/aside/", mailbox_pages.set_aside, name="mail_aside"),
    path("p/<str:key>/comms/status-page/", pages.status_settings, name="settings"),
    path("p/<str:key>/comms/status-page/renew/", pages.renew_link, name="renew_link"),
    path("p/<str:key>/comms/report-form/", intake.form_settings, name="report_form"),
    path("p/<str:key>/comms/report-form/renew/", intake.renew_form, name="renew_form"),
    path("p/<str:key>/comms/reports/", stakeholder_report_pages.reports, name="reports"),
    path("p/<str:key>/comms/reports/draft/", stakeholder_report_pages.draft, name="draft_report"),
    path("p/<str:key>/comms/reports/<str:on>/", stakeholder_report_pages.report, name="report"),
    path("p/<str:key>/comms/known-errors/", intake.list_known_errors, name="known"),
    path("p/<str:key>/comms/known-errors/<int:pk>/", intake.known_one, name="known_one"),
    path("p/<str:key>/comms/known-errors/<int:pk>/end/", intake.end_known, name="end_known"),
    path("p/<str:key>/comms/subscribers/", pages.subscriber_list, name="subscribers"),
    path("p/<str:key>/comms/subscribers.csv", pages.subscriber_export, name="subscribers_csv"),
    path("p/<str:key>/comms/subscribers/<int:pk>/remove/", pages.subscriber_remove, name="subscriber_remove"),
]

outside: list[URLPattern | URLResolver] = [
    path("status/<str:slug>.json", status_page.status_json, name="status_json"),
    path("status/<str:slug>/", status_page.status_page, name="status_page"),
    path("status/<str:slug>/_now/", status_page.now_part, name="status_now"),
    path("status/<str:slug>/badge.svg", status_page.status_badge, name="status_badge"),
    path("status/<str:slug>/feed.atom", status_page.status_feed, name="status_feed"),
    path("status/<str:slug>/updates/", status_page.ask, name="status_ask"),
    path("status/<str:slug>/updates/sent/", status_page.confirm_by_mail, name="status_asked"),
    path("report/receipt/<str:token>/", report_pages.receipt, name="receipt"),
    path("report/<str:token>/", report_pages.report, name="report"),
    path("report/<str:token>/thanks/", report_pages.thanks, name="report_thanks"),
    path("report/<str:token>/data/", report_pages.data_note, name="report_data"),
    path("report/<str:token>/follow/<int:pk>/", report_pages.follow, name="report_follow"),
    path("updates/<str:token>/", status_page.subscription, name="subscription"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<str:key>/comms/", pages.comms, name="period_comms"),
    path("", include((communication, "comms"))),
    inbox,
    *outside,
    path("p/<str:key>/incidents/", lists.period_incidents, name="period_incidents"),
    path(ONE, detail.incident, name="incident"),
    path("page/<str:token>/", page_links.paged, name="paged"),
    path("page/<str:token>/_state/", page_links.page_link_panel, name="paged_state"),
    path("hooks/<str:source>/<str:token>/", hook.hook, name="hook"),
    path("", include((namespaced, "incidents"))),
]
