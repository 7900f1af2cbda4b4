"""How many people a role needs when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from contributors.shifts import coverage, requirements
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_shift

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def day(number: int) -> datetime:
    """Midnight of a November day in Copenhagen."""
    return datetime(2026, 11, number, tzinfo=UTC) - timedelta(hours=1)


def hours(role, start: datetime, end: datetime) -> list[tuple[float, float, int]]:
    """What is needed as (first hour, last hour, people), in hours from the start."""
    found = requirements.required_cover(role.period, role, start=start, end=end)
    return [
        ((one.start - start).total_seconds() / 3600, (one.end - start).total_seconds() / 3600, one.headcount)
        for one in found
    ]


def test_three_on_monday_and_six_on_release_day():
    role = make_role(make_period(), headcount_on={"mon": 3, "2026-11-23": 6})

    assert hours(role, day(16), day(18)) == [(0, 24, 3), (24, 48, 1)]
    assert hours(role, day(23), day(24)) == [(0, 24, 6)]


def test_a_named_saturday_is_open_although_the_office_is_closed():
    role = make_role(make_period(), cover="business", headcount_on={"2026-11-21": 2})

    assert hours(role, day(20), day(23)) == [(9, 17, 1), (33, 41, 2)]


def test_zero_closes_a_day():
    role = make_role(make_period(), headcount_on={"2026-11-17": 0})

    assert hours(role, day(17), day(19)) == [(24, 48, 1)]


def test_one_phase_follows_the_other():
    role = make_role(
        make_period(),
        cover_until=day(18),
        later_phases=[
            {"cover": "12x7", "until": day(19).isoformat(), "headcount": 2},
            {"cover": "business", "until": None},
        ],
    )

    assert hours(role, day(17), day(21)) == [(0, 24, 1), (32, 44, 2), (57, 65, 1), (81, 89, 1)]


def test_own_weekly_hours_with_their_own_numbers():
    role = make_role(
        make_period(),
        cover="custom",
        week=[
            {"days": [2], "from": "08:00", "to": "12:00", "people": 2},
            {"days": [2], "from": "22:00", "to": "02:00"},
        ],
    )

    assert hours(role, day(18), day(20)) == [(8, 12, 2), (22, 26, 1)]


def test_business_hours_are_those_of_the_site_and_its_holidays():
    role = make_role(make_period(), cover="business", zone_name="America/New_York", country="US")

    assert hours(role, day(26), day(28)) == [(39, 47, 1)]  # Thanksgiving is closed, the day after is open


def test_a_gap_says_how_many_of_how_many_are_missing():
    period = make_period()
    role = make_role(period, headcount_on={"2026-11-17": 2})
    make_shift(role, make_member(period).user, starts_at=day(17), hours=24)

    found = coverage.find_gaps(period, start=day(17), end=day(19))

    assert [(gap.missing, gap.needed, gap.nobody) for gap in found] == [(1, 2, False), (1, 1, True)]
    assert coverage.gap_minutes_by_role(found) == {role.pk: 2 * 1440}


def test_a_role_that_needs_a_deputy_says_when_there_is_none():
    period = make_period()
    role = make_role(period, needs_deputy=True)
    make_shift(role, make_member(period).user, starts_at=day(17), hours=24)

    (gap,) = coverage.find_gaps(period, start=day(17), end=day(18))

    assert coverage.describe_gap(gap, period) == "Billing engineering has no deputy Tue 17 Nov 00:00 to Wed 00:00"


def test_cover_ends_with_the_period_whatever_its_phases_say():
    role = make_role(
        make_period(), cover_until=day(20), later_phases=[{"cover": "24x7", "until": (GO_LIVE + 90 * DAY).isoformat()}]
    )

    assert (
        requirements.required_cover(role.period, role, start=GO_LIVE, end=GO_LIVE + 90 * DAY)[-1].end
        == role.period.ends_at
    )


@pytest.mark.parametrize(("country", "known"), [("DK", True), ("US-NY", True), ("US-XX", False), ("ZZ", False)])
def test_a_country_is_known_or_not(country, known):
    assert requirements.knows_country(country) is known


@pytest.mark.parametrize(
    ("fields", "closed"),
    [
        ({}, "DK"),
        ({"country": "US-NY"}, "US-NY"),
        ({"zone_name": "Asia/Kolkata"}, ""),
        ({"zone_name": "Europe/Copenhagen"}, "DK"),
    ],
)
def test_a_role_keeps_the_holidays_of_its_period_unless_it_is_elsewhere(fields, closed):
    period = make_period(country="DK")

    assert requirements.country_of(make_role(period, **fields), period) == closed


def test_a_region_has_its_own_holidays():
    period = make_period(country="DE", subdivision="BY")
    assert requirements.country_of(make_role(period), period) == "DE-BY"
    assert requirements.holidays_between("DE-BY", date(2026, 1, 6), date(2026, 1, 6)) == {date(2026, 1, 6): "Epiphany"}
