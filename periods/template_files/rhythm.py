"""The rhythm of debriefs: how often, for which band, and the instants that follow from it.

Pure. Day 1 is the go-live day in the period's zone. "Daily" is every calendar day, for a go-live weekend is
worked; the slower cadences of stabilising keep to working days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Literal
from zoneinfo import ZoneInfo

from periods.calendar.wallclock import days_from, instant, is_working_day, local_day, require_aware

Cadence = Literal["twice daily", "daily", "alternate", "3/wk"]

DEBRIEF_MINUTES: Final = 15
AFTERNOON: Final = time(16, 0)
MORNING: Final = time(9, 30)
_MON_WED_FRI: Final = frozenset({0, 2, 4})


@dataclass(frozen=True, slots=True)
class CadenceStretch:
    """A cadence from one day to another, both included; None is the end of the period."""

    first_day: int
    last_day: int | None
    cadence: Cadence


RHYTHM: Final[dict[str, tuple[CadenceStretch, ...]]] = {
    "minimal": (CadenceStretch(1, None, "daily"),),
    "low": (CadenceStretch(1, 3, "daily"), CadenceStretch(4, None, "alternate")),
    "moderate": (
        CadenceStretch(1, 3, "twice daily"),
        CadenceStretch(4, 10, "daily"),
        CadenceStretch(11, None, "alternate"),
    ),
    "high": (CadenceStretch(1, 5, "twice daily"), CadenceStretch(6, 15, "daily"), CadenceStretch(16, None, "3/wk")),
    "very_high": (
        CadenceStretch(1, 10, "twice daily"),
        CadenceStretch(11, 30, "daily"),
        CadenceStretch(31, None, "3/wk"),
    ),
}


def cadence_on(band: str, day_number: int, stretches: tuple[CadenceStretch, ...] = ()) -> Cadence:
    """The cadence in force on a day of the period (1 is the go-live day). Raises ValueError for the band."""
    stretches = stretches or _rhythm(band)
    return next(s.cadence for s in stretches if s.last_day is None or day_number <= s.last_day)


def debrief_slots(
    *,
    band: str,
    go_live: datetime,
    ends_at: datetime,
    zone: ZoneInfo,
    hour_local: time = AFTERNOON,
    second_local: time = MORNING,
    holidays: Collection[date] = frozenset(),
    stretches: tuple[CadenceStretch, ...] = (),
) -> list[datetime]:
    """When debriefs start (UTC, in order, each DEBRIEF_MINUTES long) from go-live until before the end.

    Times are wall-clock times of `zone` and hold over daylight saving. `hour_local` is the one debrief of a
    day, `second_local` the other one where there are two. Holidays count as days off for the "alternate"
    cadence only. `stretches` (the last one open-ended) take the place
    of the band's rhythm. Raises ValueError for an unknown band or a moment without a time zone.
    """
    require_aware(go_live=go_live, ends_at=ends_at)
    days = _debrief_days(band, local_day(go_live, zone), local_day(ends_at, zone), holidays, stretches)
    slots = {
        instant(day, clock, zone)
        for day, cadence in days
        for clock in ((hour_local, second_local) if cadence == "twice daily" else (hour_local,))
    }
    return sorted(slot for slot in slots if go_live <= slot < ends_at)


def _debrief_days(
    band: str, first: date, last: date, holidays: Collection[date], stretches: tuple[CadenceStretch, ...]
) -> Iterator[tuple[date, Cadence]]:
    """The days that have a debrief, with the cadence in force."""
    _rhythm(band)
    rested = 0
    for number, day in enumerate(days_from(first), start=1):
        if day > last:
            return
        cadence = cadence_on(band, number, stretches)
        if cadence == "alternate":
            rested += is_working_day(day, holidays)
            held = is_working_day(day, holidays) and rested % 2 == 0
        else:
            held = cadence != "3/wk" or day.weekday() in _MON_WED_FRI
        if held:
            yield day, cadence


def _rhythm(band: str) -> tuple[CadenceStretch, ...]:
    if band not in RHYTHM:
        raise ValueError(f"band: {band!r} is not a band. Choose {', '.join(RHYTHM)}.")
    return RHYTHM[band]
