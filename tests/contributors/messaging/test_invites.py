"""Debriefs in people's calendars: the invitation, its update, its end, as a mail client and a calendar read them."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar

from contributors.calendars import feeds
from contributors.channels.email import transport
from contributors.messaging import rendering
from contributors.models import Delivery, Membership
from hypercare.models import User
from periods.debriefs import debriefs
from periods.journal import journal
from periods.models import Debrief, Period
from tests.factories import NOW, make_debrief, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def scene(**fields: Any) -> tuple[Period, User, Debrief]:
    period = make_period(**fields)
    anna = make_member(period, make_user("Anna Berg", timezone="Europe/Copenhagen")).user
    return period, anna, make_debrief(period, starts_at=NOW + 2 * HOUR)


def mail_to(user: User, kind: str) -> EmailMessage:
    row = Delivery.objects.filter(recipient=user, kind=kind).latest("created_at")
    sent = transport.compose_mail(row, rendering.render(row)).message().as_bytes()
    return email.message_from_bytes(sent, policy=email.policy.default)


def files(mail: EmailMessage) -> list[tuple[str, Any]]:
    """(method of the header, the calendar read back) of each attached file."""
    found = [part for part in mail.iter_attachments() if part.get_content_type() == "text/calendar"]
    return [(str(part.get_param("method")), Calendar.from_ical(part.get_content())) for part in found]


def the_event(mail: EmailMessage) -> tuple[str, Any]:
    ((method, calendar),) = files(mail)
    assert calendar["method"] == method
    (event,) = calendar.walk("VEVENT")
    return method, event


def test_a_debrief_that_moves_and_is_skipped_stays_one_event() -> None:
    period, anna, _ = scene()
    lead = period.lead
    assert lead

    added = debriefs.add(period.pk, starts_at=NOW + 5 * HOUR, by=lead, at=NOW)
    journal.dispatch_entries(at=NOW)
    invited, first = the_event(mail_to(anna, "debrief_invitation"))
    debriefs.reschedule(added.pk, starts_at=NOW + 6 * HOUR, by=lead, at=NOW)
    journal.dispatch_entries(at=NOW)
    moved, second = the_event(mail_to(anna, "debrief_moved"))
    debriefs.skip(added.pk, reason="Quiet.", by=lead, at=NOW)
    journal.dispatch_entries(at=NOW)
    ended, third = the_event(mail_to(anna, "debrief_skipped"))

    assert (invited, moved, ended) == ("REQUEST", "REQUEST", "CANCEL")
    assert {event["uid"] for event in (first, second, third)} == {feeds.debrief_uid(added.pk)}
    assert first["sequence"] == 0
    assert first["sequence"] < second["sequence"] < third["sequence"]
    assert (first.decoded("dtstart"), second.decoded("dtstart")) == (NOW + 5 * HOUR, NOW + 6 * HOUR)
    assert third["status"] == "CANCELLED"
    assert first["attendee"] == f"MAILTO:{anna.email}"
    feed = Calendar.from_ical(feeds.render_personal_feed(anna, at=NOW)).walk("VEVENT")
    assert [event["sequence"] for event in feed if event["uid"] == first["uid"]] == [third["sequence"]]


def test_one_file_stands_beside_the_text_as_well_so_that_clients_show_it() -> None:
    period, anna, _ = scene()
    assert period.lead
    debriefs.add(period.pk, starts_at=NOW + 5 * HOUR, by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)

    mail = mail_to(anna, "debrief_invitation")

    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "text/calendar",
    ]


def test_even_who_set_it_is_invited_and_a_viewer_is_not() -> None:
    period, anna, debrief = scene()
    viewer = make_member(period, make_user("Vera Viewer"), right=Membership.Right.VIEWER).user
    assert period.lead
    debriefs.reschedule(debrief.pk, starts_at=NOW + 3 * HOUR, by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)

    told = set(Delivery.objects.filter(kind="debrief_moved").values_list("recipient", flat=True))

    assert {anna.pk, period.lead.pk} <= told
    assert viewer.pk not in told


def test_debriefs_still_to_come_end_with_the_period() -> None:
    period, anna, debrief = scene()
    assert period.lead
    debriefs.skip_upcoming(period, at=NOW)
    journal.record(period, "period.rolled_back", by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)

    method, event = the_event(mail_to(anna, "period_closed"))

    assert event["sequence"] > 0
    assert (method, event["uid"]) == ("CANCEL", feeds.debrief_uid(debrief.pk))


@pytest.mark.parametrize("name", ["A\r\nATTENDEE:mailto:eve@example.test", "B\nEND:VEVENT\nBEGIN:VEVENT", "C;,:\\"])
def test_a_name_can_add_neither_an_event_nor_a_person(name: str) -> None:
    period, anna, _ = scene(name=name)
    assert period.lead
    User.objects.filter(pk=anna.pk).update(name=f'Anna" {name}')
    debriefs.add(period.pk, starts_at=NOW + 5 * HOUR, by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)

    _, event = the_event(mail_to(anna, "debrief_invitation"))

    assert event["attendee"] == f"MAILTO:{anna.email}"
    assert "\n" not in event["summary"]
