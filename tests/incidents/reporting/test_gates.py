"""Which incidents stand in the way of a period's next step."""

from datetime import timedelta

import pytest

from incidents.reporting import gates
from incidents.triage import triage
from periods.lifecycle import gates as period_gates
from periods.models import Period
from tests.factories import GO_LIVE, NOW, make_incident, make_period, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL", baseline_issues=112, baseline_days=28)


def reasons(period: Period, transition: str, *, at=NOW) -> list[str]:
    return [blocker.text for blocker in gates.find_blockers(period, transition, at=at)]


@pytest.mark.parametrize("severity", ["P1", "P2"])
def test_a_go_waits_for_open_p1_and_p2(period, severity):
    make_incident(period, severity=severity, title="Payments down")

    [blocker] = gates.find_blockers(period, "go", at=NOW)

    assert blocker.text == f"{severity} still open: BILL-1 Payments down. Resolve it or grade it again."
    assert blocker.url == "/i/BILL-1/"


def test_a_go_does_not_wait_for_p3_or_for_what_is_resolved(period):
    make_incident(period, severity="P3")
    make_incident(period, severity="P1", status="resolved", resolved_at=NOW)

    assert reasons(period, "go") == []


def test_stabilising_waits_until_72_hours_after_the_last_p1(period):
    reported_at = NOW - 71 * HOUR
    make_incident(period, severity="P1", reported_at=reported_at, status="resolved", resolved_at=reported_at + HOUR)

    assert reasons(period, "stabilise") == [
        "BILL-1, a P1, was reported less than 72 h ago. Earliest 15:12 on 18 Nov (Copenhagen)."
    ]
    assert reasons(period, "stabilise", at=NOW + HOUR) == []


def test_a_p1_that_came_back_starts_the_72_hours_again(period):
    incident = make_incident(period, severity="P1", reported_at=GO_LIVE, status="resolved", resolved_at=GO_LIVE + HOUR)
    triage.reopen(incident.pk, reason="Again", by=period.lead, at=NOW - HOUR)
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=period.lead, at=NOW)

    assert "was reopened less than 72 h ago" in reasons(period, "stabilise")[0]


def test_stabilising_waits_for_an_open_p1_however_old(period):
    make_incident(period, severity="P1", reported_at=NOW - 80 * HOUR, title="Payments down")

    assert reasons(period, "stabilise") == ["P1 still open: BILL-1 Payments down. Resolve it or grade it again."]


def test_stabilising_waits_while_arrivals_are_above_the_limit(period):
    for day, count in enumerate([11, 9, 12]):  # EWMA 5.4, 6.12, 7.296 against a limit of 6
        for _ in range(count):
            make_incident(period, severity="P4", reported_at=GO_LIVE + timedelta(days=day))
    third_day = GO_LIVE + timedelta(days=2, hours=1)

    assert reasons(period, "stabilise", at=third_day) == [
        "Calm is judged on 3 days of arrivals. Earliest 07:00 on 17 Nov (Copenhagen).",
        "Arrivals were above the limit on one of the last 3 days.",
    ]
    assert reasons(period, "stabilise", at=third_day + timedelta(days=4)) == []


def test_closing_waits_for_somebody_to_take_each_incident_that_stays_open(period):
    incident = make_incident(period, severity="P4", title="Logo is grey")

    assert reasons(period, "close") == [
        "BILL-1 Logo is grey stays open and nobody takes it over. Hand it to a BAU team or resolve it."
    ]

    triage.transfer_to_bau(incident.pk, team="Web team", by=period.lead, at=NOW)
    assert reasons(period, "close") == []


@pytest.mark.parametrize("transition", ["plan", "invite", "start", "review", "extend", "roll_back", "cancel"])
def test_other_steps_are_not_stopped_by_incidents(period, transition):
    make_incident(period, severity="P1")

    assert reasons(period, transition) == []


def test_steps_that_page_nobody_are_advice_before_a_go_and_block_nothing():
    period = make_period(status="readiness", lead=make_user("Maja Lindqvist"))

    said = gates.ladder_advice(period, at=NOW)

    assert [one.code for one in said] == ["paging.reaches_nobody"] * len(said)
    assert "No role answers pages" in said[0].text
    assert "P1 step 1" in said[0].text
    assert not {one.text for one in said} & {one.text for one in gates.find_blockers(period, "go", at=NOW)}


def test_advice_ends_with_the_go():
    assert period_gates.gather_advice(make_period(), at=NOW) == []
    assert period_gates.gather_advice(make_period(status="readiness"), at=NOW)
