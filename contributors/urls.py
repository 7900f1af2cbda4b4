"""Routes of people: coverage, readiness, shifts, and the pages behind one-tap links.

Plain names (`period_coverage`, `acknowledge`) are those other apps link to; the rest is namespaced.
"""

from django.urls import URLPattern, URLResolver, include, path

from contributors.models import Link
from contributors.views import (
    acknowledge,
    calendars,
    checks,
    contacts,
    cover,
    coverage,
    deliveries,
    people,
    planning,
    readiness,
    reading,
    rehearsing,
    shifts,
    turned_off,
)

CHECK = "p/<str:key>/readiness/checks/<int:pk>/"
namespaced: list[URLPattern | URLResolver] = [
    path("settings/contact/", contacts.page, name="contacts"),
    path("settings/contact/add/", contacts.add, name="contact_add"),
    path("settings/contact/messages/", turned_off.choose, name="choose_messages"),
    path("settings/contact/quiet/", contacts.quiet, name="contact_quiet"),
    path("settings/contact/rules/<str:urgency>/", contacts.rule, name="contact_rule"),
    path("settings/contact/<int:pk>/verify/", contacts.verify, name="contact_verify"),
    path("settings/contact/<int:pk>/resend/", contacts.resend, name="contact_resend"),
    path("settings/contact/<int:pk>/remove/", contacts.remove, name="contact_remove"),
    path("settings/contact/<int:pk>/key/", contacts.rotate, name="contact_rotate"),
    path("shifts/", shifts.mine, name="shifts"),
    path("shifts/feed/", calendars.make_feed, name="make_feed"),
    path("shifts/feed/end/", calendars.end_feed, name="end_feed"),
    path("p/<str:key>/calendars/", calendars.page, name="calendars"),
    path("p/<str:key>/calendars/<int:pk>/feed/", calendars.make_role_feed, name="make_role_feed"),
    path("p/<str:key>/calendars/<int:pk>/feed/end/", calendars.end_role_feed, name="end_role_feed"),
    path("p/<str:key>/_coverage/", coverage.panel, name="coverage_panel"),
    path("p/<str:key>/coverage/shifts/", coverage.add_shift, name="add_shift"),
    path("p/<str:key>/coverage/shifts/<int:pk>/cancel/", coverage.cancel_shift, name="cancel_shift"),
    path("p/<str:key>/coverage/shifts/<int:pk>/cover/", cover.ask_for_shift, name="ask_cover"),
    path("p/<str:key>/coverage/shifts/<int:pk>/replace/", cover.replace, name="replace_shift"),
    path("p/<str:key>/coverage/shifts/<int:pk>/take/", cover.take_now, name="take_shift"),
    path("p/<str:key>/coverage/ask/", cover.ask_for_gap, name="ask_gap"),
    path("p/<str:key>/coverage/gaps/accept/", cover.accept_gap, name="accept_gap"),
    path("p/<str:key>/coverage/gaps/<int:pk>/back/", cover.take_back_gap, name="take_back_gap"),
    path("p/<str:key>/coverage/requests/<int:pk>/<str:name>/", cover.answer, name="answer_cover"),
    path("p/<str:key>/coverage/rotations/", planning.every, name="rotations"),
    path("p/<str:key>/coverage/rotations/add/", planning.edit, name="add_rotation"),
    path("p/<str:key>/coverage/rotations/<int:pk>/", planning.edit, name="edit_rotation"),
    path("p/<str:key>/coverage/rotations/<int:pk>/end/", planning.end, name="end_rotation"),
    path("p/<str:key>/coverage/generate/", planning.generate, name="generate"),
    path("p/<str:key>/coverage/generate/<uuid:batch>/undo/", planning.undo, name="undo_roster"),
    path("p/<str:key>/coverage/roles/<int:pk>/", planning.role_cover, name="role_cover"),
    path("p/<str:key>/coverage/load/", coverage.load_page, name="load"),
    path("p/<str:key>/coverage/limits/", planning.limits, name="limits"),
    path("shifts/away/", shifts.add_absence, name="add_absence"),
    path("shifts/away/<int:pk>/back/", shifts.cancel_absence, name="cancel_absence"),
    path("deliveries/", deliveries.of_installation, name="all_deliveries"),
    path("settings/test-page/", deliveries.test_myself, name="test_myself"),
    path("p/<str:key>/deliveries/", deliveries.of_period, name="deliveries"),
    path("p/<str:key>/deliveries/test/", deliveries.test_everyone, name="test_everyone"),
    path("p/<str:key>/deliveries/<uuid:pk>/retry/", deliveries.retry, name="retry_delivery"),
    path("p/<str:key>/people/", people.people, name="people"),
    path("p/<str:key>/people/invite/", people.invite_all, name="invite_all"),
    path("p/<str:key>/people/remind/", people.remind, name="remind"),
    path("p/<str:key>/people/<int:pk>/", people.change, name="change_member"),
    path("p/<str:key>/people/<int:pk>/invite/", people.invite, name="invite"),
    path("p/<str:key>/people/<int:pk>/remove/", people.remove, name="remove_member"),
    path("p/<str:key>/_readiness/", readiness.panel, name="readiness_panel"),
    path("p/<str:key>/readiness/problems/<int:pk>/", people.reply, name="reply"),
    path("p/<str:key>/readiness/acknowledge/", acknowledge.signed_in, name="acknowledge"),
    path("p/<str:key>/readiness/checks/", checks.add_check, name="add_check"),
    path("p/<str:key>/readiness/checks/template/", checks.make_checklist, name="make_checklist"),
    path("p/<str:key>/readiness/checks/bulk/", checks.bulk, name="bulk_checks"),
    path("p/<str:key>/readiness/undo/<int:seq>/", checks.undo, name="undo_check"),
    path(CHECK, checks.check, name="check"),
    path(f"{CHECK}files/<int:evidence_pk>/", checks.evidence_file, name="evidence_file"),
    path(f"{CHECK}files/<int:evidence_pk>/remove/", checks.remove_evidence, name="remove_evidence"),
    path("p/<str:key>/readiness/rehearsals/start/", rehearsing.start, name="start_rehearsal"),
    path("p/<str:key>/readiness/rehearsals/record/", rehearsing.record, name="record_rehearsal"),
    path("p/<str:key>/readiness/rehearsals/<int:pk>/stop/", rehearsing.stop, name="stop_rehearsal"),
    path("p/<str:key>/readiness/rehearsals/<int:pk>/cancel/", rehearsing.cancel, name="cancel_rehearsal"),
    *[
        path(
            f"{CHECK}{name}/", checks.act, kwargs={"name": name}, name=f"check_{name.replace('-', '_')}",
        )
        for name in checks.ACTIONS
    ],
]  # fmt: skip

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<str:key>/coverage/", coverage.page, name="period_coverage"),
    path("p/<str:key>/readiness/", readiness.page, name="period_readiness"),
    path("a/<str:token>/", acknowledge.by_link, name="acknowledge"),
    path(
        "a/<str:token>/read/<slug:slug>/",
        reading.by_link,
        {"purpose": Link.Purpose.ACKNOWLEDGE},
        name="acknowledge_read",
    ),
    path(
        "page/<str:token>/read/<slug:slug>/",
        reading.by_link,
        {"purpose": Link.Purpose.PAGE},
        name="paged_read",
    ),
    path("cover/<str:token>/", cover.by_link, name="cover"),
    path("calendar/<str:token>.ics", calendars.calendar_feed, name="calendar_feed"),
    path("messages/<str:token>/", turned_off.by_link, name="messages_off"),
    path("", include((namespaced, "contributors"))),
]
