"""Routes of the people API."""

from django.urls import URLPattern, URLResolver, path

from contributors import api
from contributors.views import (
    absence_api,
    calendar_api,
    delivery_api,
    duty_api,
    handoff_api,
    me_api,
    planning_api,
    webhook_api,
)

IMPORTS = "periods/<str:key>/calendars/imports/"
AWAY = "me/absences/imports/"
HOOK = "periods/<str:key>/webhooks/<int:pk>/"
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
    path("periods/<str:key>/rotations/", duty_api.rotations, name="api_rotations"),
    path("periods/<str:key>/rotations/<int:pk>/", duty_api.rotation, name="api_rotation"),
    path("periods/<str:key>/cover-requests/", duty_api.cover_requests, name="api_cover_requests"),
    path("periods/<str:key>/cover-requests/<int:pk>/", duty_api.cover_request, name="api_cover_request"),
    *[
        path(
            f"periods/<str:key>/cover-requests/<int:pk>/{name}/", duty_api.answer, kwargs={"name": name},
            name=f"api_cover_{name}",
        )
        for name in duty_api.ANSWERS
    ],
    path("periods/<str:key>/coverage/", api.coverage_of, name="api_coverage"),
    path("periods/<str:key>/coverage/accepted-gaps/", planning_api.accepted_gaps, name="api_accepted_gaps"),
    path("periods/<str:key>/coverage/accepted-gaps/<int:pk>/", planning_api.accepted_gap, name="api_accepted_gap"),
    path("periods/<str:key>/duty-roles/", planning_api.duty_roles, name="api_duty_roles"),
    path("periods/<str:key>/duty-roles/<int:pk>/", planning_api.duty_role, name="api_duty_role"),
    path("periods/<str:key>/fatigue-limits/", planning_api.limits, name="api_fatigue_limits"),
    path("periods/<str:key>/roster-proposal/", planning_api.proposed, name="api_roster_proposal"),
    path("periods/<str:key>/roster-proposal/accept/", planning_api.accept_roster, name="api_roster_accept"),
    path("periods/<str:key>/roster-proposal/<uuid:batch>/undo/", planning_api.undo_roster, name="api_roster_undo"),
    path("periods/<str:key>/on-call/", api.on_call, name="api_on_call"),
    path("periods/<str:key>/calendars/", calendar_api.calendars, name="api_calendars"),
    path("periods/<str:key>/calendars/<int:pk>/", calendar_api.calendar, name="api_calendar"),
    path(IMPORTS, calendar_api.start, name="api_calendar_imports"),
    path(f"{IMPORTS}<uuid:pk>/", calendar_api.read, name="api_calendar_import"),
    path(f"{IMPORTS}<uuid:pk>/people/", calendar_api.people, name="api_calendar_import_people"),
    path(f"{IMPORTS}<uuid:pk>/accept/", calendar_api.accept, name="api_calendar_import_accept"),
    path(f"{IMPORTS}<uuid:pk>/undo/", calendar_api.undo, name="api_calendar_import_undo"),
    path("periods/<str:key>/handoffs/", handoff_api.listing, name="api_handoffs"),
    path("periods/<str:key>/handoffs/<int:pk>/", handoff_api.one, name="api_handoff"),
    path("periods/<str:key>/handoffs/<int:pk>/write/", handoff_api.write, name="api_handoff_write"),
    path("periods/<str:key>/handoffs/<int:pk>/accept/", handoff_api.accept, name="api_handoff_accept"),
    path("periods/<str:key>/deliveries/", delivery_api.listing, name="api_deliveries"),
    path("periods/<str:key>/deliveries/test/", delivery_api.test_everyone, name="api_deliveries_test"),
    path("periods/<str:key>/deliveries/<uuid:pk>/retry/", delivery_api.retry, name="api_delivery_retry"),
    path("periods/<str:key>/webhooks/", webhook_api.hooks, name="api_webhooks"),
    path(HOOK, webhook_api.hook, name="api_webhook"),
    path(f"{HOOK}rotate-key/", webhook_api.rotate_key, name="api_webhook_rotate_key"),
    path(f"{HOOK}test/", webhook_api.send_test, name="api_webhook_test"),
    path(f"{HOOK}turn-off/", webhook_api.turn_off, name="api_webhook_turn_off"),
    path(f"{HOOK}turn-on/", webhook_api.turn_on, name="api_webhook_turn_on"),
    path(f"{HOOK}remove/", webhook_api.remove, name="api_webhook_remove"),
    path(f"{HOOK}replay/", webhook_api.replay_since, name="api_webhook_replay"),
    path(f"{HOOK}deliveries/", webhook_api.deliveries, name="api_webhook_deliveries"),
    path(f"{HOOK}deliveries/<uuid:delivery>/replay/", webhook_api.replay, name="api_webhook_replay_one"),
    path("me/", api.me, name="api_me"),
    path("me/contact-points/", me_api.points, name="api_contact_points"),
    path("me/contact-points/<int:pk>/verify/", me_api.verify, name="api_contact_verify"),
    path("me/contact-points/<int:pk>/resend/", me_api.resend, name="api_contact_resend"),
    path("me/contact-points/<int:pk>/remove/", me_api.remove, name="api_contact_remove"),
    path("me/contact-points/<int:pk>/rotate-key/", me_api.rotate_key, name="api_contact_rotate_key"),
    path("me/contact-rules/", me_api.rules, name="api_contact_rules"),
    path("me/contact-rules/<str:urgency>/", me_api.rule, name="api_contact_rule"),
    path("me/messages/", me_api.my_messages, name="api_my_messages"),
    path("me/absences/", absence_api.mine, name="api_absences"),
    path("me/absences/<int:pk>/", absence_api.one, name="api_absence"),
    path("me/absences/imports/", absence_api.start, name="api_absence_imports"),
    path(f"{AWAY}<uuid:pk>/", absence_api.read, name="api_absence_import"),
    path(f"{AWAY}<uuid:pk>/accept/", absence_api.accept, name="api_absence_import_accept"),
    path(f"{AWAY}<uuid:pk>/undo/", absence_api.undo, name="api_absence_import_undo"),
    path("me/test-page/", delivery_api.test_me, name="api_my_test_page"),
    path("me/quiet-hours/", me_api.quiet_hours, name="api_quiet_hours"),
]  # fmt: skip
