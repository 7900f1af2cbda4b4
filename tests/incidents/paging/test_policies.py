"""What a period promises: targets, covered hours, ladders; who a step means, and which steps reach nobody."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from contributors.models import Delivery
from contributors.shifts import rotation_store
from hypercare.engine import timers
from hypercare.exceptions import Invalid
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation, escalation_policies, escalation_targets, sla, sla_clock
from incidents.paging.escalation_policies import EscalationLadder, EscalationStep
from incidents.paging.sla_clock import CoveredHours, SlaTarget
from incidents.triage import triage
from periods.models import Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
EVERY_DAY = tuple(range(7))
MINUTE = timedelta(minutes=1)


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


# --- Covered hours, by table: when a P2's four hours of covered time are over ---------------------


@pytest.mark.parametrize(
    ("covered", "since", "due"),
    [
        (None, utc(18, 13), utc(18, 17)),  # around the clock
        (CoveredHours(EVERY_DAY, time(8), time(20)), utc(18, 13), utc(18, 17)),
        (CoveredHours(EVERY_DAY, time(8), time(20)), utc(18, 18), utc(19, 10)),  # 19:00 local: 1 h today, 3 tomorrow
        (CoveredHours((0, 1, 2, 3, 4), time(8), time(20)), utc(20, 18), utc(23, 10)),  # Friday to Monday
        (
            CoveredHours((0, 1, 2, 3, 4), time(8), time(20)),
            utc(24, 18, month=12),
            utc(28, 10, month=12),
        ),  # over Christmas
        (CoveredHours(EVERY_DAY, time(8), time(20), on_holidays=True), utc(24, 18, month=12), utc(25, 10, month=12)),
        (CoveredHours(EVERY_DAY, time(22), time(6)), utc(18, 13), utc(19, 1)),  # at night, past midnight
        (CoveredHours(EVERY_DAY, time(0), time(0)), utc(18, 22), utc(19, 2)),  # closing at midnight is all day
        (
            CoveredHours(EVERY_DAY, time(0), time(6)),
            utc(24, 22, month=10),
            utc(25, 2, month=10),
        ),  # clocks go back: 5 h by 04:00
    ],
)
def test_covered_hours_count_on_the_wall_of_the_period(covered, since, due):
    targets = {"P2": {"mitigate": SlaTarget(4 * 3600, "covered")}}
    holidays = {datetime(2026, 12, 25, tzinfo=UTC).date()}

    found = sla_clock.due_at(
        "P2", "mitigate", since=since, zone=COPENHAGEN, holidays=holidays, targets=targets, covered=covered
    )

    assert found == due


# --- Targets of a period --------------------------------------------------------------------------


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL", lead=make_user("Maja Lindqvist"), sponsor=make_user("Daniel Osei"))


def report(period: Period) -> Incident:
    return triage.report(
        period.pk, title="Invoices issued twice", impact="high", urgency="high", by=period.lead, at=NOW
    )


def test_a_period_may_promise_other_times_and_open_incidents_follow(period: Period):
    incident = report(period)
    table = {**sla_clock.TARGETS, "P1": {**sla_clock.TARGETS["P1"], "acknowledge": SlaTarget(300)}}

    escalation_policies.set_targets(period.pk, targets=table, covered=None, by=period.lead, at=NOW)

    found = Incident.objects.select_related("period").get(pk=incident.pk)
    ack = sla.clocks_of(found, NOW)[0]
    assert ack.due_at == NOW + 5 * MINUTE
    escalation_policies.reset_policy(period.pk, by=period.lead, at=NOW)
    assert escalation_policies.policy_of(Period.objects.get(pk=period.pk)) == escalation_policies.DEFAULT


@pytest.mark.parametrize("target", [SlaTarget(0), SlaTarget(59), SlaTarget(61 * 86400), SlaTarget(600, "lunar")])
def test_a_target_nobody_could_mean_is_refused(period: Period, target: SlaTarget):
    table = {**sla_clock.TARGETS, "P1": {**sla_clock.TARGETS["P1"], "update": target}}
    with pytest.raises(Invalid) as refusal:
        escalation_policies.set_targets(period.pk, targets=table, covered=None, by=period.lead, at=NOW)
    assert set(refusal.value.errors) == {"P1_update"}


# --- Ladders --------------------------------------------------------------------------------------


def pages() -> list[tuple[str, int]]:
    rows = Delivery.objects.filter(kind="page").select_related("recipient").order_by("created_at", "recipient__name")
    return [(row.recipient.name, int((row.created_at - NOW) / MINUTE)) for row in rows]


def run_to(minutes: int) -> None:
    for minute in range(minutes + 1):
        timers.fire_due(at=NOW + minute * MINUTE)


def put(period: Period, *steps: EscalationStep, answers: int = 1, repeat: int = 0) -> None:
    ladder = EscalationLadder(steps, answers, repeat)
    escalation_policies.set_ladder(period.pk, severity="P1", ladder=ladder, by=period.lead, at=NOW)


def member(period: Period, name: str, **fields: object) -> User:
    return make_member(period, make_user(name), right="support", **fields).user


def test_everybody_of_a_role_a_person_and_one_in_turn_can_be_paged(period: Period):
    support = make_role(period, "Support")
    kavya, _arjun = member(period, "Kavya Nair", role=support), member(period, "Arjun Mehta", role=support)
    put(
        period,
        EscalationStep("everyone", 0, role=support.pk),
        EscalationStep("person", 2, person=kavya.pk),
        EscalationStep("round_robin", 4, role=support.pk),
    )

    report(period)
    run_to(8)

    assert pages() == [("Arjun Mehta", 0), ("Kavya Nair", 0), ("Kavya Nair", 2), ("Arjun Mehta", 4)]


def test_a_ladder_that_repeats_starts_again_until_somebody_answers(period: Period):
    put(period, EscalationStep("lead", 0), EscalationStep("sponsor", 5), repeat=1)

    incident = report(period)
    run_to(12)
    triage.acknowledge(incident.pk, by=period.lead, at=NOW + 12 * MINUTE)
    run_to(40)

    assert pages() == [("Maja Lindqvist", 0), ("Daniel Osei", 5), ("Maja Lindqvist", 10)]


def test_paging_goes_on_until_as_many_answered_as_the_policy_asks(period: Period):
    put(period, EscalationStep("lead", 0), EscalationStep("sponsor", 5), answers=2)
    incident = report(period)
    run_to(1)

    triage.acknowledge(incident.pk, by=period.lead, at=NOW + 2 * MINUTE)
    incident = Incident.objects.select_related("period").get()
    assert (incident.status, escalation.count_answers_missing(incident)) == ("acknowledged", 1)
    run_to(6)
    assert pages()[-1] == ("Daniel Osei", 5)
    triage.acknowledge(incident.pk, by=period.sponsor, at=NOW + 7 * MINUTE)

    assert not Incident.objects.get().is_wanted


def test_the_incident_commander_is_paged_beside_the_lead_where_there_is_one(period: Period):
    commander = make_role(period, "Incident commander", code="IC")
    priya = member(period, "Priya Raman")
    make_shift(commander, priya)

    steps = escalation_targets.ladder_for_severity(period, "P1").steps

    assert [(step.who, step.after) for step in steps] == [
        ("on_shift", 0),
        ("deputy", 5),
        ("lead", 10),
        ("role", 10),
        ("sponsor", 15),
    ]


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ((EscalationStep("lead", 5), EscalationStep("sponsor", 1)), "step2"),
        ((EscalationStep("role", 0, role=999999),), "step1"),
        ((EscalationStep("person", 0, person=999999),), "step1"),
        ((EscalationStep("lead", 0),) * 11, "steps"),
    ],
)
def test_a_ladder_that_can_not_be_meant_is_refused(period: Period, steps: tuple[EscalationStep, ...], field: str):
    with pytest.raises(Invalid) as refusal:
        put(period, *steps)
    assert field in refusal.value.errors


def test_the_lint_names_steps_that_reach_nobody_and_what_to_do(period: Period):
    found = {(one.severity, one.step): one.text for one in escalation_targets.find_unreachable_steps(period, at=NOW)}
    assert found[("P1", 1)].startswith("No role answers pages")
    assert ("P1", 3) not in found

    role = make_role(period)
    assert (
        "Nobody has a shift"
        in {one.step: one.text for one in escalation_targets.find_unreachable_steps(period, at=NOW)}[1]
    )
    make_shift(role, member(period, "Tomasz Wójcik"))
    assert [one.step for one in escalation_targets.find_unreachable_steps(period, at=NOW) if one.severity == "P1"] == [
        2
    ]


def test_the_lint_counts_the_duty_that_a_rotation_makes(period: Period):
    role = make_role(period)
    people = (member(period, "Tomasz Wójcik", role=role), member(period, "Priya Raman", role=role))
    spec = rotation_store.RotationSpec(
        role=role,
        name="Nights and days",
        people=people,
        first_on=NOW.date(),
        hand_off_at=time(8),
        zone_name="Europe/Copenhagen",
        every=12,
        unit="hours",
    )
    assert [one.step for one in escalation_targets.find_unreachable_steps(period, at=NOW) if one.severity == "P1"] == [
        1,
        2,
    ]

    rotation_store.save(spec, by=period.lead, at=NOW)

    assert escalation_targets.find_unreachable_steps(period, at=NOW) == []
