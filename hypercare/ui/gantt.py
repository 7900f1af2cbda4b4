"""Timelines: bars of duty on lanes, as percentages of a window. Pure; `components/gantt.html` places them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from hypercare.ui.charts_svg import Box, place_span, share_of_window

LONGEST_TABLE = 1000  # rows
WEEK = 7
# Days across a lane up to which each has hours, its name, every second its name; beyond, weeks have their date.
WITH_HOURS, WITH_NAMES, WITH_EVERY_SECOND = 7, 14, 28
# Pixels: the narrowest lane that a page draws, half the flag with the time of day and its margin, an hour's two digits,
# and how far right of its line an hour stands (the first of a day further).
NARROWEST_LANE, HALF_FLAG, HOUR, AFTER_LINE, AFTER_FIRST_LINE = 530, 24, 15, 4, 8


def night_boxes(window: tuple[datetime, datetime], *, dawn: int = 7, dusk: int = 22) -> list[Box]:
    """The dark hours of a window in the zone its datetimes carry; local midnights survive clock changes."""
    first = window[0].replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    count = (window[1].date() - first.date()).days + 1
    days = [first + timedelta(days=i) for i in range(count + 1)]
    dark = [(today.replace(hour=dusk), tomorrow.replace(hour=dawn)) for today, tomorrow in pairwise(days)]
    return [box for start, end in dark if (box := place_span(start, end, window=window))]


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
    """A day's column: where it begins, its hour ticks as (x, label), the holiday it is, and what it is called.

    `label` is empty where a long window has no room for it; `ruled` is a day that a line begins.
    """

    starts_at: datetime
    x: float
    hours: Sequence[tuple[float, str]]
    today: bool
    named: str = ""
    width: float = 0
    label: str = ""
    ruled: bool = True


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


def draw_gantt(
    lanes: Sequence[Lane], *, window: tuple[datetime, datetime], now: datetime, named: Mapping[date, str] | None = None
) -> Gantt:
    """Lanes of duty over a window. The window's zone decides days, hours and nights; `named` are holidays."""
    zone = window[0].tzinfo
    local = now.astimezone(zone)
    midnights = _midnights(window)
    now_x = share_of_window(now, *window) if window[0] <= now < window[1] else None
    days = [
        GanttDay(
            starts_at=day,
            x=share_of_window(day, *window),
            hours=_hours(day, window, now_x) if len(midnights) <= WITH_HOURS else [],
            today=day.date() == local.date(),
            named=(named or {}).get(day.date(), ""),
            width=round(share_of_window(day + timedelta(days=1), *window) - share_of_window(day, *window), 2),
            label=label,
            ruled=len(midnights) <= WITH_EVERY_SECOND or not day.weekday(),
        )
        for day, label in zip(midnights, _labels(midnights, local.date()), strict=True)
    ]
    placed = [PlacedLane(lane.name, lane.note, _place(lane.bars, window, now)) for lane in lanes]
    # In a window of many weeks a night is a hair: so many of them are noise.
    dark = night_boxes(window) if len(midnights) <= WITH_EVERY_SECOND else []
    return Gantt(days, placed, dark, now_x, local)


def _hours(day: datetime, window: tuple[datetime, datetime], now_x: float | None) -> list[tuple[float, str]]:
    """Every sixth hour, without the words that the time of day would cover."""
    ticks = [
        (share_of_window(at, *window), f"{at:%H}") for h in (0, 6, 12, 18) if (at := day.replace(hour=h)) < window[1]
    ]
    return [(x, "" if _is_under_the_flag(x, now_x, first=not i) else hour) for i, (x, hour) in enumerate(ticks)]


def _is_under_the_flag(x: float, now_x: float | None, *, first: bool) -> bool:
    """Whether the time of day would cover the hour at `x`, which stands right of its line. Percentages of a lane."""
    if now_x is None:
        return False
    after = (now_x - x) * NARROWEST_LANE / 100 - (AFTER_FIRST_LINE if first else AFTER_LINE)
    return -HALF_FLAG < after < HALF_FLAG + HOUR


def _labels(midnights: Sequence[datetime], today: date) -> list[str]:
    """What each day is called; today in any case, and its neighbours give way to it."""
    count = len(midnights)
    if count <= WITH_EVERY_SECOND:
        step = 1 if count <= WITH_NAMES else 2
        chosen = set(range(0, count, step))
    else:
        step = max(WEEK // 2, count // WITH_NAMES)
        chosen = {i for i, day in enumerate(midnights) if not day.weekday()}
    current = next((i for i, day in enumerate(midnights) if day.date() == today), None)
    if current is not None:
        chosen = {i for i in chosen if abs(i - current) >= step} | {current}
    if count > WITH_NAMES:
        chosen = {i for i in chosen if i in {0, current} or (count - i) * WITH_NAMES >= count}  # not cut at the edge
    words = "%a %-d" if count <= WITH_EVERY_SECOND else "%-d %b"
    return [f"{day:{words}}" if i in chosen else "" for i, day in enumerate(midnights)]


def _midnights(window: tuple[datetime, datetime]) -> list[datetime]:
    first = window[0].replace(hour=0, minute=0, second=0, microsecond=0)
    count = (window[1] - first).days + 2
    days = [first + timedelta(days=i) for i in range(count)]
    return [max(day, window[0]) for day in days if day < window[1] and day + timedelta(days=1) > window[0]]


def _place(bars: Sequence[Bar], window: tuple[datetime, datetime], now: datetime) -> list[PlacedBar]:
    placed = [(bar, place_span(bar.starts_at, bar.ends_at, window=window)) for bar in bars]
    shown = [(bar, box) for bar, box in placed if box]
    following: list[Box | None] = [*(box for _, box in shown), None][1:]
    return [
        PlacedBar(bar, box.x, _uncovered(box, after), bar.ends_at <= now)
        for (bar, box), after in zip(shown, following, strict=True)
    ]


def _uncovered(box: Box, following: Box | None) -> float:
    """How wide a bar is drawn: up to the next one where two people meet at a hand-off, so that its end is seen."""
    if following is None or not box.x < following.x < box.x + box.width:
        return box.width
    overlap = box.x + box.width - following.x
    return box.width if 2 * overlap > min(box.width, following.width) else round(box.width - overlap, 2)
