"""What the answers suggest, and why: length, cover, debriefs, and what periods like this one took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from statistics import median
from typing import Any, Final

from contributors import duties
from hypercare import svg
from hypercare.models import User
from periods import complexity, planning, wallclock, workdays
from periods.models import Period
from periods.templates_library.rhythm import debrief_slots

SHOWN_DAYS: Final = 28
LEAST_HISTORY: Final = 3
TONES: Final = {"minimal": "neutral", "low": "ok", "moderate": "info", "high": "warn", "very_high": "danger"}
CELLS: Final = {"24x7": "full", "12x7": "day", "business": "day", "none": ""}


@dataclass(frozen=True)
class Suggestion:
    """Everything the panel shows. Without `found` only the answered part of the score is known."""

    points: int
    answered: int
    questions: int
    steps: list[svg.Step]
    found: complexity.Recommendation | None = None
    tone: str = "neutral"
    days: int = 0
    first: date | None = None
    last: date | None = None
    end: complexity.End | None = None
    cover: list[tuple[str, list[str]]] = field(default_factory=list)
    why: str = ""
    debriefs: list[dict[str, float]] = field(default_factory=list)
    more_days: int = 0
    history: dict[str, Any] | None = None

    @property
    def said(self) -> str:
        """The one sentence read aloud."""
        if self.found is None:
            return f"{self.answered} of {self.questions} questions answered"
        return f"{self.days} days, {self.found.band_label.lower()} risk"


def suggest(
    period: Period, answers: Mapping[str, int], cycles: Sequence[Mapping[str, str]], *, by: User,
    first_release: bool = False, emergency: bool = False,
) -> Suggestion:  # fmt: skip
    """Score what is answered; nothing is saved."""
    given = [(f.label, f.weight * answers[f.key]) for f in complexity.FACTORS if f.key in answers]
    points, steps = sum(n for _, n in given), svg.waterfall(given)
    if len(given) < len(complexity.FACTORS):
        return Suggestion(points, len(given), len(complexity.FACTORS), steps)
    found = complexity.assess(answers, first_release=first_release, emergency=emergency)
    first = wallclock.local_day(period.go_live_at, period.zone)
    end = planning.explained_end(period, found.days, _dated(cycles))
    last, days = end.on, (end.on - first).days
    return Suggestion(
        points, len(given), len(complexity.FACTORS), steps, found, TONES[found.band], days, first, last,
        end=end, cover=_cover(found, first, days), why=_why(found),
        debriefs=_debriefs(period, found.band, first, days), more_days=max(0, days - SHOWN_DAYS),
        history=_history(by, found.band, days),
    )  # fmt: skip


def _dated(cycles: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The critical dates that are typed to the end."""
    return [cycle for cycle in cycles if cycle["name"] and _is_date(cycle["on"])]


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _cover(found: complexity.Recommendation, first: date, days: int) -> list[tuple[str, list[str]]]:
    shown = range(1, min(days, SHOWN_DAYS) + 1)
    return [
        (duty.name, [_cell(found, duty, first, day) for day in shown]) for duty in duties.suggested(found)
    ]


def _cell(found: complexity.Recommendation, duty: duties.Duty, first: date, day: int) -> str:
    """One day of one duty: engineering and support follow the phases, the others their own pattern."""
    weekend = (first + timedelta(days=day - 1)).weekday() >= 5
    if duty.name not in (duties.ENGINEERING, duties.SUPPORT):
        return "" if weekend else CELLS[duty.cover]
    phase = next(p for p in found.coverage if p.last_day is None or day <= p.last_day)
    on_call = "oncall" if phase.p1_on_call and duty.answers_pages else ""
    return on_call if weekend and phase.pattern == "business" else CELLS[phase.pattern]


def _why(found: complexity.Recommendation) -> str:
    words = ", then ".join(phase.words for phase in found.coverage)
    return f"{words[:1].upper()}{words[1:]}."


def _debriefs(period: Period, band: str, first: date, days: int) -> list[dict[str, float]]:
    """Debriefs per day as dots: x in per cent, r larger for two a day."""
    start = wallclock.instant(first, time(0), period.zone)
    end = wallclock.instant(first + timedelta(days=days), time(0), period.zone)
    slots = debrief_slots(
        band=band, go_live=start, ends_at=end, zone=period.zone, holidays=workdays.holidays_of(period)
    )
    held = {
        day: len(list(on))
        for day, on in groupby(slots, key=lambda slot: wallclock.local_day(slot, period.zone))
    }
    shown = min(days, SHOWN_DAYS)
    counts = [held.get(first + timedelta(days=n), 0) for n in range(shown)]
    return [{"x": round(100 * (n + 0.5) / shown, 2), "count": count} for n, count in enumerate(counts)]


def _history(by: User, band: str, days: int) -> dict[str, Any] | None:
    """How long closed periods of the same band took, when there are enough to say anything."""
    past = Period.objects.visible_to(by).filter(
        status=Period.Status.CLOSED, band=band, ended_at__isnull=False
    )
    lengths = sorted(_length(period) for period in past.order_by("-ended_at", "-id")[:100])
    if len(lengths) < LEAST_HISTORY:
        return None
    scale = 100 / (max(days, lengths[-1]) + 2)
    dots = [
        {"x": round(length * scale, 2), "y": 36 - 7 * min(row, 4)}
        for length, same in groupby(lengths)
        for row, _ in enumerate(same)
    ]
    here = round(days * scale, 2)
    return {
        "count": len(lengths),
        "half": round(median(lengths)),
        "longest": lengths[-1],
        "dots": dots,
        "x": here,
    }


def _length(period: Period) -> int:
    ended: datetime = period.ended_at or period.ends_at
    return max(1, round((ended - period.starts_at) / timedelta(days=1)))
