"""Rotations: from a specification to who is on when. Pure; nothing here knows of rows.

A rotation hands over at wall-clock times of a zone. A hand-off time that the clocks skip happens at the first
instant after the gap, one that they repeat at its first occurrence, so a turn over a change of the clocks lasts
an hour less or more and no instant has nobody or two people. Recurrence is dateutil's; which layer wins, and what
stays of the others, is decided here. Every interval is half-open; results are UTC, sorted, and disjoint per layer.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, HOURLY, WEEKLY, rrule

from contributors.shifts import intervals
from contributors.shifts.intervals import Span
from periods.calendar.wallclock import instant, local_day, require_aware

STEPS: Final = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
FREQUENCIES: Final[dict[str, Literal[2, 3, 4]]] = {"hours": HOURLY, "days": DAILY, "weeks": WEEKLY}
EVERY_DAY: Final = frozenset(range(7))
A_DAY: Final = timedelta(days=1)


class Turn(NamedTuple):
    """Somebody is on from `start` up to `end`."""

    person: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Wall-clock hours of some weekdays (Monday is 0). Hours that end where or before they start end the next day."""

    opens: time
    closes: time
    weekdays: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class RotationSite:
    """One site of a follow-the-sun rotation: it takes over at `clock` of its own zone and keeps its own order."""

    zone: ZoneInfo
    clock: time
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RotationLayer:
    """One rotation. It begins at `at` on `first` in `zone`; nobody is on before that or from `until` on.

    Every `every` `unit`s the next of `people` takes over. With `sites` it follows the sun instead: each site is on
    from its own hand-off until the next site's, and the person changes every `every` days or weeks within a site.
    `hours`, where there are any, are the only hours in `zone` at which the rotation is on at all.
    """

    people: tuple[int, ...]
    first: date
    at: time
    zone: ZoneInfo
    every: int = 1
    unit: str = "days"
    until: datetime | None = None
    hours: tuple[WeeklyHours, ...] = ()
    sites: tuple[RotationSite, ...] = ()

    @property
    def step(self) -> timedelta:
        """The time from one hand-off to the next, on the wall clock."""
        return self.every * STEPS[self.unit]


def find_problems(layer: RotationLayer) -> dict[str, str]:
    """What keeps a rotation from standing: field → a sentence that says what to do."""
    found: dict[str, str] = {}
    if layer.sites:
        if any(not site.people for site in layer.sites):
            found["people"] = "Name at least one person for each site."
        if layer.unit == "hours":
            found["unit"] = "A rotation that follows the sun changes people every so many days or weeks."
    elif not layer.people:
        found["people"] = "A rotation needs at least one person. Choose who takes turns."
    if layer.unit not in STEPS:
        found["unit"] = f"“{layer.unit}” is not a length. Choose hours, days or weeks."
    if not 1 <= layer.every <= 1000:
        found["every"] = "Give a number from 1 to 1000."
    if layer.until is not None and layer.until <= instant(layer.first, layer.at, layer.zone):
        found["until"] = "The rotation must end after its first hand-off."
    if any(not hours.weekdays for hours in layer.hours):
        found["hours"] = "Choose at least one weekday, or leave the hours out."
    return found


def expand_turns(layer: RotationLayer, start: datetime, end: datetime) -> list[Turn]:
    """Who is on within [start, end) by one rotation alone. Raises ValueError for moments without a zone.

    The work depends on the length of the interval, not on how long ago the rotation began.
    """
    require_aware(start=start, end=end)
    start = max(start.astimezone(UTC), instant(layer.first, layer.at, layer.zone))
    end = min(end.astimezone(UTC), layer.until.astimezone(UTC)) if layer.until else end.astimezone(UTC)
    if start >= end or find_problems(layer):
        return []
    hand_offs = _following_the_sun(layer, start, end) if layer.sites else _taking_turns(layer, start, end)
    whole = (
        Turn(person, max(begin, start), min(finish, end))
        for (begin, person), (finish, _) in pairwise(hand_offs)
        if begin < end and finish > start and begin < finish
    )
    return _within(list(whole), _open_spans(layer, start, end)) if layer.hours else list(whole)


def stack_layers(layers: Sequence[RotationLayer], start: datetime, end: datetime) -> list[list[Turn]]:
    """Who is on within [start, end) by each layer, less what those above it hold: the last layer wins."""
    kept: list[list[Turn]] = []
    busy: list[Span] = []
    for layer in reversed(layers):
        own = subtract_busy(expand_turns(layer, start, end), busy)
        kept.append(own)
        busy = intervals.union([*busy, *((turn.start, turn.end) for turn in own)])
    return kept[::-1]


def subtract_busy(found: Sequence[Turn], busy: Sequence[Span]) -> list[Turn]:
    """Turns less the spans of somebody else; `busy` is sorted and disjoint, as `intervals.union` gives it."""
    if not busy:
        return list(found)
    return [part for turn in found for part in _left_of(turn, busy)]


# --- Hand-offs ----------------------------------------------------------------------------------


def _taking_turns(layer: RotationLayer, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
    """Hand-offs around the interval: one at or before its start, and on to one at or after its end."""
    first = datetime.combine(layer.first, layer.at)
    local = start.astimezone(layer.zone).replace(tzinfo=None)
    number = max(0, (local - first) // layer.step - 1)
    rule = rrule(
        FREQUENCIES[layer.unit],
        interval=layer.every,
        dtstart=first + number * layer.step,
        until=end.astimezone(layer.zone).replace(tzinfo=None) + layer.step + A_DAY,
    )
    for count, wall in enumerate(rule, number):
        yield instant(wall.date(), wall.time(), layer.zone), layer.people[count % len(layer.people)]


def _following_the_sun(layer: RotationLayer, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
    """Every site's mornings, merged. Where two fall on one instant the later site has it."""
    return heapq.merge(*(_mornings(layer, site, start, end) for site in layer.sites), key=lambda one: one[0])


def _mornings(
    layer: RotationLayer, site: RotationSite, start: datetime, end: datetime
) -> Iterator[tuple[datetime, int]]:
    day = local_day(start, site.zone) - 2 * A_DAY
    last = local_day(end, site.zone) + 2 * A_DAY
    span = layer.step // A_DAY
    for moment in rrule(DAILY, dtstart=datetime.combine(day, site.clock), until=datetime.combine(last, time.max)):
        turn = (moment.date() - layer.first).days // span
        yield instant(moment.date(), site.clock, site.zone), site.people[turn % len(site.people)]


# --- Hours --------------------------------------------------------------------------------------


def open_spans(hours: Iterable[WeeklyHours], zone: ZoneInfo, start: datetime, end: datetime) -> list[Span]:
    """The instants of [start, end) that lie in wall-clock hours of `zone`: sorted, disjoint spans in UTC."""
    first, last = local_day(start, zone) - A_DAY, local_day(end, zone)
    days = [first + n * A_DAY for n in range((last - first).days + 1)]
    spans = (
        (instant(day, one.opens, zone), instant(day + (one.closes <= one.opens) * A_DAY, one.closes, zone))
        for one in hours
        for day in days
        if day.weekday() in one.weekdays
    )
    return intervals.clip(intervals.union(spans), start, end)


def _open_spans(layer: RotationLayer, start: datetime, end: datetime) -> list[Span]:
    return open_spans(layer.hours, layer.zone, start, end)


def _within(found: Sequence[Turn], spans: Sequence[Span]) -> list[Turn]:
    """The parts of turns inside spans; both are sorted and disjoint, so one walk is enough."""
    kept, n = [], 0
    for turn in found:
        while n < len(spans) and spans[n][1] <= turn.start:
            n += 1
        at = n
        while at < len(spans) and spans[at][0] < turn.end:
            kept.append(Turn(turn.person, max(turn.start, spans[at][0]), min(turn.end, spans[at][1])))
            at += 1
    return kept


def _left_of(turn: Turn, busy: Sequence[Span]) -> Iterator[Turn]:
    begin = turn.start
    for start, end in busy:
        if end <= begin:
            continue
        if start >= turn.end:
            break
        if start > begin:
            yield Turn(turn.person, begin, start)
        begin = max(begin, end)
    if begin < turn.end:
        yield Turn(turn.person, begin, turn.end)
