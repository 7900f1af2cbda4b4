"""A time zone as VTIMEZONE, for programs that know no zones of their own.

Every change of the clocks within the years asked for is one observance: no rule is guessed, so zones whose changes
follow the moon, such as Morocco's around Ramadan, are as right as those that follow a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

A_DAY: Final = timedelta(days=1)
A_SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=128)
def build_timezone(zone: ZoneInfo, first_year: int, last_year: int) -> Timezone:
    """The zone's clocks from the beginning of the first year to the end of the last. Not to be changed: it is kept."""
    start, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    found = Timezone()
    found.add("tzid", zone.key)
    found.add_component(_observance(zone, start, _offset(start, zone)))
    for moment in clock_changes(zone, start, end):
        found.add_component(_observance(zone, moment, _offset(moment - A_SECOND, zone)))
    return found


def clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The instants of (start, end] at which the clocks of `zone` change, in order, to the second."""
    days = [start + n * A_DAY for n in range((end - start).days + 1)]
    for before, after in pairwise(days):
        if _offset(before, zone) != _offset(after, zone):
            yield _between(before, after, zone)


def _between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    while after - before > A_SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle, zone) == _offset(before, zone):
            before = middle
        else:
            after = middle
    return after


def _observance(zone: ZoneInfo, moment: datetime, was: timedelta) -> TimezoneStandard | TimezoneDaylight:
    local = moment.astimezone(zone)
    found = TimezoneDaylight() if local.dst() else TimezoneStandard()
    found.add("dtstart", (moment + was).replace(tzinfo=None))
    found.add("tzoffsetfrom", was)
    found.add("tzoffsetto", _offset(moment, zone))
    found.add("tzname", local.tzname() or zone.key)
    return found


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
