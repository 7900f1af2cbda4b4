"""Periods like a planned one, for its panel: dots on a line of days, and a table that says why they are alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from hypercare.models import User
from hypercare.ui import charts_svg
from incidents.models import Incident
from periods.planning import similar_periods
from periods.planning.scoring_model import ComplexityModel

BASE: Final = 52  # where the line of the chart is
TOP: Final = 18
STEP: Final = 9
LAST_TICK: Final = 86  # per cent; the word “days” stands at the end of the line
FIRST_INCIDENTS: Final = 3
NAMED: Final = 3


@dataclass(frozen=True)
class SimilarPeriodRow:
    """One past period: how alike, how long, and what came first."""

    past: similar_periods.PastPeriod
    same: str
    different: str
    incidents: list[Incident]


@dataclass(frozen=True)
class SimilarPeriodsPanel:
    """The chart (x in per cent, y in pixels) and the rows behind it."""

    history: similar_periods.SimilarHistory
    rows: list[SimilarPeriodRow]
    dots: list[dict[str, float]]
    ticks: list[dict[str, float]]
    x: float
    summary: str


def build_panel(
    answers: Mapping[str, int], days: int, *, by: User, model: ComplexityModel, without: int = 0
) -> SimilarPeriodsPanel | None:
    """What there is to learn from closed periods; None while there are fewer than three. Two queries."""
    found = similar_periods.find_similar(answers, by=by, model=model, without=without)
    if found is None:
        return None
    first = _first_incidents([past.period.pk for past in found.found])
    rows = [
        SimilarPeriodRow(past, _few(past.same), _few(past.different), first[past.period.pk]) for past in found.found
    ]
    farthest = max(days, found.longest)
    scale = 96 / (farthest * 1.08)
    ticks = (tick for tick in charts_svg.nice_ticks(farthest) if 0 < tick * scale < LAST_TICK)
    return SimilarPeriodsPanel(
        found,
        rows,
        _dots([past.took for past in found.found], scale),
        [{"x": round(tick * scale, 2), "days": tick} for tick in ticks],
        round(days * scale, 2),
        _summary(found),
    )


def _dots(lengths: list[int], scale: float) -> list[dict[str, float]]:
    """A dot a period, stacked where several took as long."""
    return [
        {"x": round(length * scale, 2), "y": max(TOP, BASE - 6 - STEP * level)}
        for length, same in groupby(sorted(lengths))
        for level, _ in enumerate(same)
    ]


def _summary(found: similar_periods.SimilarHistory) -> str:
    count = len(found.found)
    extended = f"; {found.extended} of {count} were extended" if found.extended else "; none was extended"
    return f"Half ended by day {found.half}, the longest took {found.longest}{extended}"


def _few(labels: Iterable[str]) -> str:
    """The labels that matter most, in one line."""
    named = [label.lower() for label in labels]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return f"{', '.join(named[:NAMED])}{more}"


def _first_incidents(period_ids: list[int]) -> Mapping[int, list[Any]]:
    """The first incidents of each period, by number, in one query."""
    found: dict[int, list[Any]] = defaultdict(list)
    rows = Incident.objects.filter(period__in=period_ids, number__lte=FIRST_INCIDENTS)
    for incident in rows.select_related("period").order_by("period_id", "number"):
        found[incident.period_id].append(incident)
    return found
