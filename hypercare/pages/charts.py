"""The two charts of the overview with the one sentence each of them says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypercare import svg
from incidents import daybook
from periods.models import Period

WEEK = 7
DEFAULT_TARGET = 10.0  # open P3 and P4 a plan agrees to leave, when it names no number


@dataclass(frozen=True, slots=True)
class Finding:
    """What a chart shows, as a pill and a sentence. `tone` is ok only for good news, else neutral."""

    tone: str
    pill: str
    sentence: str


def charts(period: Period, *, target: float | None, at: datetime) -> dict[str, Any]:
    """Geometry and finding of arrivals and burn-down. Three queries."""
    days = daybook.daily(period, at=at)
    goal = DEFAULT_TARGET if target is None else target
    normal = (
        period.baseline_issues / period.baseline_days
        if period.baseline_issues and period.baseline_days
        else None
    )
    return {
        "arrivals": svg.arrivals([_arrival(day) for day in days], normal=normal),
        "arrivals_finding": arrivals_finding(days, normal),
        "logged": sum(day.total for day in days),
        "resolved": sum(day.resolved for day in days),
        **_burndown(period, days, goal, at),
    }


def _arrival(day: daybook.Day) -> svg.ArrivalDay:
    return svg.ArrivalDay(day.top, day.bottom, day.counts, None, day.today)


def arrivals_finding(days: list[daybook.Day], normal: float | None) -> Finding:
    """The mean of the last full days, at most seven, against the normal level."""
    full = [day.total for day in days if day.arrived is not None and not day.today][-WEEK:]
    if not full:
        return Finding("neutral", "First day", "Incidents logged per day; the first day is not over yet.")
    mean = sum(full) / len(full)
    said = f"{mean:.1f} a day over the last {len(full)} full day{'' if len(full) == 1 else 's'}"
    if not normal:
        return Finding("neutral", f"{mean:.1f} a day", f"{said}; no normal level is known.")
    percent = round(100 * (mean / normal - 1))
    words = (
        "At the normal level"
        if not percent
        else f"{abs(percent)} % {'above' if percent > 0 else 'under'} normal"
    )
    return Finding("ok" if percent <= 0 else "neutral", words, f"{said}, normal is {normal:.1f}.")


def _burndown(period: Period, days: list[daybook.Day], target: float, at: datetime) -> dict[str, Any]:
    samples = daybook.burn_down(period, at=at)
    now_x, open_now = samples[-1]
    slope = pace(days)
    hit = now_x + (open_now - target) / -slope if slope < 0 and open_now > target else None
    inside = hit is not None and hit <= len(days)
    end = (hit if inside else float(len(days))) or now_x
    line = [(now_x, float(open_now)), (end, max(0.0, open_now + slope * (end - now_x)))] if slope < 0 else []
    label = f"{days[min(int(hit), len(days) - 1)].on:%a %-d}" if inside and hit is not None else ""
    return {
        "burndown": svg.burndown(
            [(day.top, day.bottom, day.today) for day in days], samples, target=target,
            pace=line if end > now_x else (), hit=hit if inside else None, hit_label=f"on target {label}",
        ),
        "burndown_finding": burndown_finding(open_now, target, hit, days),
    }  # fmt: skip


def pace(days: list[daybook.Day]) -> float:
    """Net change of the number open per day over the last week, or since go-live. Negative is falling."""
    known = [day.open for day in days if day.open is not None][-WEEK - 1 :]
    return (known[-1] - known[0]) / (len(known) - 1) if len(known) > 1 else 0.0


def burndown_finding(open_now: int, target: float, hit: float | None, days: list[daybook.Day]) -> Finding:
    """Whether the exit target is met, and else when this week's pace meets it."""
    said = f"{open_now} open, the exit target is {target:g} or fewer"
    if open_now <= target:
        return Finding("ok", "Within the target", f"{said}.")
    if hit is None:
        return Finding("neutral", "Not falling", f"{said}; the number open did not fall this week.")
    spare = int(len(days) - hit)
    if hit > len(days):
        late = -int(len(days) - hit) + 1
        return Finding(
            "neutral", f"{late} d after the end", f"{said}; at this week's pace met {late} d after the end."
        )
    on = days[0].on + timedelta(days=int(hit))
    words = f"{spare} day{'' if spare == 1 else 's'} to spare" if spare else "Just in time"
    return Finding("ok", words, f"{said}; at this week's pace met on {on:%a %-d %b}.")
