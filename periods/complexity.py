"""How complex a release is, and how long and how closely it should be watched: a recommendation, explained.

Pure. Nine answers from 0 to 4 are weighted into a score from 0 to 100; contiguous bands turn it into days,
debriefs and cover; floors raise the band where one answer alone says so, and the highest wins. The model, its
weights and bands are this product's own: durations in the field are conventions, not evidence, so a person
may override the recommendation with a reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from periods.wallclock import add_working_days, is_working_day

Pattern = Literal["24x7", "12x7", "business", "none"]

CYCLE_MARGIN_DAYS: Final = 3  # working days after the first completion of a critical cycle
MAX_ANSWER: Final = 4


@dataclass(frozen=True, slots=True)
class Factor:
    """One question: its weight, and what each answer from 0 to 4 means."""

    key: str
    label: str
    question: str
    weight: int
    answers: tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class CoveragePhase:
    """Cover from one day to another (day 1 is go-live; None is the end), in words and as a pattern."""

    first_day: int
    last_day: int | None
    pattern: Pattern
    words: str
    p1_on_call: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """What a range of scores (both ends included) recommends."""

    key: str
    label: str
    lowest: int
    highest: int
    days: int
    day_range: tuple[int, int]
    debrief_cadence: str
    coverage: tuple[CoveragePhase, ...]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one answer adds to the score."""

    key: str
    label: str
    answer: int
    answer_label: str
    weight: int
    points: int


@dataclass(frozen=True, slots=True)
class Floor:
    """A reason why the band can't be lower than this."""

    reason: str
    band: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The score, what it is made of, and what follows. `score_band` is the band before the floors."""

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


FACTORS: Final[tuple[Factor, ...]] = (
    Factor(
        "reach",
        "Reach",
        "How many people does the change reach?",
        4,
        ("Under 50", "Under 500", "Under 5,000", "Under 50,000", "More, or the public"),
    ),
    Factor(
        "criticality",
        "Criticality",
        "What depends on it?",
        4,
        (
            "Convenience",
            "Supporting work",
            "Important, with a manual fallback",
            "Revenue, legal duties or payroll",
            "Safety, or the whole firm",
        ),
    ),
    Factor(
        "novelty",
        "Novelty",
        "How new is it?",
        3,
        ("Patch", "Minor release", "Major release", "Replacement", "New platform and new team"),
    ),
    Factor(
        "integrations",
        "Integrations changed",
        "How many integrations change?",
        3,
        ("None", "1 to 2", "3 to 5", "6 to 10", "More than 10"),
    ),
    Factor(
        "data_migration",
        "Data migration",
        "What happens to the data?",
        3,
        (
            "Nothing",
            "Only additions",
            "One source transformed",
            "Many sources",
            "One way, and the old system closes",
        ),
    ),
    Factor(
        "reversibility",
        "Reversibility",
        "How could you go back?",
        3,
        (
            "A switch, in under 5 minutes",
            "Tested, in under 1 hour",
            "Tested, in under 8 hours",
            "Untested or slow",
            "No way back",
        ),
    ),
    Factor(
        "test_gap",
        "Test gap",
        "What has not been tested?",
        2,
        (
            "All tested, and the cutover rehearsed",
            "Accepted gaps",
            "One type of test missing",
            "Two types of test missing",
            "Untested",
        ),
    ),
    Factor(
        "work_practice",
        "Work-practice change",
        "How much does people's work change?",
        2,
        ("Not at all", "A screen", "Steps", "A process", "Roles"),
    ),
    Factor(
        "vendor_dependency",
        "Vendor and team dependency",
        "How many vendors or other teams do you depend on?",
        1,
        ("None, our own", "1", "2", "3", "4 or more, or one that does not respond"),
    ),
)


def _low(first_day: int = 1) -> CoveragePhase:
    return CoveragePhase(
        first_day, None, "business", "business hours, with someone on call for P1", p1_on_call=True
    )


BANDS: Final[tuple[Band, ...]] = (
    Band(
        "minimal",
        "Minimal",
        0,
        14,
        3,
        (1, 5),
        "One a day, in writing",
        (CoveragePhase(1, None, "business", "business hours"),),
    ),
    Band("low", "Low", 15, 29, 7, (5, 10), "Daily on days 1 to 3, then every second working day", (_low(),)),
    Band(
        "moderate",
        "Moderate",
        30,
        49,
        14,
        (10, 21),
        "Twice daily on days 1 to 3, daily to day 10, then every second working day",
        (CoveragePhase(1, 7, "12x7", "08 to 20 every day in week 1"), _low(8)),
    ),
    Band(
        "high",
        "High",
        50,
        69,
        28,
        (21, 42),
        "Twice daily on days 1 to 5, daily to day 15, then three times a week",
        (
            CoveragePhase(1, 7, "24x7", "around the clock in week 1"),
            CoveragePhase(8, 14, "12x7", "08 to 20 every day in week 2"),
            _low(15),
        ),
    ),
    Band(
        "very_high",
        "Very high",
        70,
        100,
        42,
        (28, 84),
        "Twice daily on days 1 to 10, daily to day 30, then three times a week",
        (
            CoveragePhase(1, 14, "24x7", "around the clock in weeks 1 and 2"),
            CoveragePhase(15, 28, "12x7", "08 to 20 every day in weeks 3 and 4"),
            _low(29),
        ),
    ),
)

BY_KEY: Final[dict[str, Band]] = {band.key: band for band in BANDS}
BAND_KEYS: Final[tuple[str, ...]] = tuple(BY_KEY)


def assess(
    answers: Mapping[str, int], *, first_release: bool = False, emergency: bool = False
) -> Recommendation:
    """Score the nine answers (0-4 by factor key) and recommend a band with everything that follows from it.

    Raises InvalidAnswers, a ValueError, naming each field that is missing, unknown or out of range.
    """
    _check(answers)
    contributions = tuple(_contribution(factor, answers[factor.key]) for factor in FACTORS)
    score = sum(contribution.points for contribution in contributions)
    floors = _floors(answers, first_release=first_release, emergency=emergency)
    by_score = band_for(score)
    band = BY_KEY[max([by_score.key, *(floor.band for floor in floors)], key=BAND_KEYS.index)]
    return Recommendation(
        score=score,
        band=band.key,
        band_label=band.label,
        score_band=by_score.key,
        days=band.days,
        day_range=band.day_range,
        contributions=contributions,
        floors=floors,
        debrief_cadence=band.debrief_cadence,
        coverage=band.coverage,
    )


def band_for(score: int) -> Band:
    """The band of a score from 0 to 100. Raises ValueError outside that."""
    for band in BANDS:
        if band.lowest <= score <= band.highest:
            return band
    raise ValueError(f"score: {score} is not between 0 and 100.")


@dataclass(frozen=True, slots=True)
class End:
    """The last date of a plan and why it is that one.

    `by_score` is go-live plus the days; `cycle` names the critical cycle that moved it, if one did, and
    `holidays` are the public holidays among the working days counted after that cycle.
    """

    on: date
    by_score: date
    cycle: str = ""
    cycle_on: date | None = None
    holidays: tuple[tuple[date, str], ...] = ()

    @property
    def moved(self) -> bool:
        """Whether a critical cycle put the end after what the score gives."""
        return self.on > self.by_score


def explain_end(
    go_live: date,
    days: int,
    cycles: Iterable[tuple[str, date]] = (),
    holidays: Mapping[date, str] | None = None,
) -> End:
    """`end_date` with its reason, for named cycles and named holidays. Raises ValueError as it does."""
    named, free = list(cycles), holidays or {}
    by_score = end_date(go_live, days)
    floors = [
        (add_working_days(on, CYCLE_MARGIN_DAYS, free), name, on) for name, on in named if on >= go_live
    ]
    last, name, on = max(floors, key=lambda floor: (floor[0], floor[2]), default=(by_score, "", go_live))
    if last <= by_score:
        return End(by_score, by_score)
    counted = tuple((day, free[day]) for day in sorted(free) if on < day <= last and is_working_day(day))
    return End(last, by_score, name, on, counted)


def end_date(
    go_live: date, days: int, cycles: Sequence[date] = (), holidays: Collection[date] = frozenset()
) -> date:
    """The last date of the plan: `days` after go-live, but never before each critical cycle is safely over.

    The cycle floor: the first completion of each declared critical cycle (month-end, payroll …) plus three
    working days. Cycles that complete before go-live prove nothing about the release and are left out.
    Raises ValueError when there is not at least one day.
    """
    if days < 1:
        raise ValueError("days: a period needs at least one day.")
    floors = (add_working_days(cycle, CYCLE_MARGIN_DAYS, holidays) for cycle in cycles if cycle >= go_live)
    return max([go_live + timedelta(days=days), *floors])


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


def _contribution(factor: Factor, answer: int) -> Contribution:
    return Contribution(
        factor.key, factor.label, answer, factor.answers[answer], factor.weight, factor.weight * answer
    )


def _floors(answers: Mapping[str, int], *, first_release: bool, emergency: bool) -> tuple[Floor, ...]:
    rules = (
        (answers["criticality"] == MAX_ANSWER, "Safety or the whole firm depends on it.", "high"),
        (
            answers["reversibility"] == MAX_ANSWER and answers["data_migration"] >= 3,
            "There is no way back, and data from many sources moves.",
            "high",
        ),
        (emergency, "It is an emergency release.", "moderate"),
        (first_release, "It is the product's first release.", "moderate"),
    )
    return tuple(Floor(reason, band) for applies, reason, band in rules if applies)
