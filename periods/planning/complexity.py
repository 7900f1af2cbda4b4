"""How complex a release is, and how long and how closely it should be watched: a recommendation, explained.

Pure. Nine answers from 0 to 4 are weighted into a score from 0 to 100; contiguous bands turn it into days,
debriefs and cover; floors raise the band where one answer alone says so, and the highest wins. The model, its
weights and bands are this product's own (`scoring_model`): durations in the field are conventions, not evidence,
so a person may override the recommendation with a reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from periods.calendar.wallclock import add_working_days, is_working_day
from periods.planning.scoring_model import (
    BAND_KEYS,
    BANDS,
    FACTORS,
    MAX_ANSWER,
    STANDARD,
    ComplexityBand,
    ComplexityModel,
    CoveragePhase,
    Factor,
    Pattern,
)

__all__ = [
    "BANDS",
    "BAND_KEYS",
    "BY_KEY",
    "FACTORS",
    "STANDARD",
    "ComplexityBand",
    "ComplexityModel",
    "Contribution",
    "CoveragePhase",
    "Factor",
    "Floor",
    "InvalidAnswers",
    "Pattern",
    "PlanEnd",
    "Recommendation",
    "assess",
    "band_for",
    "end_date",
    "explain_end",
]

CYCLE_MARGIN_DAYS: Final = STANDARD.cycle_days
BY_KEY: Final[dict[str, ComplexityBand]] = {band.key: band for band in BANDS}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one answer adds to the score, or, of kind `floor`, how many days a rule adds to what the score gives.

    The points of all contributions total the score; only the floor that decides adds days.
    """

    key: str
    label: str
    answer: int
    answer_label: str
    weight: int
    points: int
    kind: Literal["factor", "floor"] = "factor"
    days: int = 0


@dataclass(frozen=True, slots=True)
class Floor:
    """A reason why the band can't be lower than this."""

    reason: str
    band: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The score, what it is made of, and what follows. `score_band` is the band before the floors.

    `cadence` and `cover` name the rows of the tables that `debrief_cadence` and `coverage` come from; `version`
    is the model's.
    """

    score: int
    band: str
    band_label: str
    score_band: str
    days: int
    day_range: tuple[int, int]
    contributions: tuple[Contribution, ...]
    floors: tuple[Floor, ...]
    debrief_cadence: str
    coverage: tuple[CoveragePhase, ...]
    cadence: str
    cover: str
    version: int

    @property
    def raised(self) -> bool:
        """Whether a floor put the band above what the score alone gives."""
        return self.band != self.score_band


class InvalidAnswers(ValueError):
    """Answers that can't be scored. `errors` has one sentence per field, naming what to do."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        """Keep the sentences by field; the message is all of them."""
        super().__init__(" ".join(f"{field}: {sentence}" for field, sentence in errors.items()))
        self.errors = dict(errors)


def assess(
    answers: Mapping[str, int],
    *,
    first_release: bool = False,
    emergency: bool = False,
    model: ComplexityModel = STANDARD,
) -> Recommendation:
    """Score the nine answers (0-4 by factor key) and recommend a band with everything that follows from it.

    Raises InvalidAnswers, a ValueError, naming each field that is missing, unknown or out of range.
    """
    _check(answers)
    parts = tuple(_contribution(factor, answers[factor.key]) for factor in model.factors)
    score = sum(part.points for part in parts)
    flags = {"first_release": first_release, "emergency": emergency}
    floors = tuple(Floor(r.reason, r.band, r.key) for r in model.floors if r.applies(answers, flags))
    by_score = model.band_for(score)
    band = model.band(max([by_score.key, *(floor.band for floor in floors)], key=BAND_KEYS.index))
    return Recommendation(
        score=score,
        band=band.key,
        band_label=band.label,
        score_band=by_score.key,
        days=band.days,
        day_range=band.day_range,
        contributions=(*parts, *_raises(floors, by_score, band)),
        floors=floors,
        debrief_cadence=band.debrief_cadence,
        coverage=band.coverage,
        cadence=band.cadence,
        cover=band.cover,
        version=model.version,
    )


def band_for(score: int, model: ComplexityModel = STANDARD) -> ComplexityBand:
    """The band of a score from 0 to 100. Raises ValueError outside that."""
    return model.band_for(score)


def _contribution(factor: Factor, answer: int) -> Contribution:
    return Contribution(factor.key, factor.label, answer, factor.answers[answer], factor.weight, factor.weight * answer)


def _raises(floors: Sequence[Floor], by_score: ComplexityBand, band: ComplexityBand) -> list[Contribution]:
    """The floors as contributions; the first of those that reach the final band adds its days."""
    found, left = [], band.days - by_score.days
    for floor in floors:
        adds = left if floor.band == band.key else 0
        left -= adds
        found.append(Contribution(floor.key, floor.reason, 0, "", 0, 0, kind="floor", days=adds))
    return found


def _check(answers: Mapping[str, int]) -> None:
    known = {factor.key for factor in FACTORS}
    errors = {key: "This is not a question of the assessment." for key in answers if key not in known}
    for factor in FACTORS:
        if factor.key not in answers:
            errors[factor.key] = "Answer this question."
        elif not _is_answer(answer := answers[factor.key]):
            errors[factor.key] = f"{answer!r} is not an answer. Choose from 0 to {MAX_ANSWER}."
    if errors:
        raise InvalidAnswers(errors)


def _is_answer(value: object) -> bool:
    # True and False are integers to Python, but nobody's answer.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ANSWER


@dataclass(frozen=True, slots=True)
class PlanEnd:
    """The last date of a plan and why it is that one.

    `by_score` is go-live plus the days; `cycle` names the critical cycle that moved it, if one did, and
    `holidays` are the public holidays left out while counting `margin` working days after that cycle.
    """

    on: date
    by_score: date
    cycle: str = ""
    cycle_on: date | None = None
    holidays: tuple[tuple[date, str], ...] = ()
    margin: int = CYCLE_MARGIN_DAYS

    @property
    def moved(self) -> bool:
        """Whether a critical cycle put the end after what the score gives."""
        return self.on > self.by_score


def explain_end(
    go_live: date,
    days: int,
    cycles: Iterable[tuple[str, date]] = (),
    holidays: Mapping[date, str] | None = None,
    margin: int = CYCLE_MARGIN_DAYS,
) -> PlanEnd:
    """`end_date` with its reason, for named cycles and named holidays. Raises ValueError as it does."""
    named, free = list(cycles), holidays or {}
    by_score = end_date(go_live, days)
    floors = [(add_working_days(on, margin, free), name, on) for name, on in named if on >= go_live]
    last, name, on = max(floors, key=lambda floor: (floor[0], floor[2]), default=(by_score, "", go_live))
    if last <= by_score:
        return PlanEnd(by_score, by_score, margin=margin)
    counted = tuple((day, free[day]) for day in sorted(free) if on < day <= last and is_working_day(day))
    return PlanEnd(last, by_score, name, on, counted, margin)


def end_date(
    go_live: date,
    days: int,
    cycles: Sequence[date] = (),
    holidays: Collection[date] = frozenset(),
    margin: int = CYCLE_MARGIN_DAYS,
) -> date:
    """The last date of the plan: `days` after go-live, but never before each critical cycle is safely over.

    The cycle floor: the first completion of each declared critical cycle (month-end, payroll …) plus `margin`
    working days. Cycles that complete before go-live prove nothing about the release and are left out.
    Raises ValueError when there is not at least one day.
    """
    if days < 1:
        raise ValueError("days: a period needs at least one day.")
    floors = (add_working_days(cycle, margin, holidays) for cycle in cycles if cycle >= go_live)
    return max([go_live + timedelta(days=days), *floors])
