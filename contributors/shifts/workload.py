"""What duty asks of each person: hours, nights, weekends, pages, serious incidents, and how fair that is."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contributors.models import Delivery, Shift
from contributors.shifts import intervals, suitability, work_time_limits
from contributors.shifts.intervals import Span
from hypercare import registry
from hypercare.models import User
from periods.models import Period

MOST_SERIOUS: Final = 2  # P1 and P2 in a shift of twelve hours; beyond it, rotate (docs/domain.md section 7).
A_SHIFT: Final = timedelta(hours=12)


@dataclass(frozen=True)
class Workload:
    """One person in an interval. Hours at work and on call are counted apart; two roles at once count once."""

    user: User
    hours: float
    on_call_hours: float
    nights: float
    shifts: int
    pages: int
    night_pages: int
    serious: int

    @property
    def serious_per_shift(self) -> float:
        """P1 and P2 that began while they were on, per shift."""
        return round(self.serious / self.shifts, 2) if self.shifts else 0.0

    @property
    def heavy(self) -> bool:
        """Whether it is more than a shift should hold."""
        return self.serious_per_shift > MOST_SERIOUS


def workloads_of(period: Period, shifts: Sequence[Shift], *, start: datetime, end: datetime) -> list[Workload]:
    """The load of everybody with a shift, most hours first. Two queries beside the loaded shifts."""
    pages = _pages(period, start, end)
    serious: list[datetime] = registry.resolve(registry.URGENT_REPORT_TIMES)(period, start=start, end=end)
    held: dict[int, list[Shift]] = {}
    for shift in shifts:
        held.setdefault(shift.user_id, []).append(shift)
    found = [_of_person(mine, pages.get(pk, []), serious, (start, end)) for pk, mine in held.items()]
    return sorted(found, key=lambda one: (-one.hours - one.on_call_hours, one.user.name, one.user.pk))


def hours_spread(loads: Iterable[Workload]) -> tuple[float, float]:
    """The highest and the lowest hours at work of those who work at all; zeros when nobody does."""
    hours = [load.hours for load in loads if load.hours]
    return (max(hours), min(hours)) if hours else (0.0, 0.0)


def median_hours(loads: Iterable[Workload]) -> float:
    """The median of the hours at work of those who work at all; zero when nobody does."""
    hours = [load.hours for load in loads if load.hours]
    return statistics.median(hours) if hours else 0.0


def _of_person(mine: Sequence[Shift], pages: Sequence[datetime], serious: Sequence[datetime], window: Span) -> Workload:
    zone = mine[0].user.zone
    work = intervals.union(intervals.clip(suitability.working_time(mine), *window))
    everything = intervals.union(intervals.clip(((one.starts_at, one.ends_at) for one in mine), *window))
    hours, whole = (intervals.total_minutes(spans) / 60 for spans in (work, everything))
    primary = [one for one in mine if one.kind == Shift.Kind.PRIMARY]
    on = [at for at in serious if any(one.starts_at <= at < one.ends_at for one in primary)]
    at_night = [at for at in pages if work_time_limits.night_hours([(at, at + timedelta(minutes=1))], zone) > 0]
    return Workload(
        user=mine[0].user,
        hours=hours,
        on_call_hours=max(0.0, whole - hours),
        nights=work_time_limits.night_hours(work, zone),
        shifts=len(primary),
        pages=len(pages),
        night_pages=len(at_night),
        serious=len(on),
    )


def _pages(period: Period, start: datetime, end: datetime) -> dict[int, list[datetime]]:
    """When each person was paged, pages that were taken back left out. One query."""
    rows = Delivery.objects.filter(
        period=period, kind="page", created_at__gte=start, created_at__lt=end, recipient__isnull=False
    ).exclude(state=Delivery.State.CANCELLED)
    found: dict[int, list[datetime]] = {}
    for recipient, at in rows.order_by("created_at", "id").values_list("recipient_id", "created_at"):
        found.setdefault(recipient, []).append(at)
    return found
