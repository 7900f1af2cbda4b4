"""Interval arithmetic for cover: what is required, who is there, and what is missing.

Pure. Every interval is half-open, `start <= t < end`, in aware datetimes; results are UTC, sorted and disjoint
unless said otherwise. An interval that is empty or backwards covers nothing and requires nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise, takewhile
from typing import Final, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from periods.calendar.wallclock import days_from, instant, is_working_day, local_day, require_aware

Pattern = Literal["24x7", "12x7", "business", "none"]
Span = tuple[datetime, datetime]
Person = TypeVar("Person")

# Wall-clock hours of each pattern that has any; "business" keeps to working days.
HOURS: Final[Mapping[str, tuple[time, time]]] = {
    "12x7": (time(8, 0), time(20, 0)),
    "business": (time(9, 0), time(17, 0)),
}
PATTERNS: Final[tuple[Pattern, ...]] = ("24x7", "12x7", "business", "none")


class Requirement(NamedTuple):
    """So many people are needed from `start` until `end`."""

    start: datetime
    end: datetime
    headcount: int


class Gap(NamedTuple):
    """So many people are missing from `start` until `end`."""

    start: datetime
    end: datetime
    missing: int


def find_gaps(required: Sequence[Requirement], shifts: Sequence[Span]) -> list[Gap]:
    """Where fewer shifts run than are required, by one sweep in O(n log n).

    Where requirements overlap the greatest headcount counts, not their sum: "one at all hours, two in office
    hours" needs two in office hours. Each shift counts as one person, so pass `union` of a person's shifts when
    they may overlap. Neighbouring gaps with the same number missing are one gap.
    """
    needs, present = _Greatest(), 0
    found: list[Gap] = []
    for moment, until, changes in _sweep(required, shifts):
        for headcount, delta in changes:
            if headcount is None:
                present += delta
            else:
                needs.change(headcount, delta)
        missing = needs.greatest() - present
        if missing > 0:
            _append(found, Gap(moment, until, missing))
    return found


def total_minutes(spans: Iterable[Gap | Requirement | Span]) -> int:
    """The minutes in all spans together, a begun minute counted whole; overlapping ones count each."""
    seconds = sum(max(0.0, (span[1] - span[0]).total_seconds()) for span in spans)
    return int(-(-seconds // 60))


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time as disjoint, sorted spans; neighbours that touch become one."""
    merged: list[Span] = []
    for start, end in sorted(_proper(spans)):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def clip(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The parts of the spans that lie in [start, end), in the order given."""
    inside = ((begin, finish) for begin, finish in spans if begin < end and start < finish)
    cut = ((max(begin, start), min(finish, end)) for begin, finish in inside)
    return [(begin, finish) for begin, finish in cut if begin < finish]


def required_windows(
    pattern: str,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    *,
    headcount: int = 1,
    holidays: Collection[date] = frozenset(),
    hours: Mapping[str, tuple[time, time]] = HOURS,
) -> list[Requirement]:
    """The intervals a cover pattern requires within [start, end), in wall-clock time of `zone`.

    "24x7" is all of it, "12x7" 08:00-20:00 every day, "business" 09:00-17:00 Monday to Friday except holidays,
    "none" nothing. A skipped hour begins at the first instant after it, a repeated one at its first occurrence,
    so a day with a change may be an hour shorter or longer. `hours` replaces the hours of the patterns.
    Raises ValueError for an unknown pattern or a moment without a time zone.
    """
    require_aware(start=start, end=end)
    if pattern not in PATTERNS:
        raise ValueError(f"pattern: {pattern!r} is not a cover pattern. Choose {', '.join(PATTERNS)}.")
    if pattern == "none" or start >= end:
        return []
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    spans = [(start, end)]
    if pattern in hours:
        days = _days(local_day(start, zone), local_day(end, zone))
        open_days = (day for day in days if pattern != "business" or is_working_day(day, holidays))
        opens, closes = hours[pattern]
        spans = clip(((instant(day, opens, zone), instant(day, closes, zone)) for day in open_days), start, end)
    return [Requirement(begin, finish, headcount) for begin, finish in spans]


def _days(first: date, last: date) -> Iterator[date]:
    return takewhile(lambda day: day <= last, days_from(first))


Change = tuple[int | None, int]


def _sweep(
    required: Sequence[Requirement], shifts: Sequence[Span]
) -> Iterator[tuple[datetime, datetime, list[Change]]]:
    """Every instant at which something changes, until when it then stays so, and what changes.

    A change is (headcount, +1 or -1) for a requirement and (None, +1 or -1) for a shift.
    """
    changes: dict[datetime, list[Change]] = {}
    for start, end in _proper(shifts):
        changes.setdefault(start, []).append((None, 1))
        changes.setdefault(end, []).append((None, -1))
    for need in required:
        if need.start < need.end and need.headcount > 0:
            changes.setdefault(need.start, []).append((need.headcount, 1))
            changes.setdefault(need.end, []).append((need.headcount, -1))
    for moment, until in pairwise(sorted(changes)):
        yield moment.astimezone(UTC), until.astimezone(UTC), changes[moment]


class _Greatest:
    """A bag of headcounts that knows its greatest, in O(log n) a change."""

    def __init__(self) -> None:
        self._count: dict[int, int] = {}
        self._heap: list[int] = []

    def change(self, headcount: int, delta: int) -> None:
        if headcount not in self._count:
            heapq.heappush(self._heap, -headcount)
        self._count[headcount] = self._count.get(headcount, 0) + delta

    def greatest(self) -> int:
        while self._heap and not self._count[-self._heap[0]]:
            del self._count[-heapq.heappop(self._heap)]
        return -self._heap[0] if self._heap else 0


def _append(found: list[Gap], gap: Gap) -> None:
    if found and found[-1].end == gap.start and found[-1].missing == gap.missing:
        found[-1] = Gap(found[-1].start, gap.end, gap.missing)
    else:
        found.append(gap)


def _proper(spans: Iterable[Span]) -> Iterator[Span]:
    return ((start, end) for start, end in spans if start < end)
