"""Routes of the people API."""

from django.urls import URLPattern, URLResolver, path

from contributors.calendars.web import api as calendar_api
from contributors.contact_points.web import api as me_api
from contributors.handoffs.web import api as handoff_api
from contributors.messaging.web import api as delivery_api
from contributors.people.web import api
from contributors.profile.web import api as profile_api
from contributors.readiness.web import api as readiness_api
from contributors.shifts.web import absence_api, planning_api, rotation_api, shift_api
from contributors.swaps.web import api as cover_api
from contributors.swaps.web.operations import COVER_ANSWERS
from contributors.webhooks.web import api as webhook_api

IMPORTS = "periods/<str:key>/calendars/imports/"
AWAY = "me/absences/imports/"
HOOK = "periods/<str:key>/webhooks/<int:pk>/"
ONE = "periods/<str:key>/contributors/<int:pk>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("periods/<str:key>/contributors/", api.contributors, name="api_contributors"),
    path("periods/<str:key>/contributors/invite/", api.invite_all, name="api_contributors_invite"),
    path("periods/<str:key>/contributors/remind/", api.remind_all, name="api_contributors_remind"),
    path("periods/<str:key>/contributors/earlier/", api.earlier_people, name="api_contributors_earlier"),
    path(ONE, api.contributor, name="api_contributor"),
    path(f"{ONE}acknowledge/", readiness_api.acknowledge, name="api_contributor_acknowledge"),
    path(f"{ONE}decline/", readiness_api.decline, name="api_contributor_decline"),
    path(f"{ONE}reply/", readiness_api.reply, name="api_contributor_reply"),
    path(f"{ONE}remind/", api.remind, name="api_contributor_remind"),
    path(f"{ONE}release/", api.release, name="api_contributor_release"),
    path("periods/<str:key>/shifts/", shift_api.shifts, name="api_shifts"),
    path("periods/<str:key>/shifts/<int:pk>/", shift_api.shift, name="api_shift"),
    path("periods/<str:key>/shifts/<int:pk>/replace/", shift_api.replace, name="api_shift_replace"),
    path("periods/<str:key>/shifts/<int:pk>/take/", shift_api.take, name="api_shift_take"),
    path("periods/<str:key>/shifts/<int:pk>/hand-over/", handoff_api.begin, name="api_shift_hand_over"),
    path("periods/<str:key>/rotations/", rotation_api.rotations, name="api_rotations"),
    path("periods/<str:key>/rotations/<int:pk>/", rotation_api.rotation, name="api_rotation"),
    path("periods/<str:key>/cover-requests/", cover_api.cover_requests, name="api_cover_requests"),
    path("periods/<str:key>/cover-requests/<int:pk>/", cover_api.cover_request, name="api_cover_request"),
    *[
        path(
            f"periods/<str:key>/cover-requests/<int:pk>/{name}/",
            cover_api.answer,
            kwargs={"name": name},
            name=f"api_cover_{name}",
        )
        for name in COVER_ANSWERS
    ],
    path("periods/<str:key>/coverage/", shift_api.coverage_of, name="api_coverage"),
    path("periods/<str:key>/coverage/accepted-gaps/", planning_api.accepted_gaps, name="api_accepted_gaps"),
    path("periods/<str:key>/coverage/accepted-gaps/<int:pk>/", planning_api.accepted_gap, name="api_accepted_gap"),
    path("periods/<str:key>/duty-roles/", planning_api.duty_roles, name="api_duty_roles"),
    path("periods/<str:key>/duty-roles/suggested/", planning_api.suggested_roles, name="api_duty_roles_suggested"),
    path("periods/<str:key>/duty-roles/<int:pk>/", planning_api.duty_role, name="api_duty_role"),
    path("periods/<str:key>/fatigue-limits/", planning_api.limits, name="api_fatigue_limits"),
    path("periods/<str:key>/roster-proposal/", planning_api.proposed, name="api_roster_proposal"),
    path("periods/<str:key>/roster-proposal/accept/", planning_api.accept_roster, name="api_roster_accept"),
    path("periods/<str:key>/roster-proposal/<uuid:batch>/undo/", planning_api.undo_roster, name="api_roster_undo"),
    path("periods/<str:key>/on-call/", shift_api.on_call, name="api_on_call"),
    path("periods/<str:key>/calendars/", calendar_api.calendars, name="api_calendars"),
    path("periods/<str:key>/calendars/<int:pk>/", calendar_api.calendar, name="api_calendar"),
    path(IMPORTS, calendar_api.start, name="api_calendar_imports"),
    path(f"{IMPORTS}<uuid:pk>/", calendar_api.read, name="api_calendar_import"),
    path(f"{IMPORTS}<uuid:pk>/people/", calendar_api.people, name="api_calendar_import_people"),
    path(f"{IMPORTS}<uuid:pk>/accept/", calendar_api.accept, name="api_calendar_import_accept"),
    path(f"{IMPORTS}<uuid:pk>/undo/", calendar_api.undo, name="api_calendar_import_undo"),
    path("periods/<str:key>/handoffs/", handoff_api.list_handoffs, name="api_handoffs"),
    path("periods/<str:key>/handoffs/<int:pk>/", handoff_api.show_handoff, name="api_handoff"),
    path("periods/<str:key>/handoffs/<int:pk>/write/", handoff_api.write_handoff, name="api_handoff_write"),
    path("periods/<str:key>/handoffs/<int:pk>/accept/", handoff_api.accept, name="api_handoff_accept"),
    path("periods/<str:key>/deliveries/", delivery_api.list_deliveries, name="api_deliveries"),
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
    path("me/", profile_api.show_my_duties, name="api_me"),
    path("me/contact-points/", me_api.points, name="api_contact_points"),
    path("me/contact-points/<int:pk>/verify/", me_api.verify, name="api_contact_verify"),
    path("me/contact-points/<int:pk>/resend/", me_api.resend, name="api_contact_resend"),
    path("me/contact-points/<int:pk>/remove/", me_api.remove, name="api_contact_remove"),
    path("me/contact-points/<int:pk>/rotate-key/", me_api.rotate_key, name="api_contact_rotate_key"),
    path("me/contact-rules/", me_api.rules, name="api_contact_rules"),
    path("me/contact-rules/<str:urgency>/", me_api.rule, name="api_contact_rule"),
    path("me/messages/", me_api.my_messages, name="api_my_messages"),
    path("me/absences/", absence_api.list_absences, name="api_absences"),
    path("me/absences/<int:pk>/", absence_api.end_absence, name="api_absence"),
    path("me/absences/imports/", absence_api.start_import, name="api_absence_imports"),
    path(f"{AWAY}<uuid:pk>/", absence_api.show_import, name="api_absence_import"),
    path(f"{AWAY}<uuid:pk>/accept/", absence_api.accept, name="api_absence_import_accept"),
    path(f"{AWAY}<uuid:pk>/undo/", absence_api.undo_import, name="api_absence_import_undo"),
    path("me/test-page/", delivery_api.test_me, name="api_my_test_page"),
    path("me/quiet-hours/", me_api.quiet_hours, name="api_quiet_hours"),
]
