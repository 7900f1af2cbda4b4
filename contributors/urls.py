"""Routes of people: coverage, readiness, shifts, and the pages behind one-tap links.

Plain names (`period_coverage`, `acknowledge`) are those other apps link to; the rest is namespaced.
"""

from django.urls import URLPattern, URLResolver, include, path

from contributors.calendars.web import absence_import_pages, import_pages, pages
from contributors.channels.push.web import browsers
from contributors.contact_points.web import pages as contacts
from contributors.handoffs.web import pages as handoffs
from contributors.messaging.web import pages as deliveries
from contributors.messaging.web import unsubscribe
from contributors.models import Link
from contributors.people.web import pages as people
from contributors.profile.web import pages as profile
from contributors.readiness.web import acknowledge, checks, readiness, reading, rehearsing
from contributors.shifts.web import coverage, planning, shifts
from contributors.swaps.web import pages as cover
from contributors.webhooks.web import pages as webhooks

CHECK = "p/<str:key>/readiness/checks/<int:pk>/"
namespaced: list[URLPattern | URLResolver] = [
    path("settings/contact/", contacts.show_contact_points, name="contacts"),
    path("settings/contact/add/", contacts.add_contact_point, name="contact_add"),
    path("settings/contact/messages/", unsubscribe.choose, name="choose_messages"),
    path("settings/contact/push/", browsers.subscribe, name="contact_push"),
    path("settings/contact/push/key/", browsers.public_key, name="push_key"),
    path("settings/contact/quiet/", contacts.quiet, name="contact_quiet"),
    path("settings/contact/rules/<str:urgency>/", contacts.rule, name="contact_rule"),
    path("settings/contact/<int:pk>/verify/", contacts.verify, name="contact_verify"),
    path("settings/contact/<int:pk>/resend/", contacts.resend, name="contact_resend"),
    path("settings/contact/<int:pk>/remove/", contacts.remove, name="contact_remove"),
    path("settings/contact/<int:pk>/key/", contacts.rotate, name="contact_rotate"),
    path("shifts/", shifts.show_my_shifts, name="shifts"),
    path("shifts/absences/import/", absence_import_pages.start, name="absences_import"),
    path("shifts/absences/imports/<uuid:pk>/", absence_import_pages.preview, name="absences_preview"),
    path("shifts/absences/imports/<uuid:pk>/undo/", absence_import_pages.undo, name="absences_undo"),
    path("shifts/feed/", pages.make_feed, name="make_feed"),
    path("shifts/feed/end/", pages.end_feed, name="end_feed"),
    path("p/<str:key>/calendars/", pages.show_calendars, name="calendars"),
    path("p/<str:key>/calendars/import/", import_pages.start, name="import_calendar"),
    path("p/<str:key>/calendars/imports/<uuid:pk>/", import_pages.preview, name="import_preview"),
    path("p/<str:key>/calendars/imports/<uuid:pk>/undo/", import_pages.undo, name="undo_import"),
    path("p/<str:key>/calendars/<int:pk>/feed/", pages.make_role_feed, name="make_role_feed"),
    path("p/<str:key>/calendars/<int:pk>/feed/end/", pages.end_role_feed, name="end_role_feed"),
    path("p/<str:key>/_coverage/", coverage.coverage_panel, name="coverage_panel"),
    path("p/<str:key>/coverage/shifts/", coverage.add_shift, name="add_shift"),
    path("p/<str:key>/coverage/shifts/<int:pk>/cancel/", coverage.cancel_shift, name="cancel_shift"),
    path("p/<str:key>/coverage/shifts/<int:pk>/cover/", cover.ask_for_shift, name="ask_cover"),
    path("p/<str:key>/coverage/shifts/<int:pk>/replace/", cover.replace, name="replace_shift"),
    path("p/<str:key>/coverage/shifts/<int:pk>/take/", cover.take_now, name="take_shift"),
    path("p/<str:key>/coverage/ask/", cover.ask_for_gap, name="ask_gap"),
    path("p/<str:key>/coverage/gaps/accept/", cover.accept_gap, name="accept_gap"),
    path("p/<str:key>/coverage/gaps/<int:pk>/back/", cover.take_back_gap, name="take_back_gap"),
    path("p/<str:key>/coverage/requests/<int:pk>/<str:name>/", cover.answer, name="answer_cover"),
    path("p/<str:key>/coverage/rotations/", planning.list_rotations, name="rotations"),
    path("p/<str:key>/coverage/rotations/add/", planning.edit, name="add_rotation"),
    path("p/<str:key>/coverage/rotations/<int:pk>/", planning.edit, name="edit_rotation"),
    path("p/<str:key>/coverage/rotations/<int:pk>/end/", planning.end, name="end_rotation"),
    path("p/<str:key>/coverage/generate/", planning.generate, name="generate"),
    path("p/<str:key>/coverage/generate/<uuid:batch>/undo/", planning.undo_roster, name="undo_roster"),
    path("p/<str:key>/coverage/roles/<int:pk>/", planning.role_cover, name="role_cover"),
    path("p/<str:key>/coverage/load/", coverage.load_page, name="load"),
    path("p/<str:key>/coverage/limits/", planning.limits, name="limits"),
    path("shifts/away/", shifts.add_absence, name="add_absence"),
    path("shifts/away/<int:pk>/back/", shifts.cancel_absence, name="cancel_absence"),
    path("p/<str:key>/handoffs/", handoffs.list_handoffs, name="handoffs"),
    path("p/<str:key>/handoffs/<int:pk>/", handoffs.note, name="handoff"),
    path("p/<str:key>/handoffs/<int:pk>/write/", handoffs.write_handoff, name="write_handoff"),
    path("p/<str:key>/handoffs/<int:pk>/accept/", handoffs.accept, name="accept_handoff"),
    path("p/<str:key>/shifts/<int:pk>/hand-over/", handoffs.begin, name="begin_handoff"),
    path("people/<int:pk>/", profile.person, name="person"),
    path("deliveries/", deliveries.of_installation, name="all_deliveries"),
    path("deliveries/<uuid:pk>/retry/", deliveries.retry_any, name="retry_any_delivery"),
    path("settings/test-page/", deliveries.test_myself, name="test_myself"),
    path("p/<str:key>/deliveries/", deliveries.of_period, name="deliveries"),
    path("p/<str:key>/deliveries/test/", deliveries.test_everyone, name="test_everyone"),
    path("p/<str:key>/deliveries/<uuid:pk>/retry/", deliveries.retry, name="retry_delivery"),
    path("p/<str:key>/webhooks/", webhooks.list_webhooks, name="webhooks"),
    path("p/<str:key>/webhooks/<int:pk>/", webhooks.show_webhook, name="webhook"),
    path("p/<str:key>/webhooks/<int:pk>/_deliveries/", webhooks.delivery_rows, name="webhook_rows"),
    path("p/<str:key>/webhooks/<int:pk>/key/", webhooks.rotate, name="webhook_key"),
    path("p/<str:key>/webhooks/<int:pk>/replay/", webhooks.replay_since, name="webhook_replay"),
    path("p/<str:key>/webhooks/<int:pk>/replay/<uuid:delivery>/", webhooks.replay, name="webhook_replay_one"),
    *[
        path(
            f"p/<str:key>/webhooks/<int:pk>/{name}/",
            webhooks.act_on_webhook,
            kwargs={"name": name},
            name=f"webhook_{name}",
        )
        for name in webhooks.ACTIONS
    ],
    path("p/<str:key>/people/", people.people, name="people"),
    path("p/<str:key>/people/invite/", people.invite_all, name="invite_all"),
    path("p/<str:key>/people/remind/", people.remind, name="remind"),
    path("p/<str:key>/people/<int:pk>/", people.change, name="change_member"),
    path("p/<str:key>/people/<int:pk>/invite/", people.invite, name="invite"),
    path("p/<str:key>/people/<int:pk>/remove/", people.remove, name="remove_member"),
    path("p/<str:key>/_readiness/", readiness.readiness_panel, name="readiness_panel"),
    path("p/<str:key>/readiness/problems/<int:pk>/", people.reply, name="reply"),
    path("p/<str:key>/readiness/acknowledge/", acknowledge.signed_in, name="acknowledge"),
    path("p/<str:key>/readiness/checks/", checks.add_check, name="add_check"),
    path("p/<str:key>/readiness/checks/template/", checks.make_checklist, name="make_checklist"),
    path("p/<str:key>/readiness/checks/bulk/", checks.bulk, name="bulk_checks"),
    path("p/<str:key>/readiness/undo/<int:seq>/", checks.undo_change, name="undo_check"),
    path(CHECK, checks.check, name="check"),
    path(f"{CHECK}files/<int:evidence_pk>/", checks.evidence_file, name="evidence_file"),
    path(f"{CHECK}files/<int:evidence_pk>/remove/", checks.remove_evidence, name="remove_evidence"),
    path("p/<str:key>/readiness/rehearsals/start/", rehearsing.start_rehearsal, name="start_rehearsal"),
    path("p/<str:key>/readiness/rehearsals/record/", rehearsing.record, name="record_rehearsal"),
    path("p/<str:key>/readiness/rehearsals/<int:pk>/stop/", rehearsing.stop, name="stop_rehearsal"),
    path("p/<str:key>/readiness/rehearsals/<int:pk>/cancel/", rehearsing.cancel, name="cancel_rehearsal"),
    *[
        path(f"{CHECK}{name}/", checks.act_on_check, kwargs={"name": name}, name=f"check_{name.replace('-', '_')}")
        for name in checks.FORMS
    ],
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<str:key>/coverage/", coverage.show_coverage, name="period_coverage"),
    path("p/<str:key>/readiness/", readiness.show_readiness, name="period_readiness"),
    path("a/<str:token>/", acknowledge.by_link, name="acknowledge"),
    path(
        "a/<str:token>/read/<slug:slug>/",
        reading.by_link,
        {"purpose": Link.Purpose.ACKNOWLEDGE},
        name="acknowledge_read",
    ),
    path("page/<str:token>/read/<slug:slug>/", reading.by_link, {"purpose": Link.Purpose.PAGE}, name="paged_read"),
    path("cover/<str:token>/", cover.by_link, name="cover"),
    path("calendar/<str:token>.ics", pages.calendar_feed, name="calendar_feed"),
    path("push-worker.js", browsers.service_worker, name="push_worker"),
    path("messages/<str:token>/", unsubscribe.by_link, name="messages_off"),
    path("handoff/<str:token>/", handoffs.by_link, name="handoff_by_link"),
    path("", include((namespaced, "contributors"))),
]
