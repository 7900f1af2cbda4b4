"""Fatigue rules: what a plan asks of one person, judged against the limits of the period.

Pure but for reading and setting the limits. The usual limits are those of docs/domain.md section 7 (HSE guidance and
Directive 2003/88/EC among its sources); a period may change each. `block` refuses, `warn` is shown and recorded.
Time on call at home (deputies, and roles that are on call) is counted in the load, but is not work and not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from django.db import transaction

from contributors.models import FatigueLimits
from contributors.shifts import intervals
from contributors.shifts.intervals import Span
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.access.access import require_right
from periods.calendar.wallclock import instant, local_day
from periods.journal import journal
from periods.models import Period

Level = Literal["block", "warn", "off"]
LEVELS: Final[tuple[Level, ...]] = ("block", "warn", "off")
HOUR: Final = timedelta(hours=1)
A_DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
NIGHT: Final = (time(23), time(6))
NIGHT_WORK: Final = 3 * HOUR  # A shift with this much of the night in it is a night shift.
LONG: Final = 10 * HOUR
SLEEP: Final = (time(23), time(7))


@dataclass(frozen=True, slots=True)
class WorkTimeLimit:
    """A number and what happens beyond it."""

    label: str
    limit: float
    level: Level
    unit: str = "hours"


USUAL: Final[Mapping[str, WorkTimeLimit]] = {
    "shift": WorkTimeLimit("Longest shift", 12, "block"),
    "night": WorkTimeLimit("Longest night shift", 8, "warn"),
    "rest": WorkTimeLimit("Rest between shifts", 11, "block"),
    "weekly_rest": WorkTimeLimit("Longest rest in a week", 35, "warn"),
    "week": WorkTimeLimit("Hours in seven days", 48, "warn"),
    "days": WorkTimeLimit("Days in a row", 6, "warn", "days"),
    "nights": WorkTimeLimit("Long or night shifts in a row", 3, "warn", "shifts"),
    "turn": WorkTimeLimit("Nights of sleep between night and day", 2, "warn", "nights"),
    "away": WorkTimeLimit("Duty during an absence", 0.5, "block"),
}


AT_LEAST: Final = frozenset({"rest", "weekly_rest", "turn"})  # The others are limits from above.


@dataclass(frozen=True, slots=True)
class LimitBreach:
    """One rule broken at one place. `text` is a sentence without the person's name."""

    rule: str
    level: Level
    at: datetime
    text: str


def find_breaches(
    worked: Sequence[Span],
    zone: ZoneInfo,
    limits: Mapping[str, WorkTimeLimit] = USUAL,
    *,
    planned_in: ZoneInfo | None = None,
) -> list[LimitBreach]:
    """What a person's working time breaks, by time. Spans may overlap or touch: they are one stretch then.

    `planned_in` is the zone the plan is made in: an hour that its clocks add or take away warns at most.
    """
    stretches = [(start.astimezone(zone), end.astimezone(zone)) for start, end in intervals.union(worked)]
    checks = (_night, _weeks, _days_in_a_row, _hard_in_a_row, _turning)
    found = [finding for check in checks for finding in check(stretches, zone, limits)]
    found += [*_long(stretches, limits, planned_in), *_rest(stretches, limits, planned_in)]
    return sorted((one for one in found if one.level != "off"), key=lambda one: (one.at, one.rule))


def added_breaches(
    before: Sequence[Span],
    added: Sequence[Span],
    zone: ZoneInfo,
    limits: Mapping[str, WorkTimeLimit] = USUAL,
    *,
    planned_in: ZoneInfo | None = None,
) -> list[LimitBreach]:
    """What would be broken by adding to a plan that was not broken before."""
    known = {(one.rule, one.text) for one in find_breaches(before, zone, limits, planned_in=planned_in)}
    return [
        one
        for one in find_breaches([*before, *added], zone, limits, planned_in=planned_in)
        if (one.rule, one.text) not in known
    ]


def absence_breaches(
    duties: Sequence[Span], away: Sequence[Span], zone: ZoneInfo, limits: Mapping[str, WorkTimeLimit] = USUAL
) -> list[LimitBreach]:
    """Each duty, also on call, of which more lies in absences than the limit lets; it names the days."""
    limit, found = limits["away"], []
    for start, end in duties if limit.level != "off" else ():
        missed = intervals.clip(intervals.union(away), start, end)
        if sum(_hours(*part) for part in missed) > limit.limit:
            whole = next(one for one in intervals.union(away) if one[0] < end and one[1] > start)
            days = f"away {_at(whole[0].astimezone(zone))} to {_at(whole[1].astimezone(zone))}"
            found.append(
                LimitBreach(
                    "away",
                    limit.level,
                    start,
                    f"{days}, on duty {_at(start.astimezone(zone))} to {_at(end.astimezone(zone))}",
                )
            )
    return found


def is_night(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Whether at least three hours of a stretch lie between 23:00 and 06:00."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() == last.date() and first.time() >= NIGHT[1]:
        return False  # By day, as nearly all are: no need to look at the clocks' changes.
    return sum((b - a for a, b in _nights(start, end, zone, NIGHT)), timedelta(0)) >= NIGHT_WORK


def night_hours(spans: Iterable[Span], zone: ZoneInfo) -> float:
    """Hours between 23:00 and 06:00 on the person's own clocks."""
    parts = (part for start, end in spans for part in _nights(start, end, zone, NIGHT))
    return sum((b - a).total_seconds() for a, b in parts) / 3600


def _nights(start: datetime, end: datetime, zone: ZoneInfo, clock: tuple[time, time]) -> list[Span]:
    first = local_day(start, zone) - A_DAY
    days = [first + n * A_DAY for n in range((local_day(end, zone) - first).days + 1)]
    dark = ((instant(day, clock[0], zone), instant(day + A_DAY, clock[1], zone)) for day in days)
    return intervals.clip(dark, start, end)


# --- The rules ----------------------------------------------------------------------------------


def _long(
    stretches: Sequence[Span], limits: Mapping[str, WorkTimeLimit], plan: ZoneInfo | None
) -> Iterator[LimitBreach]:
    limit = limits["shift"]
    for start, end in stretches:
        if _hours(start, end) > limit.limit:
            planned = _on_the_wall(start, end, plan) > limit.limit
            yield LimitBreach(
                "shift",
                _softer(limit, planned=planned),
                start,
                f"{_h(_hours(start, end))} on duty from {_at(start)}, {_h(limit.limit)} is the most",
            )


def _night(stretches: Sequence[Span], zone: ZoneInfo, limits: Mapping[str, WorkTimeLimit]) -> Iterator[LimitBreach]:
    limit = limits["night"]
    for start, end in stretches:
        if _hours(start, end) > limit.limit and is_night(start, end, zone):
            yield LimitBreach("night", limit.level, start, f"Night shift of {_h(_hours(start, end))} from {_at(start)}")


def _rest(
    stretches: Sequence[Span], limits: Mapping[str, WorkTimeLimit], plan: ZoneInfo | None
) -> Iterator[LimitBreach]:
    limit = limits["rest"]
    for (_, end), (start, _) in pairwise(stretches):
        if _hours(end, start) < limit.limit:
            planned = _on_the_wall(end, start, plan) < limit.limit
            yield LimitBreach(
                "rest",
                _softer(limit, planned=planned),
                start,
                f"Only {_h(_hours(end, start))} rest before {_at(start)}, {_h(limit.limit)} is the least",
            )


def _weeks(stretches: Sequence[Span], _zone: ZoneInfo, limits: Mapping[str, WorkTimeLimit]) -> Iterator[LimitBreach]:
    """Each week that begins with a stretch; of several in a row that are too full the first is named."""
    told: dict[str, datetime] = {}
    for n, (start, _) in enumerate(stretches):
        inside = intervals.clip(stretches[n : n + 40], start, start + WEEK)
        for one in (_full_week(inside, start, limits["week"]), _short_rest(inside, start, limits["weekly_rest"])):
            if one and (one.rule not in told or start - told[one.rule] >= WEEK):
                told[one.rule] = start
                yield one


def _full_week(inside: Sequence[Span], start: datetime, limit: WorkTimeLimit) -> LimitBreach | None:
    hours = sum(_hours(*span) for span in inside)
    if hours <= limit.limit:
        return None
    return LimitBreach("week", limit.level, start, f"{_h(hours)} in the seven days from {start:%a %-d %b}")


def _short_rest(inside: Sequence[Span], start: datetime, limit: WorkTimeLimit) -> LimitBreach | None:
    free = [_hours(a[1], b[0]) for a, b in pairwise(inside)] + [_hours(inside[-1][1], start + WEEK)]
    if max(free) >= limit.limit:
        return None
    return LimitBreach(
        "weekly_rest", limit.level, start, f"No {_h(limit.limit)} of rest in the week from {start:%a %-d %b}"
    )


def _days_in_a_row(
    stretches: Sequence[Span], zone: ZoneInfo, limits: Mapping[str, WorkTimeLimit]
) -> Iterator[LimitBreach]:
    limit, days = limits["days"], sorted({start.astimezone(zone).date() for start, _ in stretches})
    run: list[date] = []
    for day in [*days, None]:
        if day is not None and run and day - run[-1] == A_DAY:
            run.append(day)
            continue
        if len(run) > limit.limit:
            at = instant(run[0], time(0), zone)
            yield LimitBreach("days", limit.level, at, f"{len(run)} days in a row from {run[0]:%a %-d %b}")
        run = [day] if day is not None else []


def _hard_in_a_row(
    stretches: Sequence[Span], zone: ZoneInfo, limits: Mapping[str, WorkTimeLimit]
) -> Iterator[LimitBreach]:
    limit = limits["nights"]
    run: list[Span] = []
    for span in [*stretches, None]:
        follows = span is not None and (not run or span[0] - run[-1][1] < A_DAY)
        if span is not None and follows and (_hours(*span) > LONG / HOUR or is_night(*span, zone)):
            run.append(span)
            continue
        if len(run) > limit.limit:
            text = f"{len(run)} long or night shifts in a row from {run[0][0]:%a %-d %b}"
            yield LimitBreach("nights", limit.level, run[0][0], text)
        run = []


def _turning(stretches: Sequence[Span], zone: ZoneInfo, limits: Mapping[str, WorkTimeLimit]) -> Iterator[LimitBreach]:
    limit = limits["turn"]
    for before, after in pairwise(stretches):
        if not is_night(*before, zone) or is_night(*after, zone) or after[0] - before[1] > WEEK:
            continue
        whole = _hours(instant(before[1].date(), SLEEP[0], zone), instant(before[1].date() + A_DAY, SLEEP[1], zone))
        nights = sum(_hours(*part) >= whole for part in _nights(before[1], after[0], zone, SLEEP))
        if nights < limit.limit:
            yield LimitBreach(
                "turn", limit.level, after[0], f"{nights} nights of sleep between the night shift and {_at(after[0])}"
            )


def _hours(start: datetime, end: datetime) -> float:
    # By the clock of the world: two datetimes of one zone would be compared by the clock on the wall.
    return (end.timestamp() - start.timestamp()) / 3600


def _on_the_wall(start: datetime, end: datetime, plan: ZoneInfo | None) -> float:
    """Hours by the clocks of the plan, or the person's own."""
    first, last = (moment.astimezone(plan) if plan else moment for moment in (start, end))
    return (last.replace(tzinfo=None) - first.replace(tzinfo=None)).total_seconds() / 3600


def _softer(limit: WorkTimeLimit, *, planned: bool) -> Level:
    """A limit that is broken by a change of the clocks alone, once a year, warns at most."""
    return limit.level if planned or limit.level == "off" else "warn"


def _h(hours: float) -> str:
    return f"{hours:.1f}".removesuffix(".0") + " h"


def _at(moment: datetime) -> str:
    return f"{moment:%a %-d %b %H:%M}"


# --- Limits of a period -------------------------------------------------------------------------


def limits_of(period: Period) -> dict[str, WorkTimeLimit]:
    """The limits that hold in a period. One query."""
    own = FatigueLimits.objects.filter(period=period).values_list("limits", flat=True).first() or {}
    return {
        rule: WorkTimeLimit(usual.label, float(own[rule]["limit"]), own[rule]["level"], usual.unit)
        if rule in own
        else usual
        for rule, usual in USUAL.items()
    }


@transaction.atomic
def set_limits(
    period_id: int, limits: Mapping[str, Mapping[str, Any]], *, by: User, at: datetime, via: str = ""
) -> dict[str, WorkTimeLimit]:
    """Change limits of a period; those left out keep the usual. Raises Invalid naming the rule, NotAllowed."""
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, "shifts.manage")
    if errors := {rule: text for rule, one in limits.items() if (text := _problem(rule, one))}:
        raise Invalid(errors)
    FatigueLimits.objects.update_or_create(period=period, defaults={"limits": {k: dict(v) for k, v in limits.items()}})
    journal.record(period, "fatigue.changed", by=by, at=at, via=via, limits={k: dict(v) for k, v in limits.items()})
    return limits_of(period)


def _problem(rule: str, one: Mapping[str, Any]) -> str:
    if rule not in USUAL:
        return f"“{rule}” is not a rule. Use {', '.join(USUAL)}."
    if one.get("level") not in LEVELS:
        return f"{USUAL[rule].label}: choose block, warn or off."
    number = one.get("limit")
    if not isinstance(number, int | float) or isinstance(number, bool) or not 0 < number <= 168:
        return f"{USUAL[rule].label}: give a number from 1 to 168."
    return ""
