"""The four clocks of an incident: acknowledge, next update, mitigate, resolve.

Pure: the caller passes every moment, `now` included. Targets are the product's defaults, and a period may
pass its own table instead of TARGETS, and its own hours. Where the field's conventions leave a choice, it is made here:

- P1 runs around the clock. P2 runs in the period's covered hours, which are around the clock unless it says otherwise.
- P3 and P4 run in business hours, 09:00-17:00 Monday to Friday in the period's zone, minus its holidays:
  "daily" is one working day (8 business hours), "weekly" five.
- The one published workaround/restore target is the mitigate target. There is none for the final repair;
  ours are 8 h, 24 h, 5 and 15 working days for P1 to P4.

Intervals are half-open: at `due_at` itself a clock is already late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from periods.calendar.wallclock import days_from, instant, local_day, require_aware

Kind = Literal["acknowledge", "update", "mitigate", "resolve"]
State = Literal["running", "soon", "late", "paused", "met", "met_late"]
Measure = Literal["elapsed", "covered", "business"]
Span = tuple[datetime, datetime]
Pause = tuple[datetime, datetime | None]

KINDS: Final[tuple[Kind, ...]] = ("acknowledge", "update", "mitigate", "resolve")
OPENS: Final = time(9, 0)
CLOSES: Final = time(17, 0)
SOON_SHARE: Final = 0.25

MINUTE: Final = 60
HOUR: Final = 3600
WORKING_DAY: Final = 8 * HOUR

_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SlaTarget:
    """How long one clock allows, and which time it counts: all of it, covered hours, or business hours only."""

    seconds: int
    measure: Measure = "elapsed"


@dataclass(frozen=True, slots=True)
class CoveredHours:
    """Opening hours on the wall of the period's zone, on some weekdays (Monday is 0).

    Hours that close at midnight are written 00:00. With `on_holidays` public holidays count like other days.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: time = OPENS
    closes: time = CLOSES
    on_holidays: bool = False

    def span(self, day: date, zone: ZoneInfo, holidays: Collection[date]) -> Span | None:
        """The instants (UTC) between which the day counts; None when it does not."""
        if day.weekday() not in self.days or (day in holidays and not self.on_holidays):
            return None
        last = day + timedelta(days=1) if self.closes <= self.opens else day
        return _opening_hours(day, self.opens, last, self.closes, zone)


BUSINESS: Final = CoveredHours()


@dataclass(frozen=True, slots=True)
class SlaClock:
    """One clock of an incident as it stands at a given moment.

    `total_s` and `left_s` are in the target's own measure (business seconds for a working-day target), so
    their ratio is what a ring shows; `late_s` is plain elapsed time since `due_at`. At `soon_at` a quarter is
    left. A paused clock keeps the `due_at` and `left_s` it had when it paused: no promise until it resumes.
    """

    kind: Kind
    due_at: datetime
    state: State
    total_s: int
    left_s: int
    late_s: int
    finished_at: datetime | None
    soon_at: datetime
    started_at: datetime
    measure: Measure

    @property
    def is_open(self) -> bool:
        """Whether the clock still counts towards its deadline."""
        return self.state in ("running", "soon", "late")


def _business(days: float) -> SlaTarget:
    return SlaTarget(round(days * WORKING_DAY), "business")


TARGETS: Final[Mapping[str, Mapping[Kind, SlaTarget]]] = {
    "P1": {
        "acknowledge": SlaTarget(15 * MINUTE),
        "update": SlaTarget(30 * MINUTE),
        "mitigate": SlaTarget(4 * HOUR),
        "resolve": SlaTarget(8 * HOUR),
    },
    "P2": {
        "acknowledge": SlaTarget(30 * MINUTE, "covered"),
        "update": SlaTarget(2 * HOUR, "covered"),
        "mitigate": SlaTarget(8 * HOUR, "covered"),
        "resolve": SlaTarget(24 * HOUR, "covered"),
    },
    "P3": {"acknowledge": _business(0.5), "update": _business(1), "mitigate": _business(3), "resolve": _business(5)},
    "P4": {"acknowledge": _business(1), "update": _business(5), "mitigate": _business(10), "resolve": _business(15)},
}


def clocks_at(
    severity: str,
    *,
    reported_at: datetime,
    acknowledged_at: datetime | None,
    last_update_at: datetime | None,
    mitigated_at: datetime | None,
    resolved_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
    holidays: Collection[date] = frozenset(),
    pauses: Sequence[Pause] = (),
    targets: Mapping[str, Mapping[Kind, SlaTarget]] = TARGETS,
    covered: CoveredHours | None = None,
) -> tuple[SlaClock, ...]:
    """The four clocks of an incident at `now`, in the order of KINDS.

    Deadlines count from `reported_at`, so a regraded incident is judged as if it had always been so; only the
    update clock starts again at each stakeholder update. It pauses once mitigated and stops when resolved.
    `pauses` (an open one ends in None) hold the mitigate and resolve clocks, never the other two; a clock
    that is already late stays late. `covered` hours of None are around the clock. Mitigating counts as
    acknowledging, resolving as all of it.
    Raises ValueError for an unknown severity or a moment without a time zone.
    """
    require_aware(
        reported_at=reported_at,
        acknowledged_at=acknowledged_at,
        last_update_at=last_update_at,
        mitigated_at=mitigated_at,
        resolved_at=resolved_at,
        now=now,
    )
    table = _table(severity, targets)
    office = _Office(zone, holidays, covered)
    updated_at = _latest(reported_at, last_update_at)
    quiet = ((_latest(updated_at, mitigated_at), None),) if mitigated_at else ()
    acknowledged = _earliest(acknowledged_at, mitigated_at, resolved_at)
    mitigated = _earliest(mitigated_at, resolved_at)
    return (
        _clock("acknowledge", table, reported_at, acknowledged, now, office),
        _clock("update", table, updated_at, resolved_at, now, office, quiet),
        _clock("mitigate", table, reported_at, mitigated, now, office, pauses),
        _clock("resolve", table, reported_at, resolved_at, now, office, pauses),
    )


def next_deadline(clocks: Iterable[SlaClock]) -> SlaClock | None:
    """The open clock that is due first (one already late counts), or None when nothing is running."""
    return min((clock for clock in clocks if clock.is_open), key=lambda clock: clock.due_at, default=None)


def due_at(
    severity: str,
    kind: Kind,
    *,
    since: datetime,
    zone: ZoneInfo,
    holidays: Collection[date] = frozenset(),
    targets: Mapping[str, Mapping[Kind, SlaTarget]] = TARGETS,
    covered: CoveredHours | None = None,
    pauses: Sequence[Pause] = (),
) -> datetime:
    """When a clock of this kind started at `since` falls due (UTC). Raises ValueError as `clocks_at` does."""
    require_aware(since=since)
    target = _table(severity, targets)[kind]
    over = sorted((begin, end) for begin, end in pauses if end)
    spans = _without(_Office(zone, holidays, covered).spans(target.measure, since), over)
    return _advance(spans, target.seconds, since)


@dataclass(frozen=True, slots=True)
class _Office:
    zone: ZoneInfo
    holidays: Collection[date]
    covered: CoveredHours | None = None

    def spans(self, measure: Measure, start: datetime) -> Iterator[Span]:
        """The stretches of time that count, from `start` on, in order."""
        hours = self.covered if measure == "covered" else BUSINESS
        if measure == "elapsed" or hours is None:
            yield start.astimezone(UTC), _EVER
            return
        # From the day before: hours may run past midnight.
        for day in days_from(local_day(start, self.zone) - timedelta(days=1)):
            span = hours.span(day, self.zone, self.holidays)
            if span and span[1] > start:
                yield max(span[0], start.astimezone(UTC)), span[1]


@lru_cache(maxsize=4096)
def _opening_hours(first: date, opens: time, last: date, closes: time, zone: ZoneInfo) -> Span:
    return instant(first, opens, zone), instant(last, closes, zone)


def _clock(
    kind: Kind,
    table: Mapping[Kind, SlaTarget],
    started_at: datetime,
    finished_at: datetime | None,
    now: datetime,
    office: _Office,
    pauses: Sequence[Pause] = (),
) -> SlaClock:
    target = table[kind]
    stopped_at = finished_at or now
    held_at, over = _split(pauses, stopped_at)

    def spans() -> Iterator[Span]:
        return _without(office.spans(target.measure, started_at), over)

    due = _advance(spans(), target.seconds, started_at)
    # Pausing must not hide lateness; only the update clock rests all the same, as mitigating is what ends it.
    paused_at = held_at if held_at and (kind == "update" or held_at < due) else None
    seen_at = paused_at or stopped_at
    left = target.seconds - _used(spans(), seen_at) if seen_at < due else 0.0
    return SlaClock(
        kind=kind,
        due_at=due,
        state=_state(due, finished_at, paused_at, seen_at, left / target.seconds),
        total_s=target.seconds,
        left_s=int(left),
        late_s=max(0, int((seen_at - due).total_seconds())),
        finished_at=finished_at,
        soon_at=_advance(spans(), target.seconds * (1 - SOON_SHARE), started_at),
        started_at=started_at,
        measure=target.measure,
    )


def _state(
    due: datetime, finished_at: datetime | None, paused_at: datetime | None, seen_at: datetime, share_left: float
) -> State:
    if finished_at:
        return "met" if seen_at < due else "met_late"
    if paused_at:
        return "paused"
    if seen_at >= due:
        return "late"
    return "soon" if share_left < SOON_SHARE else "running"


def _split(pauses: Sequence[Pause], at: datetime) -> tuple[datetime | None, list[Span]]:
    """When the pause that holds at `at` began, if one does, and the pauses that are over by then."""
    over = sorted((begin, end) for begin, end in pauses if end and end <= at)
    held = [begin for begin, end in pauses if begin <= at and (end is None or end > at)]
    return min(held, default=None), over


def _without(spans: Iterator[Span], cuts: Sequence[Span]) -> Iterator[Span]:
    """The spans with every cut (sorted) taken out."""
    for begin, end in spans:
        start = begin
        for cut_start, cut_end in cuts:
            if cut_end > start and cut_start < end:
                if cut_start > start:
                    yield start, cut_start
                start = min(cut_end, end)
        if start < end:
            yield start, end


def _advance(spans: Iterator[Span], seconds: float, start: datetime) -> datetime:
    """When `seconds` of the spans have passed; `start` itself when none are asked for."""
    left = timedelta(seconds=seconds)
    if not left:
        return start.astimezone(UTC)
    for begin, end in spans:
        if end - begin >= left:
            return begin + left
        left -= end - begin
    return _EVER


def _used(spans: Iterator[Span], until: datetime) -> float:
    """Seconds of the spans that lie before `until`."""
    total = 0.0
    for begin, end in spans:
        if begin >= until:
            break
        total += (min(end, until) - begin).total_seconds()
    return total


def _table(severity: str, targets: Mapping[str, Mapping[Kind, SlaTarget]]) -> Mapping[Kind, SlaTarget]:
    if severity not in targets:
        raise ValueError(f"severity: {severity!r} is not a severity. Choose {', '.join(targets)}.")
    return targets[severity]


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _latest(first: datetime, *others: datetime | None) -> datetime:
    return max([first, *(moment for moment in others if moment)])
