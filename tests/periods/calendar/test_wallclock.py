"""Wall-clock times keep their meaning over daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contributors.calendars import vtimezone
from contributors.contact_points.quiet import end_of_quiet
from contributors.models import QuietHours
from periods.calendar.wallclock import add_working_days, instant, is_working_day, local_day, require_aware

CPH = "Europe/Copenhagen"


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        (CPH, date(2026, 3, 28), time(2, 30), datetime(2026, 3, 28, 1, 30, tzinfo=UTC)),
        ("Europe/Copenhagen", date(2026, 3, 29), time(1, 59, 59), datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        (CPH, date(2026, 3, 29), time(2, 0), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (CPH, date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("Europe/Copenhagen", date(2026, 3, 29), time(2, 59, 59, 999999), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (CPH, date(2026, 3, 29), time(3, 0), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (CPH, date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (CPH, date(2026, 10, 25), time(3, 0), datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("America/New_York", date(2026, 3, 8), time(2, 15), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 10), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("Pacific/Apia", date(2011, 12, 30), time(12, 0), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
        ("Asia/Kolkata", date(2026, 3, 29), time(9, 0), datetime(2026, 3, 29, 3, 30, tzinfo=UTC)),
        ("UTC", date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),
    ],
)
def test_a_wall_clock_time_is_one_instant_even_when_skipped_or_repeated(zone, day, clock, expected):
    assert instant(day, clock, ZoneInfo(zone)) == expected


# --- I8, in every zone there is ----------------------------------------------------------------


def changes_of(name: str) -> tuple[datetime, ...]:
    return tuple(
        vtimezone.clock_changes(ZoneInfo(name), datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))
    )


CHANGES = {name: changes_of(name) for name in sorted(available_timezones() - {"Factory", "localtime"})}
# Zones that change at the same instants by as much behave alike: one of each stands for all.
ALIKE = {
    tuple((at, at.astimezone(ZoneInfo(name)).utcoffset()) for at in changes): name
    for name, changes in CHANGES.items()
    if changes
}
CLOCKS = [time(hour, minute, second) for hour in range(24) for minute in (0, 15, 30, 59) for second in (0, 1)]


def says_the_right_instant(day: date, clock: time, zone: ZoneInfo) -> bool:
    """A time that exists is its first occurrence; one that does not is the first instant that shows a later one."""
    wall, found = datetime.combine(day, clock), instant(day, clock, zone)
    shown = found.astimezone(zone).replace(tzinfo=None)
    moment_before = (found - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    if shown == wall:
        return not any(
            (found - timedelta(minutes=earlier)).astimezone(zone).replace(tzinfo=None) == wall
            for earlier in (20, 30, 60, 120)
        )
    return moment_before < wall < shown


@pytest.mark.parametrize("name", sorted(ALIKE.values()))
def test_i8_around_every_change_of_the_clocks_until_2030_a_wall_clock_time_is_the_right_instant(name):
    zone = ZoneInfo(name)
    days = {(at + timedelta(days=beside)).astimezone(zone).date() for at in CHANGES[name] for beside in (-1, 0, 1)}

    wrong = [(day, clock) for day in sorted(days) for clock in CLOCKS if not says_the_right_instant(day, clock, zone)]

    assert wrong == []


@given(name=st.sampled_from(sorted(CHANGES)), clock=st.times(), first=st.dates(date(2026, 1, 1), date(2030, 6, 1)))
@settings(max_examples=150, deadline=None)
def test_i8_what_comes_once_a_day_comes_once_on_each_date_and_in_order(name, clock, first):
    zone = ZoneInfo(name)

    found = [instant(first + timedelta(days=day), clock, zone) for day in range(200)]

    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(timedelta(hours=20) < later - earlier < timedelta(hours=28) for earlier, later in pairwise(found))


@given(
    name=st.sampled_from(sorted(ALIKE.values())),
    change=st.integers(0, 9),
    minutes=st.integers(-1500, 1500),
    starts=st.times(),
    ends=st.times(),
)
@settings(max_examples=300, deadline=None)
def test_i8_quiet_hours_end_at_an_instant_outside_of_them_also_when_the_clocks_change(
    name, change, minutes, starts, ends
):
    zone, quiet = ZoneInfo(name), QuietHours(starts=starts, ends=ends)
    at = CHANGES[name][change % len(CHANGES[name])] + timedelta(minutes=minutes)

    goes_at = end_of_quiet(quiet, at, zone)

    assert at <= goes_at <= at + timedelta(hours=26)
    assert end_of_quiet(quiet, goes_at, zone) == goes_at


def test_the_local_day_is_that_of_the_zone():
    assert local_day(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), ZoneInfo(CPH)) == date(2026, 3, 2)


def test_working_days_leave_out_weekends_and_holidays():
    easter_monday = date(2026, 4, 6)

    assert not is_working_day(date(2026, 4, 4))
    assert not is_working_day(easter_monday, {easter_monday})
    assert add_working_days(date(2026, 4, 2), 2, {date(2026, 4, 3), easter_monday}) == date(2026, 4, 8)
    assert add_working_days(date(2026, 4, 4), 0) == date(2026, 4, 4)


def test_a_time_without_a_zone_is_refused_by_name():
    require_aware(now=datetime(2026, 1, 1, tzinfo=UTC), resolved_at=None)

    with pytest.raises(ValueError, match="reported_at: the time needs a time zone"):
        require_aware(reported_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
