"""Exit criteria are read from the data or decided with evidence, and unknown blocks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hypercare import registry
from hypercare.exceptions import Invalid, NotAllowed, Refused
from periods.debriefs import actions
from periods.exit import criteria
from periods.models import ExitCriterion, JournalEntry, Period
from periods.planning import planning
from periods.template_files.criteria import CRITERIA
from tests.factories import GO_LIVE, NOW, make_incident, make_member, make_period
from tests.periods.story import make_criterion, plan_data

pytestmark = pytest.mark.django_db


def test_every_automatic_criterion_of_the_template_has_a_measure() -> None:
    automatic = {row.code for row in CRITERIA if row.automatic}

    assert automatic == set(registry.EXIT_MEASURES)


def test_a_fresh_plan_has_a_scorecard_in_the_order_of_the_template() -> None:
    period = planning.create_period(**plan_data())

    scored = criteria.scorecard(period, at=GO_LIVE + timedelta(days=5))

    assert [row.criterion.code for row in scored] == [row.code for row in CRITERIA]
    by_code = {row.criterion.code: row for row in scored}
    assert by_code["no_open_p1"].reading.verdict == "pass"
    assert by_code["data_reconciled"].reading.verdict == "unknown"
    assert by_code["data_reconciled"].blocks
    assert not by_code["pulse"].blocks


def test_an_open_p1_fails_its_criterion() -> None:
    period = make_period()
    make_criterion(period, code="no_open_p1", automatic=True, threshold=0)
    make_incident(period, severity="P1", reported_at=NOW)

    row = criteria.scorecard(period, at=NOW)[0]

    assert (row.reading.value, row.reading.verdict, row.blocks, row.word) == (1, "fail", True, "not met")


def test_an_automatic_criterion_nobody_measures_is_unknown() -> None:
    period = make_period()
    make_criterion(period, code="weather", automatic=True)

    assert criteria.scorecard(period, at=NOW)[0].reading.verdict == "unknown"


def test_a_manual_criterion_is_decided_with_evidence() -> None:
    period = make_period()
    row = make_criterion(period)

    with pytest.raises(Invalid) as no_evidence:
        criteria.decide_manually(row.pk, verdict="pass", evidence=" ", by=period.bau_owner, at=NOW)
    with pytest.raises(Invalid) as no_verdict:
        criteria.decide_manually(row.pk, verdict="fine", evidence="x", by=period.bau_owner, at=NOW)
    criteria.decide_manually(row.pk, verdict="pass", evidence="https://wiki.example/recon", by=period.bau_owner, at=NOW)

    assert (list(no_evidence.value.errors), list(no_verdict.value.errors)) == (["evidence"], ["verdict"])
    found = criteria.scorecard(period, at=NOW)[0].reading
    assert (found.verdict, found.evidence_url) == ("pass", "https://wiki.example/recon")
    assert JournalEntry.objects.get(period=period).data["verdict"] == "pass"


def test_a_measured_criterion_is_nobodys_to_set() -> None:
    period = make_period()
    row = make_criterion(period, code="no_open_p1", automatic=True)

    with pytest.raises(Refused):
        criteria.decide_manually(row.pk, verdict="pass", evidence="Trust me", by=period.sponsor, at=NOW)

    assert ExitCriterion.objects.get().verdict == "unknown"


def test_a_contributor_decides_no_criterion() -> None:
    period = make_period()
    row = make_criterion(period)

    with pytest.raises(NotAllowed):
        criteria.decide_manually(row.pk, verdict="pass", evidence="x", by=make_member(period).user, at=NOW)


def test_criteria_are_frozen_once_the_period_has_ended() -> None:
    period = make_period(Period.Status.CLOSED)
    row = make_criterion(period)

    with pytest.raises(Refused):
        criteria.decide_manually(row.pk, verdict="pass", evidence="x", by=period.sponsor, at=NOW)


@pytest.mark.parametrize(
    ("cycles", "floor"),
    [
        ([], None),
        ([{"name": "Month-end", "on": "2026-11-30"}], date(2026, 12, 3)),
        ([{"name": "Payroll", "on": "2026-11-20"}, {"name": "Month-end", "on": "2026-11-30"}], date(2026, 12, 3)),
        ([{"name": "Before go-live", "on": "2026-11-01"}], None),
    ],
)
def test_the_cycle_floor_is_three_working_days_after_the_last_cycle(
    cycles: list[dict[str, str]], floor: date | None
) -> None:
    assert criteria.cycle_floor(make_period(critical_cycles=cycles)) == floor


def test_critical_cycles_fail_until_the_floor_is_reached() -> None:
    period = make_period(critical_cycles=[{"name": "Payroll", "on": "2026-11-20"}])

    before = criteria.critical_cycles(period, threshold=None, at=GO_LIVE + timedelta(days=10))
    after = criteria.critical_cycles(period, threshold=None, at=GO_LIVE + timedelta(days=11))

    assert (before.verdict, before.value, after.verdict) == ("fail", 1, "pass")


def test_a_late_action_fails_and_a_done_one_does_not() -> None:
    period = make_period()
    action = actions.add(
        period.pk, title="Raise the pool", owner=period.lead, due_at=NOW + timedelta(hours=1), by=period.lead, at=NOW
    )
    late = NOW + timedelta(hours=1)

    assert criteria.actions_owned(period, threshold=None, at=late).verdict == "fail"
    actions.complete(action.pk, by=period.lead, at=late)
    assert criteria.actions_owned(period, threshold=None, at=late + timedelta(seconds=1)).verdict == "pass"


# --- In words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "threshold", "unit", "words"),
    [
        ("no_open_p1", 0, "incidents", "0"),
        ("no_p1_for_days", 5, "days", "≥ 5 days"),
        ("sla_attainment", 90, "%", "≥ 90 %"),
        ("open_low_within_cap", 10, "incidents", "≤ 10"),
        ("data_reconciled", None, "", ""),
        ("our_own", 2.5, "%", "2.5 %"),
    ],
)
def test_the_target_in_words(code: str, threshold: float | None, unit: str, words: str) -> None:
    row = ExitCriterion(code=code, threshold=threshold, unit=unit)

    assert criteria.target_of(row) == words
