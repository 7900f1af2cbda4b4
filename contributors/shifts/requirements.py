"""How many people a role needs when: its phases, weekly hours, single days and public holidays as requirements.

Pure over loaded rows. A day named in `headcount_on` counts more than its weekday, and that more than the phase's
own number; a named day is open even where the pattern is closed, and zero closes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from contributors.models import Role
from contributors.shifts import intervals
from contributors.shifts.intervals import Requirement, Span
from contributors.shifts.rotation_rules import WeeklyHours, open_spans
from periods.calendar.wallclock import instant, is_working_day, local_day
from periods.models import Period
from periods.planning import workdays

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_DAY: Final = timedelta(days=1)
MIDNIGHT: Final = time(0)


@dataclass(frozen=True)
class CoverPhase:
    """From `start` up to `end` one pattern holds."""

    start: datetime
    end: datetime
    cover: str
    headcount: int


def required_cover(period: Period, role: Role, *, start: datetime, end: datetime) -> list[Requirement]:
    """When a role must be covered within an interval, and by how many people."""
    found: list[Requirement] = []
    for phase in cover_phases(period, role):
        begin, finish = max(start, phase.start), min(end, phase.end)
        if begin < finish:
            found += _of_phase(role, phase, begin, finish, zone_of(role, period), country_of(role, period))
    return found


def cover_phases(period: Period, role: Role) -> list[CoverPhase]:
    """The patterns of a role one after the other; the last ends with its cover or the period."""
    first_end = min(role.cover_until or period.ends_at, period.ends_at)
    found = [CoverPhase(period.starts_at, first_end, role.cover, role.headcount)]
    for later in role.later_phases:
        until = datetime.fromisoformat(later["until"]) if later.get("until") else period.ends_at
        end = min(until, period.ends_at)
        found.append(CoverPhase(found[-1].end, end, later["cover"], later.get("headcount", role.headcount)))
    return [phase for phase in found if phase.start < phase.end]


def zone_of(role: Role, period: Period) -> ZoneInfo:
    """The zone its hours are meant in."""
    return ZoneInfo(role.zone_name) if role.zone_name else period.zone


def holidays_between(country: str, first: date, last: date) -> dict[date, str]:
    """Public holidays of a country (`DK`) or a part of it (`US-NY`), both days included; none for a blank one."""
    if not country or not knows_country(country):
        return {}
    named = workdays.holidays_between(*_place(country), first.year, last.year)
    return {day: name for day, name in named.items() if first <= day <= last}


def knows_country(country: str) -> bool:
    """Whether its holidays are known."""
    return workdays.is_known(*_place(country))


def country_of(role: Role, period: Period) -> str:
    """Whose public holidays close a role: its own country's, or the period's where it keeps the period's zone."""
    if role.country or (role.zone_name and role.zone_name != period.timezone):
        return role.country
    return "-".join(part for part in (period.country, period.subdivision) if part)


def _place(country: str) -> tuple[str, str]:
    name, _, part = country.partition("-")
    return name, part


def _of_phase(
    role: Role, phase: CoverPhase, start: datetime, end: datetime, zone: ZoneInfo, country: str
) -> list[Requirement]:
    first, last = local_day(start, zone), local_day(end, zone)
    closed = frozenset(holidays_between(country, first, last))
    if phase.cover == Role.Cover.CUSTOM:
        plain = _own_week(role, phase, start, end, zone)
    else:
        plain = intervals.required_windows(phase.cover, start, end, zone, headcount=phase.headcount, holidays=closed)
    if not role.headcount_on:
        return plain
    return _by_day(plain + _opened(role, phase, closed, start, end, zone), role.headcount_on, zone)


def _own_week(role: Role, phase: CoverPhase, start: datetime, end: datetime, zone: ZoneInfo) -> list[Requirement]:
    return [
        Requirement(begin, finish, row.get("people", phase.headcount))
        for row in role.week
        for begin, finish in open_spans([hours_of(row)], zone, start, end)
    ]


def hours_of(row: Mapping[str, Any]) -> WeeklyHours:
    """Stored hours of a week: `{"days": [0], "from": "08:00", "to": "20:00"}`; without days, every day."""
    return WeeklyHours(
        time.fromisoformat(row["from"]), time.fromisoformat(row["to"]), frozenset(row.get("days") or range(7))
    )


def _opened(
    role: Role, phase: CoverPhase, closed: Collection[date], start: datetime, end: datetime, zone: ZoneInfo
) -> list[Requirement]:
    """Business hours of the days that are named although nobody works then otherwise."""
    if phase.cover != Role.Cover.BUSINESS:
        return []
    days = (day for name in role.headcount_on if (day := _named(name)) is not None)
    extra = (day for day in days if not is_working_day(day, closed))
    opens, closes = intervals.HOURS["business"]
    spans: list[Span] = [(instant(day, opens, zone), instant(day, closes, zone)) for day in extra]
    return [Requirement(*span, phase.headcount) for span in intervals.clip(spans, start, end)]


def _named(name: str) -> date | None:
    return None if name in WEEKDAYS else date.fromisoformat(name)


def _by_day(plain: Iterable[Requirement], numbers: Mapping[str, int], zone: ZoneInfo) -> list[Requirement]:
    """The requirements cut at midnights, each day with its own number; neighbours that agree are one again."""
    found: list[Requirement] = []
    for need in sorted(plain):
        for begin, finish, day in _days(need, zone):
            people = numbers.get(day.isoformat(), numbers.get(WEEKDAYS[day.weekday()], need.headcount))
            if found and found[-1].end == begin and found[-1].headcount == people:
                found[-1] = Requirement(found[-1].start, finish, people)
            else:
                found.append(Requirement(begin, finish, people))
    return [need for need in found if need.headcount > 0]


def _days(need: Requirement, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, date]]:
    begin, day = need.start, local_day(need.start, zone)
    while begin < need.end:
        midnight = instant(day + A_DAY, MIDNIGHT, zone)
        if begin < midnight:
            yield begin, min(midnight, need.end), day
        begin, day = max(begin, midnight), day + A_DAY
