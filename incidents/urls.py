"""Routes of incidents: lists, one incident, and what is done to it.

Plain names (`period_incidents`, `incident`) are those other apps link to; the rest is namespaced.
"""

from django.urls import URLPattern, URLResolver, include, path

from incidents.views import (
    actions,
    briefings,
    comms,
    composer,
    doable,
    hook,
    intake,
    lists,
    many,
    page,
    paged,
    pattern,
    policy,
    report,
    saved,
    status_page,
    war,
)

ONE = "i/<str:key>-<int:number>/"

namespaced: list[URLPattern | URLResolver] = [
    path("incidents/", lists.mine, name="mine"),
    path("p/<str:key>/_incidents/", lists.rows, name="rows"),
    path("p/<str:key>/incidents/new/", lists.log, name="log"),
    path("p/<str:key>/incidents/change/", many.change, name="change"),
    path("p/<str:key>/incidents/policy/", policy.targets, name="policy"),
    path("p/<str:key>/incidents/policy/reset/", policy.reset, name="policy_reset"),
    path("p/<str:key>/incidents/policy/rollback/", policy.rollback, name="policy_rollback"),
    path("p/<str:key>/incidents/pattern/", pattern.pattern, name="pattern"),
    path("p/<str:key>/incidents/policy/<str:severity>/", policy.ladder, name="policy_ladder"),
    path("p/<str:key>/incidents/undo/", many.undo, name="undo"),
    path("p/<str:key>/incidents/views/", saved.save, name="save_view"),
    path("p/<str:key>/incidents/views/<int:pk>/delete/", saved.forget, name="forget_view"),
    path(f"{ONE}_live/", page.live, name="live"),
    path(f"{ONE}_preview/", page.preview, name="preview"),
    path(f"{ONE}comment/", composer.comment, name="comment"),
    path(f"{ONE}known-error/", intake.from_incident, name="known_error"),
    path(f"{ONE}files/<int:pk>/", intake.picture, name="picture"),
    path("p/<str:key>/incidents/_alike/", intake.alike, name="alike"),
    path(f"{ONE}part/", war.part, name="part"),
    path(f"{ONE}tasks/<int:pk>/", war.task, name="task_done"),
    path(f"{ONE}links/<int:pk>/remove/", war.remove_link, name="remove_link"),
    path(f"{ONE}unrelate/", war.unrelate, name="unrelate"),
    path(f"{ONE}follow/", war.follow, name="follow"),
    *[
        path(f"{ONE}{name}/", actions.act, kwargs={"name": name}, name=name.replace("-", "_"))
        for name in doable.ACTIONS
    ],
]

mailbox = path("settings/mailbox/", intake.inbound, name="mailbox")
communication: list[URLPattern | URLResolver] = [
    path("p/<str:key>/comms/status-page/", comms.status_settings, name="settings"),
    path("p/<str:key>/comms/status-page/renew/", comms.renew_link, name="renew_link"),
    path("p/<str:key>/comms/report-form/", intake.form_settings, name="report_form"),
    path("p/<str:key>/comms/report-form/renew/", intake.renew_form, name="renew_form"),
    path("p/<str:key>/comms/reports/", briefings.reports, name="reports"),
    path("p/<str:key>/comms/reports/draft/", briefings.draft, name="draft_report"),
    path("p/<str:key>/comms/reports/<str:on>/", briefings.report, name="report"),
    path("p/<str:key>/comms/known-errors/", intake.known, name="known"),
    path("p/<str:key>/comms/known-errors/<int:pk>/", intake.known_one, name="known_one"),
    path("p/<str:key>/comms/known-errors/<int:pk>/end/", intake.end_known, name="end_known"),
    path("p/<str:key>/comms/subscribers/", comms.subscriber_list, name="subscribers"),
    path("p/<str:key>/comms/subscribers.csv", comms.subscriber_export, name="subscribers_csv"),
    path("p/<str:key>/comms/subscribers/<int:pk>/remove/", comms.subscriber_remove, name="subscriber_remove"),
]

outside: list[URLPattern | URLResolver] = [
    path("status/<str:slug>.json", status_page.status_json, name="status_json"),
    path("status/<str:slug>/", status_page.status_page, name="status_page"),
    path("status/<str:slug>/_now/", status_page.now_part, name="status_now"),
    path("status/<str:slug>/badge.svg", status_page.status_badge, name="status_badge"),
    path("status/<str:slug>/feed.atom", status_page.status_feed, name="status_feed"),
    path("status/<str:slug>/updates/", status_page.ask, name="status_ask"),
    path("status/<str:slug>/updates/sent/", status_page.asked, name="status_asked"),
    path("report/receipt/<str:token>/", report.receipt, name="receipt"),
    path("report/<str:token>/", report.report, name="report"),
    path("report/<str:token>/thanks/", report.thanks, name="report_thanks"),
    path("report/<str:token>/data/", report.data_note, name="report_data"),
    path("report/<str:token>/follow/<int:pk>/", report.follow, name="report_follow"),
    path("updates/<str:token>/", status_page.subscription, name="subscription"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<str:key>/comms/", comms.comms, name="period_comms"),
    path("", include((communication, "comms"))),
    mailbox,
    *outside,
    path("p/<str:key>/incidents/", lists.period_incidents, name="period_incidents"),
    path(ONE, page.incident, name="incident"),
    path("page/<str:token>/", paged.paged, name="paged"),
    path("page/<str:token>/_state/", paged.state, name="paged_state"),
    path("hooks/<str:source>/<str:token>/", hook.hook, name="hook"),
    path("", include((namespaced, "incidents"))),
]
