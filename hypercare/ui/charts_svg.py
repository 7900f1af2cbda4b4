"""Geometry of the charts: pure functions from numbers to percentages of the plot.

Everything is a percentage (0 to 100, y downwards), so one drawing serves every width:
templates put it on percent-positioned shapes, or in a nested viewBox "0 0 100 100" whose
strokes do not scale. Text is positioned, never scaled. No HTML here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

MOST_GRID_LINES = 4
BAR_SHARE_OF_SLOT = 0.64
STACK = ("high", "p3", "p4")  # bottom to top; high is P1 and P2
MOST_LABELS = 14  # under an axis on a desk; a narrow one hides those of rank 1 and 2
WEEK = 7
STEPS_OF_DAYS = (1, 2, WEEK, 2 * WEEK, 4 * WEEK, 8 * WEEK, 16 * WEEK, 52 * WEEK)
STEPS_OF_WEEKS = (1, 2, 4, 8, 16, 52)
RANKS = (0, 2, 1, 2)  # of four labels in a row: which stays longest
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
    """A label on the horizontal axis. `rank` says how early it gives way on a narrow one: 2, then 1, 0 never."""

    x: float
    top: str
    bottom: str
    today: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class ForecastBand:
    """A forecast for one day: the middle and the ends of the 80 % range."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class ArrivalDay:
    """What arrived on one day, or in one week. `counts` has the keys high (P1 and P2), p3 and p4; None is to come.

    `top` and `bottom` are its label, both empty where the axis has none for it; `name` is what a table calls it.
    """

    top: str
    bottom: str
    counts: Mapping[str, int] | None = None
    forecast: ForecastBand | None = None
    today: bool = False
    name: str = ""

    @property
    def total(self) -> int:
        return sum((self.counts or {}).values())


@dataclass(frozen=True, slots=True)
class TotalLabel:
    x: float
    y: float
    text: str
    today: bool
    rank: int = 0


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


def axis_labels(starts: Sequence[date], today: int | None = None) -> list[tuple[str, str]]:
    """The label under each day or week as (top, bottom), for as many as there is room; two empty words for the others.

    Weekday and date while at least every second day has one, else date and month, the month where it changes. The
    one of index `today` has a label in any case, and its neighbours give way to it.
    """
    daily = len(starts) < 2 or starts[1] - starts[0] == timedelta(days=1)
    steps = STEPS_OF_DAYS if daily else STEPS_OF_WEEKS
    step = next((one for one in steps if len(starts) <= one * MOST_LABELS), steps[-1])
    chosen = {i for i in range(0, len(starts), step) if today is None or _are_apart(i, today, starts)} | {today}
    labels, month = [], 0
    for i, start in enumerate(starts):
        if i not in chosen:
            labels.append(("", ""))
        elif daily and step < WEEK:
            labels.append((f"{start:%a}"[0], str(start.day)))
        else:
            labels.append((str(start.day), f"{start:%b}" if start.month != month else ""))
            month = start.month
    return labels


def _are_apart(one: int, other: int, places: Sequence[object]) -> bool:
    """Whether labels at two of so many places leave each other room."""
    return abs(one - other) * MOST_LABELS >= len(places)


def _slots(middles: Sequence[float], labels: Sequence[tuple[str, str, bool]]) -> list[Slot]:
    """The labels that say something, each with its rank, counted from today's."""
    said = [(x, *label) for x, label in zip(middles, labels, strict=True) if label[0] or label[1]]
    anchor = next((i for i, (*_, today) in enumerate(said) if today), 0)
    return [Slot(_r(x), top, bottom, today, RANKS[(i - anchor) % 4]) for i, (x, top, bottom, today) in enumerate(said)]


def _totals(middles: Sequence[float], days: Sequence[ArrivalDay], y: Callable[[float], float]) -> list[TotalLabel]:
    """The figure over each bar while there is room for all; else over the last one and, away from it, the highest."""
    known = [(x, day) for x, day in zip(middles, days, strict=True) if day.counts is not None]
    last = next((i for i, (_, day) in enumerate(known) if day.today), len(known) - 1)
    roomy = len(days) <= MOST_LABELS
    highest = max(range(len(known)), key=lambda i: known[i][1].total, default=0)
    far = _are_apart(highest, last, days)
    return [
        TotalLabel(
            _r(x),
            y(day.total),
            f"{day.total}{'*' if day.today else ''}",
            day.today,
            RANKS[(i - last) % 4] if roomy else 0,
        )
        for i, (x, day) in enumerate(known)
        if roomy or i == last or (i == highest and far)
    ]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_r(x)},{_r(y)}" for x, y in points)


def draw_arrivals(days: Sequence[ArrivalDay], *, normal: float | None = None) -> ArrivalsChart:
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
        slots=_slots(middles, [(d.top, d.bottom, d.today) for d in days]),
        bars=[box for x, d in zip(middles, days, strict=True) for box in _stack(d, x, slot, top)],
        totals=_totals(middles, days, y),
        normal_y=None if normal is None else y(normal),
        normal=normal,
        forecast_line=_points([(x, y(f.mid)) for x, f in known]),
        forecast_band=_points([(x, y(f.high)) for x, f in known] + [(x, y(f.low)) for x, f in reversed(known)]),
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
    """Open count as steps, what the plan caps with how many of these are open now, and where the pace leads."""

    ticks: Sequence[Tick]
    slots: Sequence[Slot]
    line: str
    end: tuple[float, float] | None
    open_now: int | None
    target_y: float | None
    target: float | None
    capped: tuple[float, float] | None
    capped_now: int | None
    pace: str
    hit: tuple[float, float] | None
    hit_label: str
    rows: Sequence[tuple[str, int]]


def draw_burndown(
    days: Sequence[tuple[str, str, bool]],
    samples: Sequence[tuple[float, int]],
    *,
    target: float | None,
    capped: int | None = None,
    pace: Sequence[tuple[float, float]] = (),
    hit: float | None = None,
    hit_label: str = "",
    names: Sequence[str] = (),
) -> BurndownChart:
    """A step line of open incidents over the window.

    `days` are (top, bottom, is today) labels and `names` what a table calls them, the labels where left out;
    `samples` are (days since the window began, open count) in order; `target` caps not these but `capped`, how many
    of a kind are open now; `pace` continues in the same units; `hit` is the day it meets `target`.
    """
    highest = max([count for _, count in samples] + [value for _, value in pace] + [target or 0, 1])
    ticks = nice_ticks(highest)
    top, span = ticks[-1], max(1, len(days))

    def at(day: float, value: float) -> tuple[float, float]:
        return _r(100 * day / span), _r(100 - 100 * value / top)

    return BurndownChart(
        ticks=[Tick(t, at(0, t)[1]) for t in ticks],
        slots=_slots([100 * (i + 0.5) / span for i in range(len(days))], days),
        line=_steps([at(day, count) for day, count in samples]),
        end=at(*samples[-1]) if samples else None,
        open_now=samples[-1][1] if samples else None,
        target_y=None if target is None else at(0, target)[1],
        target=target,
        capped=at(samples[-1][0], capped) if samples and capped is not None else None,
        capped_now=capped,
        pace=_points([at(day, value) for day, value in pace]),
        hit=None if hit is None or target is None else at(hit, target),
        hit_label=hit_label,
        rows=_closing_counts(names or [f"{top} {bottom}" for top, bottom, _ in days], samples),
    )


def _steps(points: Sequence[tuple[float, float]]) -> str:
    if not points:
        return ""
    return f"M{points[0][0]} {points[0][1]}" + "".join(f"H{x}V{y}" for x, y in points[1:])


def _closing_counts(names: Sequence[str], samples: Sequence[tuple[float, int]]) -> list[tuple[str, int]]:
    rows = []
    for i, name in enumerate(names):
        seen = [count for day, count in samples if day < i + 1]
        if seen and samples[-1][0] >= i:
            rows.append((name, seen[-1]))
    return rows


@dataclass(frozen=True, slots=True)
class Sparkline:
    points: str
    end: tuple[float, float] | None
    target_y: float | None


def draw_sparkline(values: Sequence[float], *, target: float | None = None) -> Sparkline:
    """A line scaled to its own range (the target included), 8 % inside the edges."""
    shown = [*values, *([] if target is None else [target])]
    low, high = min(shown, default=0), max(shown, default=0)

    def y(value: float) -> float:
        return _r(50.0 if high == low else 92 - 84 * (value - low) / (high - low))

    last = max(1, len(values) - 1)
    points = [(_r(94 * i / last), y(v)) for i, v in enumerate(values)]
    return Sparkline(_points(points), points[-1] if points else None, None if target is None else y(target))


def draw_day_ruler(day: int, days: int, *, part: float = 0.5) -> list[Box]:
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


def draw_segments(states: Sequence[str]) -> list[Box]:
    """Equal blocks in a row, one per state, with a gap of a sixth."""
    slot = 100 / max(1, len(states))
    return [Box(_r(slot * i), 0, _r(slot * 5 / 6), 100, kind) for i, kind in enumerate(states)]


def share_of_window(moment: datetime, starts_at: datetime, ends_at: datetime) -> float:
    """Where a moment lies in a window, in percent, clamped to its ends."""
    # In UTC: subtracting two datetimes of one zone would ignore a clock change between them.
    at, start, end = (m.astimezone(UTC) for m in (moment, starts_at, ends_at))
    part = (at - start) / (end - start)
    return _r(100 * max(0.0, min(1.0, part)))


def place_span(starts_at: datetime, ends_at: datetime, *, window: tuple[datetime, datetime]) -> Box | None:
    """A bar inside a window, or None when it lies outside (intervals are half-open)."""
    if ends_at <= window[0] or starts_at >= window[1]:
        return None
    x = share_of_window(starts_at, *window)
    return Box(x, 0, _r(share_of_window(ends_at, *window) - x), 100)


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One answer of a waterfall: what it adds and where its bar stands."""

    label: str
    points: float
    x: float
    width: float


def draw_waterfall(parts: Sequence[tuple[str, float]]) -> list[WaterfallStep]:
    """Each part begins where the sum so far ended; a part that adds nothing is a hair line."""
    sums = [0.0]
    for _, points in parts:
        sums.append(sums[-1] + points)
    low, high = min(sums), max(*sums, 1)
    scale = 100 / (high - low)
    widths = [max(abs(points) * scale, 0.8) for _, points in parts]
    starts = [(min(pair) - low) * scale for pair in pairwise(sums)]
    return [
        WaterfallStep(label, points, _r(min(x, 100 - width)), _r(width))
        for (label, points), x, width in zip(parts, starts, widths, strict=True)
    ]
