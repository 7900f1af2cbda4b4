"""The whole window of a period as a strip: covered, too few, somebody missing, or nobody asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contributors.shifts.coverage import RoleGap
from contributors.shifts.gantt_query import GanttQuery, midnight_of, roster_bounds
from contributors.shifts.intervals import Span
from hypercare.ui import charts_svg
from hypercare.ui.charts_svg import Box
from periods.calendar import wallclock
from periods.models import Period

WORDS = {"ok": "covered", "thin": "too few", "gap": "somebody missing", "off": "nobody is asked to answer pages"}
CELL = timedelta(hours=8)
LONGEST_STRIP = 45
FILLED = 0.93  # of a cell of the strip; the rest keeps it apart from the next


@dataclass(frozen=True)
class OverviewCell:
    """A stretch of the strip: `ok`, `thin` (too few), `gap` (nobody) or `off` (nobody asked), and where it leads."""

    box: Box
    kind: str
    past: bool
    link: str
    title: str


@dataclass(frozen=True)
class OverviewStrip:
    """The whole window at a glance."""

    cells: tuple[OverviewCell, ...]
    labels: tuple[tuple[float, str], ...]
    view: Box

    @property
    def has_off(self) -> bool:
        """Whether there is time for which nobody is asked."""
        return any(cell.kind == "off" for cell in self.cells)


def build_strip(
    period: Period,
    asked: GanttQuery,
    gaps: Sequence[RoleGap],
    needed: Sequence[Span],
    shown: tuple[datetime, datetime],
    at: datetime,
) -> OverviewStrip:
    """The strip, with the shown days framed. `needed` is when somebody is asked to answer pages: no gap is no cover."""
    first = midnight_of(wallclock.local_day(roster_bounds(period)[0], asked.zone), asked.zone)
    last = midnight_of(wallclock.local_day(roster_bounds(period)[1], asked.zone) + timedelta(days=1), asked.zone)
    days = (last.date() - first.date()).days
    step = CELL if days <= LONGEST_STRIP else timedelta(days=1)
    view = charts_svg.place_span(*shown, window=(first, last)) or Box(0, 0, 100, 100)
    every = max(1, -(-days // 15))
    labels = [(charts_svg.share_of_window(day, first, last), f"{day:%-d}") for day in _days(first, days)[::every]]
    return OverviewStrip(
        cells=tuple(_cells(asked, gaps, needed, (first, last), step, at)), labels=tuple(labels), view=view
    )


def _days(first: datetime, count: int) -> list[datetime]:
    return [first + timedelta(days=n) for n in range(count)]


def _cells(
    asked: GanttQuery,
    gaps: Sequence[RoleGap],
    needed: Sequence[Span],
    window: tuple[datetime, datetime],
    step: timedelta,
    at: datetime,
) -> list[OverviewCell]:
    cells, start = [], window[0]
    while start < window[1]:
        end = min(start + step, window[1])
        kind = _kind(gaps, needed, start.astimezone(UTC), end.astimezone(UTC))
        placed = charts_svg.place_span(start, end, window=window) or Box(0, 0, 0, 0)
        box = Box(placed.x, 0, round(placed.width * FILLED, 2), 100)
        link = asked.link(**{"from": start.date().isoformat(), "view": "5" if asked.view == "all" else asked.view})
        cells.append(OverviewCell(box, kind, end <= at, link, f"{start:%a %-d %b %H:%M}: {WORDS[kind]}"))
        start = end
    return cells


def _kind(gaps: Sequence[RoleGap], needed: Sequence[Span], start: datetime, end: datetime) -> str:
    inside = [gap for gap in gaps if gap.start < end and gap.end > start]
    if any(gap.nobody for gap in inside):
        return "gap"
    if inside:
        return "thin"
    return "ok" if any(begin < end and finish > start for begin, finish in needed) else "off"
