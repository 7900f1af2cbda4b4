"""Geometry of the charts: pure functions from numbers to percentages of the plot.

Everything is a percentage (0 to 100, y downwards), so one drawing serves every width:
templates put it on percent-positioned shapes, or in a nested viewBox "0 0 100 100" whose
strokes do not scale. Text is positioned, never scaled. No HTML here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

MOST_GRID_LINES = 4
BAR_SHARE_OF_SLOT = 0.64
STACK = ("high", "p3", "p4")  # bottom to top; high is P1 and P2
NICE_STEPS = (1, 2, 4, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line: its value and height on the plot."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in percent, with what it stands for."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""
    value: float = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """One day on the horizontal axis."""

    x: float
    top: str
    bottom: str
    today: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A forecast for one day: the middle and the ends of the 80 % range."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class ArrivalDay:
    """What arrived on one day. `counts` has the keys high (P1 and P2), p3 and p4; None is a day to come."""

    top: str
    bottom: str
    counts: Mapping[str, int] | None = None
    forecast: Band | None = None
    today: bool = False

    @property
    def total(self) -> int:
        return sum((self.counts or {}).values())


@dataclass(frozen=True, slots=True)
class TotalLabel:
    x: float
    y: float
    text: str
    today: bool


@dataclass(frozen=True, slots=True)
class ArrivalsChart:
    """Stacked bars, the normal line and the forecast, ready to place."""

    ticks: Sequence[Tick]
    slots: Sequence[Slot]
    bars: Sequence[Box]
    totals: Sequence[TotalLabel]
    normal_y: float | None
    normal: float | None
    forecast_line: str
    forecast_band: str
    rows: Sequence[ArrivalDay]


def _r(value: float) -> float:
    return round(value, 2)


def nice_ticks(highest: float) -> list[int]:
    """Zero to at least `highest` in at most four even steps."""
    step = next((s for s in NICE_STEPS if s * MOST_GRID_LINES >= highest), NICE_STEPS[-1])
    top = max(1, -(-highest // step))
    return [step * i for i in range(int(top) + 1)]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_r(x)},{_r(y)}" for x, y in points)


def arrivals(days: Sequence[ArrivalDay], *, normal: float | None = None) -> ArrivalsChart:
    """Bars per day by severity against the normal level and, where given, the forecast."""
    highest = max([d.total for d in days] + [d.forecast.high for d in days if d.forecast] + [normal or 0, 1])
    ticks = nice_ticks(highest)
    top, slot = ticks[-1], 100 / max(1, len(days))
    middles = [slot * (i + 0.5) for i in range(len(days))]

    def y(value: float) -> float:
        return _r(100 - 100 * value / top)

    known = [(x, d.forecast) for x, d in zip(middles, days, strict=True) if d.forecast]
    return ArrivalsChart(
        ticks=[Tick(t, y(t)) for t in ticks],
        slots=[Slot(_r(x), d.top, d.bottom, d.today) for x, d in zip(middles, days, strict=True)],
        bars=[box for x, d in zip(middles, days, strict=True) for box in _stack(d, x, slot, top)],
        totals=[
            TotalLabel(_r(x), y(d.total), f"{d.total}{'*' if d.today else ''}", d.today)
            for x, d in zip(middles, days, strict=True)
            if d.counts is not None
        ],
        normal_y=None if normal is None else y(normal),
        normal=normal,
        forecast_line=_points([(x, y(f.mid)) for x, f in known]),
        forecast_band=_points(
            [(x, y(f.high)) for x, f in known] + [(x, y(f.low)) for x, f in reversed(known)]
        ),
        rows=days,
    )


def _stack(day: ArrivalDay, middle: float, slot: float, top: float) -> list[Box]:
    boxes, below, width = [], 0, slot * BAR_SHARE_OF_SLOT
    for kind in STACK:
        count = (day.counts or {}).get(kind, 0)
        if count:
            high = 100 * count / top
            y = 100 - 100 * below / top - high
            boxes.append(Box(_r(middle - width / 2), _r(y), _r(width), _r(high), kind, count))
            below += count
    return boxes


@dataclass(frozen=True, slots=True)
class BurndownChart:
    """Open count as steps, the exit target, and where the pace leads."""

    ticks: Sequence[Tick]
    slots: Sequence[Slot]
    line: str
    end: tuple[float, float] | None
    open_now: int | None
    target_y: float
    target: float
    pace: str
    hit: tuple[float, float] | None
    hit_label: str
    rows: Sequence[tuple[str, int]]


def burndown(
    days: Sequence[tuple[str, str, bool]], samples: Sequence[tuple[float, int]], *,
    target: float, pace: Sequence[tuple[float, float]] = (), hit: float | None = None, hit_label: str = "",
) -> BurndownChart:  # fmt: skip
    """A step line of open incidents over the window.

    `days` are (top, bottom, is today) labels; `samples` are (days since the window began,
    open count) in order; `pace` continues in the same units; `hit` is the day it meets `target`.
    """
    highest = max([count for _, count in samples] + [value for _, value in pace] + [target, 1])
    ticks = nice_ticks(highest)
    top, span = ticks[-1], max(1, len(days))

    def at(day: float, value: float) -> tuple[float, float]:
        return _r(100 * day / span), _r(100 - 100 * value / top)

    return BurndownChart(
        ticks=[Tick(t, at(0, t)[1]) for t in ticks],
        slots=[Slot(_r(100 * (i + 0.5) / span), *labels) for i, labels in enumerate(days)],
        line=_steps([at(day, count) for day, count in samples]),
        end=at(*samples[-1]) if samples else None,
        open_now=samples[-1][1] if samples else None,
        target_y=at(0, target)[1],
        target=target,
        pace=_points([at(day, value) for day, value in pace]),
        hit=None if hit is None else at(hit, target),
        hit_label=hit_label,
        rows=_closing_counts(days, samples),
    )


def _steps(points: Sequence[tuple[float, float]]) -> str:
    if not points:
        return ""
    return f"M{points[0][0]} {points[0][1]}" + "".join(f"H{x}V{y}" for x, y in points[1:])


def _closing_counts(
    days: Sequence[tuple[str, str, bool]], samples: Sequence[tuple[float, int]]
) -> list[tuple[str, int]]:
    rows = []
    for i, (top, bottom, _) in enumerate(days):
        seen = [count for day, count in samples if day < i + 1]
        if seen and samples[-1][0] >= i:
            rows.append((f"{top} {bottom}", seen[-1]))
    return rows


@dataclass(frozen=True, slots=True)
class Sparkline:
    points: str
    end: tuple[float, float] | None
    target_y: float | None


def sparkline(values: Sequence[float], *, target: float | None = None) -> Sparkline:
    """A line scaled to its own range (the target included), 8 % inside the edges."""
    shown = [*values, *([] if target is None else [target])]
    low, high = min(shown, default=0), max(shown, default=0)

    def y(value: float) -> float:
        return _r(50.0 if high == low else 92 - 84 * (value - low) / (high - low))

    last = max(1, len(values) - 1)
    points = [(_r(94 * i / last), y(v)) for i, v in enumerate(values)]
    return Sparkline(_points(points), points[-1] if points else None, None if target is None else y(target))


def day_ruler(day: int, days: int, *, part: float = 0.5) -> list[Box]:
    """One segment per day: past, now (split into what is gone and what is left), to come."""
    slot, gap = 100 / max(1, days), min(0.8, 12 / max(1, days))
    boxes = []
    for i in range(days):
        x, width = slot * i, slot - gap
        if i + 1 == day:
            gone = width * max(0.0, min(1.0, part))
            boxes += [Box(_r(x), 0, _r(width), 100, "left"), Box(_r(x), 0, _r(gone), 100, "now")]
        else:
            boxes.append(Box(_r(x), 0, _r(width), 100, "past" if i + 1 < day else "ahead"))
    return boxes


def segments(states: Sequence[str]) -> list[Box]:
    """Equal blocks in a row, one per state, with a gap of a sixth."""
    slot = 100 / max(1, len(states))
    return [Box(_r(slot * i), 0, _r(slot * 5 / 6), 100, kind) for i, kind in enumerate(states)]


def share(moment: datetime, starts_at: datetime, ends_at: datetime) -> float:
    """Where a moment lies in a window, in percent, clamped to its ends."""
    # In UTC: subtracting two datetimes of one zone would ignore a clock change between them.
    at, start, end = (m.astimezone(UTC) for m in (moment, starts_at, ends_at))
    part = (at - start) / (end - start)
    return _r(100 * max(0.0, min(1.0, part)))


def span(starts_at: datetime, ends_at: datetime, *, window: tuple[datetime, datetime]) -> Box | None:
    """A bar inside a window, or None when it lies outside (intervals are half-open)."""
    if ends_at <= window[0] or starts_at >= window[1]:
        return None
    x = share(starts_at, *window)
    return Box(x, 0, _r(share(ends_at, *window) - x), 100)


@dataclass(frozen=True, slots=True)
class Step:
    """One answer of a waterfall: what it adds and where its bar stands."""

    label: str
    points: float
    x: float
    width: float


def waterfall(parts: Sequence[tuple[str, float]]) -> list[Step]:
    """Each part begins where the sum so far ended; a part that adds nothing is a hair line."""
    sums = [0.0]
    for _, points in parts:
        sums.append(sums[-1] + points)
    low, high = min(sums), max(*sums, 1)
    scale = 100 / (high - low)
    widths = [max(abs(points) * scale, 0.8) for _, points in parts]
    starts = [(min(pair) - low) * scale for pair in pairwise(sums)]
    return [
        Step(label, points, _r(min(x, 100 - width)), _r(width))
        for (label, points), x, width in zip(parts, starts, widths, strict=True)
    ]
