"""The two charts of the overview with the one sentence each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypercare.ui import charts_svg
from incidents.reporting import daily_counts, exit_measures
from periods.models import Period

WEEK = 7
MOST_DAYS = 56  # a bar of each in half a screen; a longer window is drawn by its weeks


@dataclass(frozen=True, slots=True)
class ChartFinding:
    """What a chart shows, as a pill and a sentence. `tone` is ok only for good news, else neutral."""

    tone: str
    pill: str
    sentence: str


def build_charts(period: Period, *, cap: float | None, at: datetime) -> dict[str, Any]:
    """Geometry and finding of arrivals and burn-down. Four queries.

    `cap` is how many P3 and P4 the plan agrees to leave open; None is a plan that has no such criterion.
    """
    days = daily_counts.count_days(period, at=at)
    normal = period.baseline_issues / period.baseline_days if period.baseline_issues and period.baseline_days else None
    by_week = len(days) > MOST_DAYS
    return {
        "arrivals": charts_svg.draw_arrivals(
            _weeks(days) if by_week else _days(days), normal=normal and normal * (WEEK if by_week else 1)
        ),
        "arrivals_unit": "week" if by_week else "day",
        "arrivals_finding": arrivals_finding(days, normal),
        "logged": sum(day.total for day in days),
        "resolved": sum(day.resolved for day in days),
        **_burndown(period, days, cap, at),
    }


def _labels(days: list[daily_counts.DayCounts]) -> list[tuple[str, str]]:
    return charts_svg.axis_labels([day.on for day in days], _place_of_today([day.today for day in days]))


def _place_of_today(flags: list[bool]) -> int | None:
    return flags.index(True) if True in flags else None


def _days(days: list[daily_counts.DayCounts]) -> list[charts_svg.ArrivalDay]:
    return [
        charts_svg.ArrivalDay(top, bottom, day.counts, None, day.today, f"{day.on:%a %-d %b}")
        for day, (top, bottom) in zip(days, _labels(days), strict=True)
    ]


def _weeks(days: list[daily_counts.DayCounts]) -> list[charts_svg.ArrivalDay]:
    """The days summed by seven from go-live on; the week that holds today counts up to now."""
    weeks = [days[i : i + WEEK] for i in range(0, len(days), WEEK)]
    current = [any(day.today for day in week) for week in weeks]
    labels = charts_svg.axis_labels([week[0].on for week in weeks], _place_of_today(current))
    return [
        charts_svg.ArrivalDay(*label, _summed(week), None, today, f"Week of {week[0].on:%-d %b}")
        for week, label, today in zip(weeks, labels, current, strict=True)
    ]


def _summed(week: list[daily_counts.DayCounts]) -> dict[str, int] | None:
    known = [day.counts for day in week if day.counts is not None]
    return {kind: sum(counts[kind] for counts in known) for kind in charts_svg.STACK} if known else None


def arrivals_finding(days: list[daily_counts.DayCounts], normal: float | None) -> ChartFinding:
    """The mean of the last full days, at most seven, against the normal level."""
    full = [day.total for day in days if day.arrived is not None and not day.today][-WEEK:]
    if not full:
        return ChartFinding("neutral", "First day", "Incidents logged per day; the first day is not over yet.")
    mean = sum(full) / len(full)
    said = f"{mean:.1f} a day over the last {len(full)} full day{'' if len(full) == 1 else 's'}"
    if not normal:
        return ChartFinding("neutral", f"{mean:.1f} a day", f"{said}; no normal level is known.")
    percent = round(100 * (mean / normal - 1))
    words = "At the normal level" if not percent else f"{abs(percent)} % {'above' if percent > 0 else 'under'} normal"
    return ChartFinding("ok" if percent <= 0 else "neutral", words, f"{said}, normal is {normal:.1f}.")


def _burndown(period: Period, days: list[daily_counts.DayCounts], cap: float | None, at: datetime) -> dict[str, Any]:
    samples = daily_counts.burn_down_steps(period, at=at)
    now_x, open_now = samples[-1]
    slope = weekly_pace(days)
    hit = None if cap is None or slope >= 0 or open_now <= cap else now_x + (open_now - cap) / -slope
    inside = hit is not None and hit <= len(days)
    end = (hit if inside else float(len(days))) or now_x
    line = [(now_x, float(open_now)), (end, max(0.0, open_now + slope * (end - now_x)))] if slope < 0 else []
    label = f"{days[min(int(hit), len(days) - 1)].on:%a %-d}" if inside and hit is not None else ""
    levels = exit_measures.open_by_severity(period, at=at)
    return {
        "burndown": charts_svg.draw_burndown(
            [(*said, day.today) for day, said in zip(days, _labels(days), strict=True)],
            samples,
            target=cap,
            capped=None if cap is None else levels["P3"] + levels["P4"],
            pace=line if end > now_x else (),
            hit=hit if inside else None,
            hit_label=f"{cap:g} open {label}" if cap is not None else "",
            names=[f"{day.on:%a %-d %b}" for day in days],
        ),
        "burndown_finding": burndown_finding(levels, cap, hit, days),
    }


def weekly_pace(days: list[daily_counts.DayCounts]) -> float:
    """Net change of the number open per day over the last week, or since go-live. Negative is falling."""
    known = [day.open for day in days if day.open is not None][-WEEK - 1 :]
    return (known[-1] - known[0]) / (len(known) - 1) if len(known) > 1 else 0.0


def burndown_finding(
    levels: Mapping[str, int], cap: float | None, hit: float | None, days: list[daily_counts.DayCounts]
) -> ChartFinding:
    """How many are open, whether P3 and P4 keep within their cap, and else when this week's pace gets there.

    Good news only while no P1 or P2 is open: the cap says nothing about those. `hit` is when as few are open as the
    cap allows, of whatever severity, in days since the window began.
    """
    high, low = levels["P1"] + levels["P2"], levels["P3"] + levels["P4"]
    said = f"{high} P1 or P2 and {low} P3 or P4 are open"
    if cap is None:
        return ChartFinding("neutral", f"{high + low} open", f"{said}; the plan sets no cap.")
    said = f"{said}; the plan leaves {cap:g} or fewer P3 and P4"
    if low <= cap:
        words = f"{high} P1 or P2 open" if high else "P3 and P4 within the cap"
        return ChartFinding("neutral" if high else "ok", words, f"{said}.")
    if hit is None:
        return ChartFinding("neutral", "Not falling", f"{said}; the number open did not fall this week.")
    tone, pace_says = ("neutral" if high else "ok"), f"{said}; at this week's pace {cap:g} are open"
    if hit > len(days):
        late = int(hit - len(days)) + 1
        return ChartFinding("neutral", f"{late} d after the end", f"{pace_says} {late} d after the end.")
    spare = int(len(days) - hit)
    on = days[0].on + timedelta(days=int(hit))
    words = f"{spare} day{'' if spare == 1 else 's'} to spare" if spare else "Just in time"
    return ChartFinding(tone, words, f"{pace_says} on {on:%a %-d %b}.")
