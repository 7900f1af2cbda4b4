"""What the address of the coverage board asks for: which days, in whose time, and what is selected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from contributors.shifts import roster
from hypercare.database.numbers import number_of
from hypercare.models import User
from periods.calendar import wallclock
from periods.models import Period

LATEST = 10**10  # a second of the year 2286: nobody plans beyond it, and no calendar beyond the year 9999
DAYS = {"day": 1, "5": 5, "all": 0}
VIEWS = (("day", "Day"), ("5", "5 days"), ("all", "Whole window"))


@dataclass(frozen=True)
class GanttQuery:
    """What the address asks for: which days, in whose time, and what is selected."""

    view: str
    first: date
    zone_name: str
    zone: ZoneInfo
    gap: str = ""
    shift: str = ""

    @property
    def days(self) -> int:
        """Days shown; 0 is the whole window."""
        return DAYS[self.view]

    def link(self, **changes: str) -> str:
        """The query string of this view with changes."""
        now = {"view": self.view, "from": self.first.isoformat(), "zone": self.zone_name}
        return "?" + urlencode({key: value for key, value in {**now, **changes}.items() if value})


def read_query(params: dict[str, str], period: Period, viewer: User, *, at: datetime) -> GanttQuery:
    """What the address asks for; anything that cannot be meant falls back to the usual."""
    zone_name = params.get("zone", "") if params.get("zone") in ("utc", "each") else "mine"
    zone = ZoneInfo("UTC") if zone_name == "utc" else viewer.zone
    view = params.get("view", "") if params.get("view") in DAYS else "5"
    first = _first(params, period, zone, view, at)
    return GanttQuery(view, first, zone_name, zone, params.get("gap", ""), params.get("shift", ""))


def _first(params: dict[str, str], period: Period, zone: ZoneInfo, view: str, at: datetime) -> date:
    begin, last = (wallclock.local_day(moment, zone) for moment in roster_bounds(period))
    if view == "all":
        return begin
    wanted = _date(params.get("from", "")) or _gap_day(params.get("gap", ""), zone) or wallclock.local_day(at, zone)
    return max(begin, min(wanted, last - timedelta(days=DAYS[view] - 1)))


def roster_bounds(period: Period) -> tuple[datetime, datetime]:
    """The first and the last instant of a period's roster."""
    first, last = roster.roster_window(period)
    return first, last - timedelta(microseconds=1)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _gap_day(text: str, zone: ZoneInfo) -> date | None:
    moment = number_of(text.removesuffix("d").partition("-")[2])
    return None if moment is None or moment >= LATEST else datetime.fromtimestamp(moment, zone).date()


def midnight_of(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins on the clocks of a zone."""
    return datetime.combine(day, time(0), tzinfo=zone)
