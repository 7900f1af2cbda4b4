"""What the answers suggest, and why: length, cover, debriefs, and what periods like this one took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from itertools import groupby
from typing import Any, Final

from contributors.shifts import roles
from hypercare.models import User
from hypercare.pages.planning import similar_periods
from hypercare.ui import charts_svg
from periods.calendar import wallclock
from periods.models import Period
from periods.planning import complexity, planning, workdays
from periods.planning.plan_checks import LATEST_YEAR
from periods.planning.scoring_model import BAND_LABELS, ComplexityModel, cover_words
from periods.template_files.rhythm import debrief_slots

SHOWN_DAYS: Final = 28
TONES: Final = {"minimal": "neutral", "low": "ok", "moderate": "info", "high": "warn", "very_high": "danger"}
CELLS: Final = {"24x7": "full", "12x7": "day", "business": "day", "none": ""}


@dataclass(frozen=True)
class PlanSuggestion:
    """Everything the panel shows. Without `found` only the answered part of the score is known."""

    points: int
    answered: int
    questions: int
    steps: list[charts_svg.WaterfallStep]
    found: complexity.Recommendation | None = None
    tone: str = "neutral"
    days: int = 0
    first: date | None = None
    last: date | None = None
    end: complexity.PlanEnd | None = None
    days_steps: list[charts_svg.WaterfallStep] = field(default_factory=list)
    idle_floors: list[complexity.Floor] = field(default_factory=list)
    cover: list[tuple[str, list[str]]] = field(default_factory=list)
    why: str = ""
    debriefs: list[dict[str, float]] = field(default_factory=list)
    more_days: int = 0
    history: similar_periods.SimilarPeriodsPanel | None = None

    @property
    def said(self) -> str:
        """The one sentence read aloud."""
        if self.found is None:
            return f"{self.answered} of {self.questions} questions answered"
        return f"{self.days} days, {self.found.band_label.lower()} risk"


def suggest_plan(
    period: Period,
    answers: Mapping[str, int],
    cycles: Sequence[Mapping[str, str]],
    *,
    by: User,
    model: ComplexityModel,
    first_release: bool = False,
    emergency: bool = False,
) -> PlanSuggestion:
    """Score what is answered; nothing is saved."""
    given = [(f.label, f.weight * answers[f.key]) for f in model.factors if f.key in answers]
    points, steps = sum(n for _, n in given), charts_svg.draw_waterfall(given)
    if len(given) < len(model.factors):
        return PlanSuggestion(points, len(given), len(model.factors), steps)
    found = complexity.assess(answers, first_release=first_release, emergency=emergency, model=model)
    first = wallclock.local_day(period.go_live_at, period.zone)
    end = planning.explain_end(period, found.days, _dated(cycles), margin=model.cycle_days)
    days = (end.on - first).days
    adds = {part.key for part in found.contributions if part.days}
    return PlanSuggestion(
        points,
        len(given),
        len(model.factors),
        steps,
        found,
        TONES[found.band],
        days,
        first,
        end.on,
        end,
        days_steps=_days_steps(found, end, days),
        idle_floors=[floor for floor in found.floors if floor.key not in adds],
        cover=_cover(found, first, days),
        why=f"{cover_words(found.cover)}.",
        debriefs=_debriefs(period, found.cadence, first, days),
        more_days=max(0, days - SHOWN_DAYS),
        history=similar_periods.build_panel(answers, days, by=by, model=model, without=period.pk),
    )


def _days_steps(found: complexity.Recommendation, end: complexity.PlanEnd, days: int) -> list[charts_svg.WaterfallStep]:
    """Days by the score, then what floors and a critical cycle add; nothing where only the score speaks."""
    parts = [(part.label.rstrip("."), part.days) for part in found.contributions if part.days]
    if end.moved:
        parts.append((f"{end.cycle} + {end.margin} working days", days - found.days))
    if not parts:
        return []
    by_score = found.days - sum(part.days for part in found.contributions)
    return charts_svg.draw_waterfall(
        [(f"Score {found.score}: {BAND_LABELS[found.score_band].lower()}", by_score), *parts]
    )


def _dated(cycles: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The critical dates that are typed to the end."""
    return [cycle for cycle in cycles if cycle["name"] and _is_date(cycle["on"])]


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).year <= LATEST_YEAR
    except ValueError:
        return False


def _cover(found: complexity.Recommendation, first: date, days: int) -> list[tuple[str, list[str]]]:
    shown = range(1, min(days, SHOWN_DAYS) + 1)
    return [(duty.name, [_cell(found, duty, first, day) for day in shown]) for duty in roles.suggest_roles(found)]


def _cell(found: complexity.Recommendation, duty: roles.SuggestedRole, first: date, day: int) -> str:
    """One day of one duty: engineering and support follow the phases, the others their own pattern."""
    weekend = (first + timedelta(days=day - 1)).weekday() >= 5
    if duty.name not in (roles.ENGINEERING, roles.SUPPORT):
        return "" if weekend else CELLS[duty.cover]
    phase = next(p for p in found.coverage if p.last_day is None or day <= p.last_day)
    on_call = "oncall" if phase.p1_on_call and duty.answers_pages else ""
    return on_call if weekend and phase.pattern == "business" else CELLS[phase.pattern]


def _debriefs(period: Period, cadence: str, first: date, days: int) -> list[dict[str, float]]:
    """Debriefs per day as dots: x in per cent, r larger for two a day."""
    start = wallclock.instant(first, time(0), period.zone)
    end = wallclock.instant(first + timedelta(days=days), time(0), period.zone)
    slots = debrief_slots(
        band=cadence, go_live=start, ends_at=end, zone=period.zone, holidays=workdays.holidays_of(period)
    )
    held = {day: len(list(on)) for day, on in groupby(slots, key=lambda slot: wallclock.local_day(slot, period.zone))}
    shown = min(days, SHOWN_DAYS)
    counts: list[Any] = [held.get(first + timedelta(days=n), 0) for n in range(shown)]
    return [{"x": round(100 * (n + 0.5) / shown, 2), "count": count} for n, count in enumerate(counts)]
