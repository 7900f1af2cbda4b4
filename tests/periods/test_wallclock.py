"""Wall-clock times keep their meaning over daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from periods.wallclock import add_working_days, instant, is_working_day, local_day, require_aware

CPH = "Europe/Copenhagen"


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        (CPH, date(2026, 3, 28), time(2, 30), datetime(2026, 3, 28, 1, 30, tzinfo=UTC)),
        (
            "Europe/Copenhagen",
            date(2026, 3, 29),
            time(1, 59, 59),
            datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
        ),
        (CPH, date(2026, 3, 29), time(2, 0), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (CPH, date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (
            "Europe/Copenhagen",
            date(2026, 3, 29),
            time(2, 59, 59, 999999),
            datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        ),
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
