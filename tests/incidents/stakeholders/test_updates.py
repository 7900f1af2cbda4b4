"""What is said outside: notices, their updates, the promise of the next one, and the incident behind them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, TransitionRefused
from hypercare.models import User
from incidents.models import Comment, Notice
from incidents.triage import triage, war_room
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_incident, make_member, make_period, make_user
from tests.incidents.outdoors import posted

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def period(lead: User) -> Period:
    return make_period(key="BILL", lead=lead)


def reminders() -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(kind="update_promised").select_related("recipient")
    return [(row.context["how"], row.recipient.name) for row in rows.order_by("created_at", "id")]


def test_an_update_begins_a_notice_and_the_next_moves_it_on(period):
    first = posted(period, NOW, next_by=NOW + HOUR)
    second = posted(period, NOW + HOUR, notice_id=first.notice_id, state="monitoring", title="", text="Fixed.")

    notice = Notice.objects.get()
    assert (notice.title, notice.components) == ("Some invoices were sent twice", ["Billing engine"])
    assert (notice.state, notice.state_since, notice.eased_at) == ("monitoring", NOW + HOUR, NOW + HOUR)
    assert (notice.next_by, notice.resolved_at) == (None, None)
    assert [first.number, second.number] == [1, 2]
    kinds = list(JournalEntry.objects.order_by("seq").values_list("kind", "subject"))
    assert kinds == [("update.posted", notice.subject)] * 2


def test_solved_promises_nothing_more_and_ends_the_notice(period):
    first = posted(period, NOW, next_by=NOW + HOUR)

    posted(period, NOW + HOUR, notice_id=first.notice_id, state="resolved", next_by=NOW + 2 * HOUR)

    notice = Notice.objects.get()
    assert (notice.resolved_at, notice.next_by) == (NOW + HOUR, None)
    with pytest.raises(AlreadyDone, match="is solved"):
        posted(period, NOW + 2 * HOUR, notice_id=first.notice_id)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"title": ""}, "title"),
        ({"state": "gone"}, "state"),
        ({"components": ("Nobody's system",)}, "components"),
        ({"next_by": NOW}, "next_by"),
        ({"next_by": NOW + timedelta(days=15)}, "next_by"),
        ({"audience": "the moon"}, "audience"),
        ({"notice_id": 4711}, "notice"),
        ({"incident_id": 4711}, "incident"),
    ],
)
def test_words_that_cannot_stand_are_named_and_nothing_is_written(period, fields: Any, field: str):
    with pytest.raises(Invalid) as refusal:
        posted(period, NOW, **fields)

    assert list(refusal.value.errors) == [field]
    assert not Notice.objects.exists()
    assert not JournalEntry.objects.exists()


def test_a_cancelled_period_says_nothing(lead):
    with pytest.raises(TransitionRefused, match="cancelled"):
        posted(make_period("cancelled", lead=lead), NOW)


def test_the_incident_of_another_period_is_not_told_about(period, lead):
    other = make_incident(make_period(lead=lead))

    with pytest.raises(Invalid):
        posted(period, NOW, incident_id=other.pk)


def test_the_words_are_the_incident_s_stakeholder_update_too(period):
    incident = triage.report(
        period.pk, title="Annual-plan invoices issued twice", impact="medium", urgency="medium", by=period.lead, at=NOW
    )

    first = posted(period, NOW + HOUR, incident_id=incident.pk)
    posted(period, NOW + 2 * HOUR, notice_id=first.notice_id, text="We cancel the extra invoices.")

    incident.refresh_from_db()
    assert incident.last_update_at == NOW + 2 * HOUR
    said = list(Comment.objects.order_by("id").values_list("kind", "body"))
    assert said == [("update", "We are looking into it."), ("update", "We cancel the extra invoices.")]


# --- The promise --------------------------------------------------------------------------------


def test_the_lead_is_reminded_before_a_promised_time_and_once_after_it(period, lead):
    posted(period, NOW, next_by=NOW + HOUR)

    timers.fire_due(at=NOW + timedelta(minutes=49))
    assert reminders() == []
    timers.fire_due(at=NOW + timedelta(minutes=50))
    timers.fire_due(at=NOW + HOUR)
    timers.fire_due(at=NOW + 2 * HOUR)

    assert reminders() == [("near", lead.name), ("late", lead.name)]


def test_the_comms_lead_of_the_incident_is_reminded_too_until_somebody_else_is(period, lead):
    speaks, after = (make_member(period, make_user(name)).user for name in ("Kavya Nair", "Luis Ortega"))
    incident = make_incident(period, reported_at=NOW, owner=lead)
    war_room.give_part(incident.pk, part="comms", user=speaks, instead_of=None, by=lead, at=NOW)
    posted(period, NOW, next_by=NOW + HOUR, incident_id=incident.pk)

    timers.fire_due(at=NOW + timedelta(minutes=50))
    later = NOW + timedelta(minutes=55)
    war_room.give_part(incident.pk, part="comms", user=after, instead_of=speaks, by=lead, at=later)
    timers.fire_due(at=NOW + HOUR)

    assert sorted(reminders()) == sorted(
        [("near", lead.name), ("near", speaks.name), ("late", lead.name), ("late", after.name)]
    )


def test_a_word_in_time_leaves_nobody_to_remind(period):
    first = posted(period, NOW, next_by=NOW + HOUR)
    posted(period, NOW + timedelta(minutes=30), notice_id=first.notice_id)

    timers.fire_due(at=NOW + 3 * HOUR)

    assert reminders() == []


def test_after_an_outage_only_what_is_late_is_said(period, lead):
    posted(period, NOW, next_by=NOW + HOUR)

    timers.fire_due(at=NOW + 3 * HOUR)

    assert reminders() == [("late", lead.name)]
