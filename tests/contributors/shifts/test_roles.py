"""Duties that the plan suggests follow all of its phases."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest

from contributors.models import Role
from contributors.shifts import requirements, roles
from periods.calendar import wallclock
from periods.planning.scoring_model import CoveragePhase
from tests.factories import GO_LIVE, NOW, make_period

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PHASES = (
    CoveragePhase(1, 7, "24x7", "around the clock in week 1"),
    CoveragePhase(8, 14, "12x7", "every day in week 2"),
    CoveragePhase(15, None, "business", "business hours"),
)


def suggested() -> list[roles.SuggestedRole]:
    return roles.suggest_roles(SimpleNamespace(coverage=PHASES, contributions=()))


def midnight_after(days: int) -> datetime:
    period_zone = make_period().zone
    return wallclock.instant(date(2026, 11, 14) + days * DAY, time(0), period_zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(28, [("24x7", 7), ("12x7", 14), ("business", None)]), (13, [("24x7", 7), ("12x7", None)]), (5, [("24x7", None)])],
)
def test_each_phase_that_begins_within_the_period_becomes_one_of_the_role(days, expected):
    end = GO_LIVE + days * DAY
    period = make_period(status="planned", ends_at=end, planned_ends_at=end)

    roles.add_missing_roles(period.pk, suggested(), by=period.lead, at=NOW)

    role = Role.objects.get(period=period, name=roles.ENGINEERING)
    found = [(phase.cover, phase.end) for phase in requirements.cover_phases(period, role)]
    assert found == [(cover, midnight_after(last) if last else end) for cover, last in expected]


def test_the_lead_keeps_business_hours_throughout():
    assert [duty.later for duty in suggested() if duty.code == "HL"] == [()]
