"""The days of a period in numbers, and the steps of what was open: what the charts draw. Wishes never count.

Days are those of the period's zone. Definitions: docs/domain.md sections 4 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from incidents.models import Incident, StatusChange
from incidents.reporting import cached_counts, hourly_totals
from periods.calendar.wallclock import local_day
from periods.models import Period

MOST_STEPS: Final = 1000


@dataclass(frozen=True, slots=True)
class DayCounts:
    """One local day: what arrived (by severity), came back and was resolved, and what was open at its end.

    `arrived` and `open` are None for a day to come. It is also what `hypercare.ui.charts_svg.draw_arrivals` draws.
    """

    on: date
    arrived: dict[str, int] | None
    reopened: int
    resolved: int
    open: int | None
    today: bool
    forecast: Any = None

    @property
    def top(self) -> str:
        """The weekday's initial."""
        return f"{self.on:%a}"[0]

    @property
    def bottom(self) -> str:
        """The day of the month."""
        return str(self.on.day)

    @property
    def counts(self) -> dict[str, int] | None:
        """Arrivals as the chart stacks them: P1 and P2 together, P3, P4."""
        if self.arrived is None:
            return None
        return {"high": self.arrived["P1"] + self.arrived["P2"], "p3": self.arrived["P3"], "p4": self.arrived["P4"]}

    @property
    def total(self) -> int:
        """Everything that arrived."""
        return sum((self.arrived or {}).values())


def count_days(period: Period, *, at: datetime) -> list[DayCounts]:
    """Each local day of the window from go-live on, and beyond its end while it is open. Two queries.

    The last day so far counts up to `at`. Re-openings are a series of their own, not arrivals.
    """
    found: list[DayCounts] = cached_counts.count_while_unchanged("daily", period, at, lambda: _daily(period, at))
    return found


def _daily(period: Period, at: datetime) -> list[DayCounts]:
    summed = hourly_totals.totals_of(period)
    reported = _by_day(period, summed, hourly_totals.REPORTED, at)
    moved = _by_day(period, summed, hourly_totals.MOVED, at)
    today, window = local_day(at, period.zone), _window(period, at)
    still_open, days = sum(_net(counts) for on, counts in moved.items() if on < window[0]), []
    for on in window:
        figures, steps, past = reported.get(on, (0,) * 5), moved.get(on, (0,) * 4), on <= today
        levels = {str(level): figures[place] for place, level in enumerate(Incident.Severity)}
        still_open += _net(steps)
        days.append(
            DayCounts(on, levels if past else None, steps[1], steps[2], still_open if past else None, on == today)
        )
    return days


def _by_day(
    period: Period, summed: hourly_totals.HourlyTotals, name: str, at: datetime
) -> dict[date, hourly_totals.Counts]:
    found: dict[date, hourly_totals.Counts] = {}
    for hour, counts in summed.hours(name, at=at).items():
        on = local_day(summed.start_of(hour), period.zone)
        found[on] = hourly_totals.add_counts(found[on], counts) if on in found else counts
    return found


def _net(moved: hourly_totals.Counts) -> int:
    reported, back, resolved, _ = moved
    return reported + back - resolved


def burn_down_steps(period: Period, *, at: datetime) -> list[tuple[float, int]]:
    """Steps of the number open: (days since midnight of the first day, open from then on). One query.

    A period of many incidents has a step an hour. Beyond a thousand steps, which no chart can show, only so many of
    them, each as it was.
    """
    found: list[tuple[float, int]] = cached_counts.count_while_unchanged(
        "burn", period, at, lambda: _burn_down(period, at)
    )
    return found


def _burn_down(period: Period, at: datetime) -> list[tuple[float, int]]:
    first, open_now, samples = local_day(period.starts_at, period.zone), 0, [(0.0, 0)]
    for moment, net in _by_hour(period, at) if cached_counts.is_costly_to_count(period) else _each(period, at):
        open_now += net
        samples.append((max(0.0, _place(moment, first, period)), open_now))
    samples = samples[:: len(samples) // MOST_STEPS + 1]
    return [*samples, (max(0.0, _place(at, first, period)), open_now)]


def _each(period: Period, at: datetime) -> list[tuple[datetime, int]]:
    steps = counted_changes(period).filter(at__lte=at).exclude(opens=0).order_by("at", "id")
    return list(steps.values_list("at", "opens"))


def _by_hour(period: Period, at: datetime) -> list[tuple[datetime, int]]:
    """What was open at the end of each hour."""
    summed = hourly_totals.totals_of(period)
    hours = sorted(summed.hours(hourly_totals.MOVED, at=at).items())
    return [(min(at, summed.start_of(hour + 1)), _net(counts)) for hour, counts in hours]


def counted_changes(period: Period) -> QuerySet[StatusChange]:
    """The steps of what the window is judged by: a wish never came and never went."""
    return StatusChange.objects.filter(period=period).exclude(incident__kind__in=Incident.UNCOUNTED)


def _place(moment: datetime, first: date, period: Period) -> float:
    """Days since midnight of the first day, on the clock on the wall: a day is one whatever its hours."""
    local = moment.astimezone(period.zone)
    return round((local.date() - first).days + (local.hour * 60 + local.minute) / 1440, 4)


def _window(period: Period, at: datetime) -> list[date]:
    first, last = (
        local_day(period.starts_at, period.zone),
        local_day(period.ends_at - timedelta(microseconds=1), period.zone),
    )
    over = local_day(min(at, period.ended_at or at), period.zone)
    return [first + timedelta(days=i) for i in range((max(first, last, over) - first).days + 1)]
