"""What a plan asks of one person, judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contributors.models import FatigueLimits
from contributors.shifts import work_time_limits
from hypercare.exceptions import Invalid, NotAllowed
from periods.models import JournalEntry
from tests.factories import NOW, make_member, make_period

UTC_ZONE = ZoneInfo("UTC")
COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def shift(day: int, hour: float, hours: float) -> tuple[datetime, datetime]:
    start = datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour)
    return start, start + timedelta(hours=hours)


def broken(*spans: tuple[datetime, datetime]) -> list[tuple[str, str]]:
    return [(one.rule, one.level) for one in work_time_limits.find_breaches(spans, UTC_ZONE)]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([shift(16, 8, 12)], []),
        ([shift(16, 8, 12.5)], [("shift", "block")]),
        ([shift(16, 8, 8), shift(16, 16, 8)], [("shift", "block")]),  # two that touch are one long one
        ([shift(16, 8, 8), shift(16, 8, 8)], []),  # two roles at once count once
        ([shift(16, 8, 8), shift(17, 3, 8)], []),
        ([shift(16, 8, 8), shift(17, 2, 8)], [("rest", "block")]),
        ([shift(16, 22, 8)], []),
        ([shift(16, 21, 9)], [("night", "warn")]),
        ([shift(16, 18, 8)], []),  # three hours after 23 make a night shift, but eight are allowed
        ([shift(day, 9, 8) for day in range(2, 8)], []),
        ([shift(day, 9, 4) for day in range(2, 9)], [("days", "warn"), ("weekly_rest", "warn")]),
        ([shift(day, 8, 10) for day in range(2, 7)], [("week", "warn")]),
        ([shift(2, 22, 8), shift(4, 9, 8)], [("turn", "warn")]),
        ([shift(2, 22, 8), shift(5, 9, 8)], []),
        ([shift(day, 22, 8) for day in range(2, 5)], []),
        ([shift(day, 22, 8) for day in range(2, 6)], [("nights", "warn")]),
    ],
)
def test_a_plan_is_judged_by_the_usual_limits(spans, expected):
    assert broken(*spans) == expected


def test_a_full_rota_of_weeks_names_each_week_once():
    found = work_time_limits.find_breaches([shift(day, 8, 10) for day in range(2, 23)], UTC_ZONE)

    assert sum(one.rule == "week" for one in found) == 3


def test_hours_are_those_of_the_world_when_the_clocks_change():
    start = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)

    found = work_time_limits.find_breaches([(start, start + timedelta(hours=12))], COPENHAGEN)

    assert [(one.rule, one.level) for one in found] == [("night", "warn")]


def test_an_hour_that_the_clocks_add_to_twelve_warns_at_most():
    start = datetime(2026, 10, 24, 15, 0, tzinfo=UTC)
    night = [(start, start + timedelta(hours=13))]

    found = work_time_limits.find_breaches(night, ZoneInfo("America/New_York"), planned_in=COPENHAGEN)

    assert ("shift", "warn") in [(one.rule, one.level) for one in found]


def test_only_what_a_change_causes_is_told():
    before = [shift(16, 8, 13)]

    assert work_time_limits.added_breaches(before, [shift(18, 8, 8)], UTC_ZONE) == []
    assert [one.rule for one in work_time_limits.added_breaches(before, [shift(17, 7, 8)], UTC_ZONE)] == ["rest"]


def test_a_rule_that_is_off_finds_nothing():
    limits = {**work_time_limits.USUAL, "shift": replace(work_time_limits.USUAL["shift"], level="off")}

    assert work_time_limits.find_breaches([shift(16, 8, 13)], UTC_ZONE, limits) == []


def test_the_hours_of_a_night_are_counted_on_the_persons_clocks():
    assert work_time_limits.night_hours([shift(16, 21, 10)], UTC_ZONE) == 7
    assert work_time_limits.night_hours([shift(16, 21, 10)], ZoneInfo("America/New_York")) == 3


@pytest.mark.django_db
def test_a_period_may_change_a_limit_and_keeps_the_others():
    period = make_period()

    limits = work_time_limits.set_limits(period.pk, {"rest": {"limit": 9, "level": "warn"}}, by=period.lead, at=NOW)

    assert (limits["rest"].limit, limits["rest"].level) == (9, "warn")
    assert work_time_limits.limits_of(period)["shift"] == work_time_limits.USUAL["shift"]
    assert JournalEntry.objects.get(period=period).kind == "fatigue.changed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"sleep": {"limit": 9, "level": "warn"}}, "sleep"),
        ({"rest": {"limit": 9, "level": "shout"}}, "rest"),
        ({"rest": {"limit": 0, "level": "warn"}}, "rest"),
        ({"rest": {"limit": "nine", "level": "warn"}}, "rest"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused_by_name(limits, field):
    period = make_period()

    with pytest.raises(Invalid) as refusal:
        work_time_limits.set_limits(period.pk, limits, by=period.lead, at=NOW)

    assert list(refusal.value.errors) == [field]
    assert not FatigueLimits.objects.exists()


@pytest.mark.django_db
def test_only_who_plans_shifts_may_change_limits():
    period = make_period()

    with pytest.raises(NotAllowed):
        work_time_limits.set_limits(period.pk, {}, by=make_member(period).user, at=NOW)
