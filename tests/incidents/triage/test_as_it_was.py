"""Figures that decide on the exit count things as they were: nobody improves them afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contributors.people import members
from contributors.shifts import release
from hypercare.exceptions import Refused
from incidents.models import Incident
from incidents.reporting import cached_counts, exit_measures, gates
from incidents.triage import editing, triage, undo
from periods.models import JournalEntry, Period
from periods.planning import planning
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
P1 = {"impact": "high", "urgency": "high"}
P3 = {"impact": "medium", "urgency": "medium"}


@pytest.fixture(params=["counted anew", "kept"])
def period(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Period:
    """With few incidents, where everything is counted anew, and with many, where sums are kept."""
    if request.param == "kept":
        monkeypatch.setattr(cached_counts, "MANY", 0)
    return make_period(key="BILL", baseline_issues=112, baseline_days=28)


def report(period: Period, at: Any = GO_LIVE, **levels: str) -> Incident:
    return triage.report(period.pk, title="Payments down", by=period.lead, at=at, **(levels or P1))


def resolve(incident: Incident, at: Any, by: Any = None) -> None:
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=by or incident.period.lead, at=at)


def read(name: str, period: Period, at: Any) -> Any:
    return getattr(exit_measures, name)(Period.objects.get(pk=period.pk), threshold=None, at=at)


# --- Promises -----------------------------------------------------------------------------------


def test_a_second_life_that_went_well_mends_no_promise_of_the_first(period: Period) -> None:
    incident = report(period)
    resolve(incident, GO_LIVE + 9 * HOUR)
    assert read("sla_attainment", period, GO_LIVE + 10 * HOUR).value == 0

    triage.reopen(incident.pk, reason="Again", by=period.lead, at=GO_LIVE + 11 * HOUR)
    triage.acknowledge(incident.pk, by=period.lead, at=GO_LIVE + 11 * HOUR + MINUTE)
    resolve(incident, GO_LIVE + 11 * HOUR + 2 * MINUTE)

    assert read("sla_attainment", period, GO_LIVE + 12 * HOUR).text == "0 of 1 P1 and P2 in the last 7 days in time."


@pytest.mark.parametrize("ended", [False, True])
def test_a_p1_that_was_late_stays_missed_when_it_is_graded_lower(period: Period, ended: bool) -> None:
    incident = report(period)
    triage.regrade(incident.pk, **P3, by=period.lead, at=GO_LIVE + 9 * HOUR)
    if ended:
        resolve(incident, GO_LIVE + 10 * HOUR)

    assert read("sla_attainment", period, GO_LIVE + 11 * HOUR).text == "0 of 1 P1 and P2 in the last 7 days in time."


@pytest.mark.parametrize("kind", ["enhancement", "problem"])
def test_a_p1_that_was_late_stays_missed_when_it_is_called_something_else(period: Period, kind: str) -> None:
    incident = report(period)
    editing.update_fields(incident.pk, kind=kind, by=period.lead, at=GO_LIVE + 9 * HOUR)

    assert read("sla_attainment", period, GO_LIVE + 9 * HOUR).value == 0
    resolve(incident, GO_LIVE + 10 * HOUR)
    assert read("sla_attainment", period, GO_LIVE + 11 * HOUR).value == 0


def test_what_was_never_urgent_promises_nothing_here(period: Period) -> None:
    incident = report(period, **P3)
    resolve(incident, GO_LIVE + 10 * DAY)

    assert read("sla_attainment", period, GO_LIVE + 11 * DAY).verdict == "unknown"


@pytest.mark.parametrize("kind", ["enhancement", "problem"])
def test_a_p1_that_has_ended_is_not_called_something_else(period: Period, kind: str) -> None:
    incident = report(period)
    resolve(incident, GO_LIVE + HOUR)

    with pytest.raises(Refused) as refusal:
        editing.update_fields(incident.pk, kind=kind, by=period.lead, at=GO_LIVE + 2 * HOUR)

    assert refusal.value.reasons[0].startswith("BILL-1 ended as a P1, so it stays in the figures.")
    editing.update_fields(incident.pk, kind="data", by=period.lead, at=GO_LIVE + 2 * HOUR)


# --- When something was a P1 --------------------------------------------------------------------


def test_a_p1_that_began_as_something_less_counts_from_when_it_was_raised(period: Period) -> None:
    incident, raised = report(period, GO_LIVE + HOUR, **P3), GO_LIVE + 11 * DAY
    triage.regrade(incident.pk, **P1, by=period.lead, at=raised)
    resolve(incident, raised + 3 * HOUR)

    reading = read("days_without_p1", period, raised + 12 * HOUR)

    assert (reading.value, reading.verdict) == (0.5, "fail")
    assert [one.text for one in gates.find_blockers(period, "stabilise", at=raised + 4 * HOUR)] == [
        "BILL-1 was raised to P1 less than 72 h ago. Earliest 07:00 on 28 Nov (Copenhagen)."
    ]


@pytest.mark.parametrize("began", [P1, P3])
def test_grading_a_p1_down_again_does_not_undo_that_it_was_one(period: Period, began: dict[str, str]) -> None:
    at = GO_LIVE + 8 * DAY
    incident = report(period, at, **began)
    triage.regrade(incident.pk, **P1, by=period.lead, at=at + MINUTE)
    triage.regrade(incident.pk, **P3, by=period.lead, at=at + HOUR)

    assert read("days_without_p1", period, at + 2 * DAY).verdict == "fail"
    assert len(gates.find_blockers(period, "stabilise", at=at + 2 * DAY)) == 1


def test_a_p1_called_a_wish_after_it_was_late_was_one_all_the_same(period: Period) -> None:
    incident = report(period, GO_LIVE + 8 * DAY)
    editing.update_fields(incident.pk, kind="enhancement", by=period.lead, at=GO_LIVE + 9 * DAY)

    assert read("days_without_p1", period, GO_LIVE + 10 * DAY).value == 2


def test_a_wish_that_was_seen_to_be_one_in_time_never_was_a_p1(period: Period) -> None:
    incident = report(period, GO_LIVE + 8 * DAY)
    editing.update_fields(incident.pk, kind="enhancement", by=period.lead, at=GO_LIVE + 8 * DAY + 5 * MINUTE)

    assert read("days_without_p1", period, GO_LIVE + 10 * DAY).text == "No P1 in 10 days."


def test_a_slip_of_the_key_that_was_taken_back_was_no_p1(period: Period) -> None:
    at = GO_LIVE + 8 * DAY
    incident = report(period, at, **P3)
    triage.regrade(incident.pk, **P1, by=period.lead, at=at + MINUTE)
    seq = JournalEntry.objects.filter(kind="incident.regraded").latest("seq").seq
    undo.undo_entry(incident.pk, seq=seq, by=period.lead, at=at + 2 * MINUTE)

    assert read("days_without_p1", period, at + DAY).text == "No P1 in 9 days."
    assert read("days_without_p1", period, at + MINUTE).verdict == "fail"


# --- Who was BAU --------------------------------------------------------------------------------


def test_a_duty_given_later_makes_no_earlier_repair_one_of_bau(period: Period) -> None:
    engineers, support = make_role(period), make_role(period, "Support desk", code="SU")
    ben = make_user("Ben")
    member = members.add_member(period.pk, user=ben, right="support", role=engineers, by=period.lead, at=GO_LIVE)
    for hours in (1, 2, 5):
        resolve(report(period, GO_LIVE + hours * HOUR, **P3), GO_LIVE + (hours + 0.5) * HOUR, by=ben)
        if hours == 2:
            release.change_member(member.pk, right="support", role=support, by=period.lead, at=GO_LIVE + 3 * HOUR)

    assert read("bau_resolved", period, GO_LIVE + 4 * HOUR).text == "0 of 2 in 7 days."
    assert read("bau_resolved", period, GO_LIVE + 6 * HOUR).text == "1 of 3 in 7 days."
    release.change_member(member.pk, right="support", role=engineers, by=period.lead, at=GO_LIVE + 6 * HOUR)
    assert read("bau_resolved", period, GO_LIVE + 7 * HOUR).text == "1 of 3 in 7 days."


def test_another_bau_owner_makes_no_earlier_repair_one_of_bau(period: Period) -> None:
    ben, old = make_user("Ben"), period.bau_owner
    make_member(period, ben, right="owner")
    resolve(report(period, GO_LIVE + HOUR, **P3), GO_LIVE + 2 * HOUR, by=ben)
    resolve(report(period, GO_LIVE + HOUR, **P3), GO_LIVE + 2 * HOUR, by=old)

    planning.update(period.pk, bau_owner=ben, by=period.lead, at=GO_LIVE + 3 * HOUR)
    resolve(report(period, GO_LIVE + 4 * HOUR, **P3), GO_LIVE + 5 * HOUR, by=ben)

    assert read("bau_resolved", period, GO_LIVE + 6 * HOUR).text == "2 of 3 in 7 days."
