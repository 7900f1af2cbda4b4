"""Waiting for the reporter, for a retest, for a planned fix, or until later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import sla
from incidents.triage import queues, triage
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL")


@pytest.fixture
def kavya(period: Period) -> User:
    person = make_user("Kavya Nair")
    make_member(period, person, right="support")
    return person


def report(period: Period, impact: str = "high", urgency: str = "medium") -> Incident:
    return triage.report(
        period.pk, title="Invoices issued twice", impact=impact, urgency=urgency, by=period.lead, at=NOW
    )


def clock(incident: Incident, kind: str, at: object) -> str:
    found = Incident.objects.select_related("period").get(pk=incident.pk)
    return next(one.state for one in sla.clocks_of(found, at) if one.kind == kind)


def test_waiting_for_the_reporter_holds_restoring_but_not_the_update(period, kavya):
    incident = report(period)
    queues.enter_queue(incident.pk, queue="returned", note="Which invoice?", by=kavya, at=NOW + HOUR)

    day_later = NOW + 24 * HOUR
    assert (clock(incident, "mitigate", day_later), clock(incident, "resolve", day_later)) == ("paused", "paused")
    assert clock(incident, "update", day_later) == "late"


def test_after_the_answer_the_wait_is_left_out_of_the_deadline(period, kavya):
    incident = report(period)
    queues.enter_queue(incident.pk, queue="returned", note="Which invoice?", by=kavya, at=NOW + HOUR)
    incident = queues.end_wait(incident.pk, by=kavya, at=NOW + 6 * HOUR)

    mitigate = next(one for one in sla.clocks_of(incident, NOW + 6 * HOUR) if one.kind == "mitigate")
    assert mitigate.due_at == NOW + 13 * HOUR
    assert incident.pauses == [[(NOW + HOUR).isoformat(), (NOW + 6 * HOUR).isoformat()]]
    entry = JournalEntry.objects.filter(kind="incident.queued").latest("seq")
    assert (entry.data["before"], entry.data["after"], entry.data["waited_s"]) == ("returned", "", 5 * 3600)


@pytest.mark.parametrize("queue", ["retest", "planned_fix"])
def test_the_other_queues_hold_no_clock_and_say_since_when(period, kavya, queue):
    incident = queues.enter_queue(report(period).pk, queue=queue, by=kavya, at=NOW + HOUR)

    assert (incident.queue, incident.queued_at, incident.pauses) == (queue, NOW + HOUR, [])


def test_queueing_a_new_incident_takes_it(period, kavya):
    incident = queues.enter_queue(report(period).pk, queue="retest", by=kavya, at=NOW)
    assert (incident.status, incident.acknowledged_by, incident.owner) == ("acknowledged", kavya, kavya)


def test_another_note_does_not_make_the_wait_younger(period, kavya):
    incident = report(period)
    queues.enter_queue(incident.pk, queue="planned_fix", note="Friday", by=kavya, at=NOW)
    incident = queues.enter_queue(incident.pk, queue="planned_fix", note="Monday", by=kavya, at=NOW + HOUR)
    assert (incident.queue_note, incident.queued_at) == ("Monday", NOW)


def test_the_same_again_is_refused_and_so_is_a_return_without_a_question(period, kavya):
    incident = queues.enter_queue(report(period).pk, queue="retest", by=kavya, at=NOW)
    with pytest.raises(AlreadyDone, match="in retest already"):
        queues.enter_queue(incident.pk, queue="retest", by=kavya, at=NOW)
    with pytest.raises(Invalid, match="what the reporter is to answer"):
        queues.enter_queue(incident.pk, queue="returned", by=kavya, at=NOW)
    with pytest.raises(Invalid):
        queues.enter_queue(incident.pk, queue="limbo", by=kavya, at=NOW)


def test_resolving_ends_every_wait(period, kavya):
    incident = report(period)
    queues.enter_queue(incident.pk, queue="returned", note="Which?", by=kavya, at=NOW)
    incident = triage.resolve(incident.pk, ending="fixed", resolution="Gone", by=kavya, at=NOW + HOUR)
    assert (incident.queue, incident.queued_at) == ("", None)
    assert incident.pauses == [[NOW.isoformat(), (NOW + HOUR).isoformat()]]


def test_a_snoozed_incident_wakes_by_itself_and_its_owner_hears(period, kavya):
    incident = report(period, "low", "low")
    triage.assign(incident.pk, owner=kavya, by=kavya, at=NOW)
    queues.snooze_until(incident.pk, until=NOW + 3 * HOUR, by=kavya, at=NOW)

    timers.fire_due(at=NOW + 2 * HOUR)
    assert Incident.objects.get().snoozed_until == NOW + 3 * HOUR
    timers.fire_due(at=NOW + 3 * HOUR)

    assert Incident.objects.get().snoozed_until is None
    message = Delivery.objects.get(kind="incident_rung")
    assert (message.recipient, message.context["rung"]) == (kavya, "woken")
    assert JournalEntry.objects.filter(kind="incident.woken").count() == 1


def test_snoozing_again_moves_the_waking(period, kavya):
    incident = report(period, "low", "low")
    queues.snooze_until(incident.pk, until=NOW + HOUR, by=kavya, at=NOW)
    queues.snooze_until(incident.pk, until=NOW + 5 * HOUR, by=kavya, at=NOW)

    timers.fire_due(at=NOW + 2 * HOUR)

    assert Incident.objects.get().snoozed_until == NOW + 5 * HOUR


def test_a_higher_severity_wakes_it(period, kavya):
    incident = report(period, "low", "low")
    queues.snooze_until(incident.pk, until=NOW + HOUR, by=kavya, at=NOW)
    incident = triage.regrade(incident.pk, impact="high", urgency="medium", by=kavya, at=NOW)
    assert incident.snoozed_until is None


def test_what_hurts_most_can_not_be_snoozed(period, kavya):
    with pytest.raises(Refused, match="P1"):
        queues.snooze_until(report(period, "high", "high").pk, until=NOW + HOUR, by=kavya, at=NOW)
    with pytest.raises(Refused, match="Acknowledge it first"):
        queues.snooze_until(report(period).pk, until=NOW + HOUR, by=kavya, at=NOW)


@pytest.mark.parametrize("until", [NOW - HOUR, NOW, NOW + 15 * 24 * HOUR])
def test_a_snooze_ends_in_the_future_within_a_fortnight(period, kavya, until):
    with pytest.raises(Invalid, match="at the latest"):
        queues.snooze_until(report(period, "low", "low").pk, until=until, by=kavya, at=NOW)
