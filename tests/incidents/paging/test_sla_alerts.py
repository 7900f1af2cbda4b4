"""The rungs an incident climbs while nobody acts, who hears of them, and what stays a fact."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.models import Timer, User
from incidents.models import Incident
from incidents.paging import sla, sla_alerts
from incidents.triage import editing, triage
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
P1, P2 = {"impact": "high", "urgency": "high"}, {"impact": "high", "urgency": "medium"}


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL", lead=make_user("Maja Lindqvist"), sponsor=make_user("Daniel Osei"))


@pytest.fixture
def tomasz(period: Period) -> User:
    person = make_user("Tomasz Wójcik")
    make_member(period, person, right="support")
    return person


def report(period: Period, **levels: str) -> Incident:
    return triage.report(period.pk, title="Invoices issued twice", by=period.lead, at=NOW, **levels)


def run_to(minutes: int, start: int = 0) -> None:
    for minute in range(start, minutes + 1):
        timers.fire_due(at=NOW + minute * MINUTE)


def told() -> list[tuple[str, str, str, int]]:
    """Rung, clock, person and minute of what was sent, in order."""
    rows = Delivery.objects.filter(kind="incident_rung").select_related("recipient")
    return [
        (row.context["rung"], row.context["clock"], row.recipient.name, int((row.intended_at - NOW) / MINUTE))
        for row in rows.order_by("created_at", "recipient__name")
    ]


def test_at_three_quarters_the_owner_and_the_lead_are_warned_once(period, tomasz):
    incident = report(period, **P2)
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + MINUTE)

    run_to(91)
    run_to(91)

    assert told() == [("soon", "update", "Maja Lindqvist", 90), ("soon", "update", "Tomasz Wójcik", 90)]


def test_a_missed_target_is_told_to_the_sponsor_too_and_stays_a_fact(period, tomasz):
    incident = report(period, **P2)

    run_to(30)
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + 31 * MINUTE)

    assert [row for row in told() if row[0] == "late"] == [
        ("late", "acknowledge", "Daniel Osei", 30),
        ("late", "acknowledge", "Maja Lindqvist", 30),
    ]
    incident.refresh_from_db()
    assert [(mark["kind"], mark["severity"]) for mark in sla.missed_deadlines(incident)] == [("acknowledge", "P2")]
    assert JournalEntry.objects.filter(kind="incident.late").count() == 1


def test_what_was_late_stays_late_after_a_lower_severity(period, tomasz):
    incident = report(period, **P1)
    run_to(16)

    triage.regrade(incident.pk, impact="high", urgency="medium", by=tomasz, at=NOW + 17 * MINUTE)
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + 18 * MINUTE)

    incident = Incident.objects.select_related("period").get()
    at = NOW + 19 * MINUTE
    assert {clock.kind: clock.state for clock in sla.clocks_of(incident, at)}["acknowledge"] == "met"
    assert sla.has_kept_promise(incident, at) is False
    assert [(mark["kind"], mark["severity"]) for mark in sla.missed_deadlines(incident)] == [("acknowledge", "P1")]


def test_a_lateness_between_two_ticks_is_noted_by_the_regrade_itself(period, tomasz):
    incident = report(period, **P1)

    triage.regrade(incident.pk, impact="low", urgency="low", by=tomasz, at=NOW + 20 * MINUTE)

    assert [mark["kind"] for mark in Incident.objects.get().marks if mark["rung"] == "late"] == ["acknowledge"]


def test_raised_when_it_is_old_it_is_late_at_once_counted_from_the_report(period, tomasz):
    incident = report(period, impact="medium", urgency="medium")
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + MINUTE)

    triage.regrade(incident.pk, **P1, by=tomasz, at=NOW + 300 * MINUTE)
    timers.fire_due(at=NOW + 300 * MINUTE)

    late = {row[1] for row in told() if row[0] == "late"}
    assert late == {"update", "mitigate"}


def test_a_p1_that_goes_on_reaches_the_sponsor_and_then_those_who_can_roll_back(period, tomasz):
    rollback = make_user("Rolf Back")
    make_member(period, rollback)
    Period.objects.filter(pk=period.pk).update(rollback_authority=rollback)
    incident = report(period, **P1)
    triage.acknowledge(incident.pk, by=tomasz, at=NOW)

    run_to(241)

    assert ("old", "age", "Daniel Osei", 120) in told()
    assert {row[2] for row in told() if row[0] == "too_old"} == {"Daniel Osei", "Maja Lindqvist"}
    assert Delivery.objects.get(kind="rollback_asked").recipient == rollback


def test_acknowledged_but_silent_it_reminds_and_then_pages_again_until_somebody_answers(period, tomasz):
    make_shift(make_role(period), tomasz)
    incident = report(period, **P1)
    run_to(1)
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + MINUTE)

    run_to(44, start=2)
    assert Delivery.objects.filter(kind="page").count() == 1
    run_to(45, start=45)
    run_to(46, start=46)

    assert Delivery.objects.filter(kind="page").count() == 2
    assert Incident.objects.get().is_wanted
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + 47 * MINUTE)
    assert not Incident.objects.get().is_wanted


def test_an_update_ends_what_was_pending_about_its_silence(period, tomasz):
    incident = report(period, **P1)
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + MINUTE)
    run_to(44, start=2)

    triage.comment(incident.pk, body="We roll forward", kind="update", by=tomasz, at=NOW + 44 * MINUTE)
    run_to(60, start=45)

    assert not any(row[0] == "silent" for row in told())
    assert not Incident.objects.get().is_wanted


def test_an_acknowledgement_takes_back_warnings_that_were_not_sent(period, tomasz):
    incident = report(period, **P1)
    run_to(12)
    assert Delivery.objects.filter(kind="incident_rung", state="due").exists()

    triage.acknowledge(incident.pk, by=tomasz, at=NOW + 13 * MINUTE)

    assert not Delivery.objects.filter(kind="incident_rung", state="due").exists()


def test_a_wish_has_no_rungs(period, tomasz):
    incident = report(period, **P1)

    editing.update_fields(incident.pk, kind="enhancement", by=tomasz, at=NOW)
    run_to(60)

    assert told() == []
    assert not Timer.objects.filter(kind="incident.rung", fired_at=None, cleared_at=None).exists()
    assert sla.clocks_of(Incident.objects.select_related("period").get(), NOW) == ()


def test_one_timer_waits_per_incident(period, tomasz):
    incident = report(period, **P2)
    triage.acknowledge(incident.pk, by=tomasz, at=NOW + MINUTE)
    triage.set_status(incident.pk, status="investigating", by=tomasz, at=NOW + 2 * MINUTE)

    waiting = Timer.objects.filter(kind="incident.rung", fired_at=None, cleared_at=None)

    assert [row.due_at for row in waiting] == [NOW + 90 * MINUTE]


def test_history_written_afterwards_is_told_to_nobody(period):
    incident = report(period, **P1)

    sla_alerts.settle_due(incident, at=NOW + 300 * MINUTE)
    run_to(301, start=300)

    assert told() == []
