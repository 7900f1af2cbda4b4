"""Timelines: bars of duty on lanes, as percentages of a window. Pure; `components/gantt.html` places them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from hypercare.svg import Box, share, span

LONGEST_TABLE = 1000  # rows


def nights(window: tuple[datetime, datetime], *, dawn: int = 7, dusk: int = 22) -> list[Box]:
    """The dark hours of a window in the zone its datetimes carry; local midnights survive clock changes."""
    first = window[0].replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    count = (window[1].date() - first.date()).days + 1
    days = [first + timedelta(days=i) for i in range(count + 1)]
    dark = [(today.replace(hour=dusk), tomorrow.replace(hour=dawn)) for today, tomorrow in pairwise(days)]
    return [box for start, end in dark if (box := span(start, end, window=window))]


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of duty on a lane. `kind` is duty, oncall, override or gap; `tint` is the site, 1 to 3."""

    starts_at: datetime
    ends_at: datetime
    label: str
    kind: str = "duty"
    tint: int = 1
    mine: bool = False
    double: bool = False
    href: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    note: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class PlacedBar:
    """A bar with its place; `past` when it is over. The label is drawn at the visible start."""

    bar: Bar
    x: float
    width: float
    past: bool


@dataclass(frozen=True, slots=True)
class PlacedLane:
    name: str
    note: str
    bars: Sequence[PlacedBar]


@dataclass(frozen=True, slots=True)
class GanttDay:
    """A day's column: where it begins, its hour ticks as (x, label) and the holiday it is."""

    starts_at: datetime
    x: float
    hours: Sequence[tuple[float, str]]
    today: bool
    named: str = ""
    width: float = 0


@dataclass(frozen=True, slots=True)
class Gantt:
    days: Sequence[GanttDay]
    lanes: Sequence[PlacedLane]
    nights: Sequence[Box]
    now_x: float | None
    now: datetime

    @property
    def has_table(self) -> bool:
        """Whether its table is short enough to be read, and to be sent with the page."""
        return sum(len(lane.bars) for lane in self.lanes) <= LONGEST_TABLE


def gantt(
    lanes: Sequence[Lane],
    *,
    window: tuple[datetime, datetime],
    now: datetime,
    named: Mapping[date, str] | None = None,
) -> Gantt:
    """Lanes of duty over a window. The window's zone decides days, hours and nights; `named` are holidays."""
    zone = window[0].tzinfo
    local = now.astimezone(zone)
    midnights = _midnights(window)
    ticks = (0, 6, 12, 18) if len(midnights) <= 7 else ()
    days = [
        GanttDay(
            starts_at=day,
            x=share(day, *window),
            hours=[
                (share(day.replace(hour=h), *window), f"{h:02d}")
                for h in ticks
                if day.replace(hour=h) < window[1]
            ],
            today=day.date() == local.date(),
            named=(named or {}).get(day.date(), ""),
            width=round(share(day + timedelta(days=1), *window) - share(day, *window), 2),
        )
        for day in midnights
    ]
    inside = window[0] <= now < window[1]
    placed = [PlacedLane(lane.name, lane.note, _place(lane.bars, window, now)) for lane in lanes]
    return Gantt(days, placed, nights(window), share(now, *window) if inside else None, local)


def _midnights(window: tuple[datetime, datetime]) -> list[datetime]:
    first = window[0].replace(hour=0, minute=0, second=0, microsecond=0)
    count = (window[1] - first).days + 2
    days = [first + timedelta(days=i) for i in range(count)]
    return [max(day, window[0]) for day in days if day < window[1] and day + timedelta(days=1) > window[0]]


def _place(bars: Sequence[Bar], window: tuple[datetime, datetime], now: datetime) -> list[PlacedBar]:
    placed = [(bar, span(bar.starts_at, bar.ends_at, window=window)) for bar in bars]
    shown = [(bar, box) for bar, box in placed if box]
    after = [box for _, box in shown[1:]] + [None]
    return [
        PlacedBar(bar, box.x, _uncovered(box, following), bar.ends_at <= now)
        for (bar, box), following in zip(shown, after, strict=True)
    ]


def _uncovered(box: Box, following: Box | None) -> float:
    """How wide a bar is drawn: up to the next one where two people meet at a hand-off, so that its end is seen."""
    if following is None or not box.x < following.x < box.x + box.width:
        return box.width
    overlap = box.x + box.width - following.x
    return box.width if 2 * overlap > min(box.width, following.width) else round(box.width - overlap, 2)
