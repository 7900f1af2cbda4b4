"""Wall-clock times and working days in an IANA zone.

Pure. One place decides what happens in the hour that daylight saving skips (the first instant after it)
and in the hour it repeats (its first occurrence), so that shifts, debriefs and targets agree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SATURDAY = 5
_FIRST_DAY, _LAST_DAY = date(1, 1, 3), date(9999, 12, 29)


def require_aware(**moments: datetime | None) -> None:
    """Raise ValueError naming the first moment that has no time zone; None is let through."""
    for name, moment in moments.items():
        if moment is not None and moment.utcoffset() is None:
            raise ValueError(f"{name}: the time needs a time zone.")


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which the clocks of `zone` show `clock` on `day`.

    A skipped time is the first instant after the gap; a repeated one is its first occurrence. A day at either
    end of the calendar becomes the nearest that every zone can show, so that callers refuse it as they do others.
    """
    wall = datetime.combine(min(max(day, _FIRST_DAY), _LAST_DAY), clock)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _first_instant_after_gap(wall, zone)


def _first_instant_after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    # In a gap fold=1 reads the time with the offset after it, which lands before the change; fold=0 after.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    old_offset = before.astimezone(zone).utcoffset()
    low, high = 0, round((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old_offset:
            low = middle
        else:
            high = middle
    return (before + timedelta(seconds=high)).replace(microsecond=0)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The date the calendars of `zone` show at `moment`."""
    return moment.astimezone(zone).date()


def is_working_day(day: date, holidays: Collection[date] = ()) -> bool:
    """Whether `day` is Monday to Friday and not a holiday."""
    return day.weekday() < _SATURDAY and day not in holidays


def days_from(first: date) -> Iterator[date]:
    """Every date from `first` on, without end but the calendar's."""
    day = first
    while True:
        yield day
        day += timedelta(days=1)


def add_working_days(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """The date `count` working days after `day`; `day` itself is never counted."""
    for _ in range(count):
        day += timedelta(days=1)
        while not is_working_day(day, holidays):
            day += timedelta(days=1)
    return day
