"""The scoring model: what is asked, what each answer weighs, and what a score means. Data, not rules.

Pure. Version 1 is built in; an administrator may make others (`periods.planning.scoring`), which differ in weights,
bands and floors only. A version never changes, so a period scored by one can always be explained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Pattern = Literal["24x7", "12x7", "business", "none"]

MAX_ANSWER: Final = 4
WEIGHTS_TOTAL: Final = 25  # times the highest answer is 100
HIGHEST_SCORE: Final = WEIGHTS_TOTAL * MAX_ANSWER
LONGEST_DAYS: Final = 366
MOST_CYCLE_DAYS: Final = 15


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
class ComplexityBand:
    """What a range of scores (both ends included) recommends. `cadence` and `cover` name a row of their tables."""

    key: str
    label: str
    lowest: int
    highest: int
    days: int
    day_range: tuple[int, int]
    cadence: str
    cover: str

    @property
    def debrief_cadence(self) -> str:
        """How often debriefs are held, in words."""
        return CADENCES[self.cadence]

    @property
    def coverage(self) -> tuple[CoveragePhase, ...]:
        """Who is there when, phase by phase."""
        return COVERS[self.cover]


@dataclass(frozen=True, slots=True)
class FloorRule:
    """A band that is the least where `when` (factor → least answer) or a flag holds; no band is no floor."""

    key: str
    reason: str
    band: str
    when: tuple[tuple[str, int], ...] = ()
    flag: str = ""

    def applies(self, answers: Mapping[str, int], flags: Mapping[str, bool]) -> bool:
        """Whether the answers and flags call for it."""
        if not self.band:
            return False
        return flags[self.flag] if self.flag else all(answers[key] >= least for key, least in self.when)


@dataclass(frozen=True, slots=True)
class ComplexityModel:
    """A version: factors in the order they are asked, contiguous bands in rising order, floors, cycle margin.

    `cycle_days` is how many working days must pass after a critical cycle.
    """

    version: int
    factors: tuple[Factor, ...]
    bands: tuple[ComplexityBand, ...]
    floors: tuple[FloorRule, ...]
    cycle_days: int

    def band(self, key: str) -> ComplexityBand:
        """The band of that key. Raises StopIteration for one that is none."""
        return next(band for band in self.bands if band.key == key)

    def band_for(self, score: int) -> ComplexityBand:
        """The band of a score from 0 to 100. Raises ValueError outside that."""
        for band in self.bands:
            if band.lowest <= score <= band.highest:
                return band
        raise ValueError(f"score: {score} is not between 0 and {HIGHEST_SCORE}.")


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
        ("Nothing", "Only additions", "One source transformed", "Many sources", "One way, and the old system closes"),
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
    return CoveragePhase(first_day, None, "business", "business hours, with someone on call for P1", p1_on_call=True)


# How often debriefs are held; `template_files.rhythm` turns each into instants.
CADENCES: Final[dict[str, str]] = {
    "minimal": "One a day, in writing",
    "low": "Daily on days 1 to 3, then every second working day",
    "moderate": "Twice daily on days 1 to 3, daily to day 10, then every second working day",
    "high": "Twice daily on days 1 to 5, daily to day 15, then three times a week",
    "very_high": "Twice daily on days 1 to 10, daily to day 30, then three times a week",
}
COVERS: Final[dict[str, tuple[CoveragePhase, ...]]] = {
    "minimal": (CoveragePhase(1, None, "business", "business hours"),),
    "low": (_low(),),
    "moderate": (CoveragePhase(1, 7, "12x7", "08 to 20 every day in week 1"), _low(8)),
    "high": (
        CoveragePhase(1, 7, "24x7", "around the clock in week 1"),
        CoveragePhase(8, 14, "12x7", "08 to 20 every day in week 2"),
        _low(15),
    ),
    "very_high": (
        CoveragePhase(1, 14, "24x7", "around the clock in weeks 1 and 2"),
        CoveragePhase(15, 28, "12x7", "08 to 20 every day in weeks 3 and 4"),
        _low(29),
    ),
}
BANDS: Final[tuple[ComplexityBand, ...]] = (
    ComplexityBand("minimal", "Minimal", 0, 14, 3, (1, 5), "minimal", "minimal"),
    ComplexityBand("low", "Low", 15, 29, 7, (5, 10), "low", "low"),
    ComplexityBand("moderate", "Moderate", 30, 49, 14, (10, 21), "moderate", "moderate"),
    ComplexityBand("high", "High", 50, 69, 28, (21, 42), "high", "high"),
    ComplexityBand("very_high", "Very high", 70, 100, 42, (28, 84), "very_high", "very_high"),
)
BAND_KEYS: Final[tuple[str, ...]] = tuple(band.key for band in BANDS)
BAND_LABELS: Final[dict[str, str]] = {band.key: band.label for band in BANDS}
FLOORS: Final[tuple[FloorRule, ...]] = (
    FloorRule("criticality", "Safety or the whole firm depends on it.", "high", when=(("criticality", 4),)),
    FloorRule(
        "no_way_back",
        "There is no way back, and data from many sources moves.",
        "high",
        when=(("reversibility", 4), ("data_migration", 3)),
    ),
    FloorRule("emergency", "It is an emergency release.", "moderate", flag="emergency"),
    FloorRule("first_release", "It is the product's first release.", "moderate", flag="first_release"),
)
STANDARD: Final = ComplexityModel(1, FACTORS, BANDS, FLOORS, cycle_days=3)


def cover_words(key: str) -> str:
    """A pattern of cover as one sentence."""
    words = ", then ".join(phase.words for phase in COVERS[key])
    return f"{words[:1].upper()}{words[1:]}"


# --- As data ------------------------------------------------------------------------------------


def to_data(model: ComplexityModel) -> dict[str, Any]:
    """What may differ between versions, as JSON: weights, bands (highest scores follow), floors, cycle days."""
    bands = [
        {
            "key": band.key,
            "lowest": band.lowest,
            "days": band.days,
            "shortest": band.day_range[0],
            "longest": band.day_range[1],
            "cadence": band.cadence,
            "cover": band.cover,
        }
        for band in model.bands
    ]
    return {
        "weights": {factor.key: factor.weight for factor in model.factors},
        "bands": bands,
        "floors": {floor.key: floor.band for floor in model.floors},
        "cycle_days": model.cycle_days,
    }


def from_data(version: int, data: Mapping[str, Any]) -> ComplexityModel:
    """The model of checked data (`find_problems` finds none)."""
    return ComplexityModel(
        version,
        tuple(replace(factor, weight=data["weights"][factor.key]) for factor in FACTORS),
        tuple(_bands(data["bands"])),
        tuple(replace(floor, band=data["floors"][floor.key]) for floor in FLOORS),
        data["cycle_days"],
    )


def _bands(rows: list[dict[str, Any]]) -> Iterator[ComplexityBand]:
    tops = [*(row["lowest"] - 1 for row in rows[1:]), HIGHEST_SCORE]
    for row, highest in zip(rows, tops, strict=True):
        yield ComplexityBand(
            row["key"],
            BAND_LABELS[row["key"]],
            row["lowest"],
            highest,
            row["days"],
            (row["shortest"], row["longest"]),
            row["cadence"],
            row["cover"],
        )


def find_problems(data: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a version, field → sentence; nothing where it may be used.

    Weights must total 25, so that scores are whole numbers from 0 to 100; bands must rise without a gap.
    """
    return {
        **_weight_problems(data["weights"]),
        **_band_problems(data["bands"]),
        **_floor_problems(data["floors"]),
        **_cycle_problems(data["cycle_days"]),
    }


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _weight_problems(weights: Mapping[str, Any]) -> dict[str, str]:
    found = {
        f"weight_{factor.key}": f"{factor.label}: give a whole number from 0 to {WEIGHTS_TOTAL}."
        for factor in FACTORS
        if not _is_whole(weights.get(factor.key), 0, WEIGHTS_TOTAL)
    }
    total = 0 if found else sum(weights[factor.key] for factor in FACTORS)
    if not found and total != WEIGHTS_TOTAL:
        found["weights"] = f"The weights total {total}. They must total {WEIGHTS_TOTAL}, so that scores run to 100."
    return found


def _band_problems(rows: list[dict[str, Any]]) -> dict[str, str]:
    if [row.get("key") for row in rows] != list(BAND_KEYS):
        return {"bands": f"Give the bands {', '.join(BAND_KEYS)}, in this order."}
    found: dict[str, str] = {}
    before = {"lowest": -1, "days": 0}
    for row in rows:
        found |= _row_problems(row, before)
        before |= {name: row[name] for name in before if _is_whole(row.get(name), 0, LONGEST_DAYS)}
    return found


def _row_problems(row: Mapping[str, Any], before: Mapping[str, int]) -> dict[str, str]:
    key, label = row["key"], BAND_LABELS[row["key"]]
    lowest, days, shortest, longest = (row.get(name) for name in ("lowest", "days", "shortest", "longest"))
    found: dict[str, str] = {}
    if not isinstance(lowest, int) or not _is_whole(lowest, 0, HIGHEST_SCORE):
        found[f"{key}_lowest"] = f"{label}: it begins at a whole score from 0 to {HIGHEST_SCORE}."
    elif key == BAND_KEYS[0] and lowest:
        found[f"{key}_lowest"] = f"{label} begins at 0, so that no score is left without a band."
    elif lowest <= before["lowest"]:
        found[f"{key}_lowest"] = f"{label} must begin above {before['lowest']}, where the band below it begins."
    whole = [value for value in (shortest, days, longest) if isinstance(value, int) and 0 < value <= LONGEST_DAYS]
    if len(whole) < 3 or whole != sorted(whole):
        found[f"{key}_days"] = f"{label}: give days from 1 to {LONGEST_DAYS}, the usual length within the range."
    elif whole[1] < before["days"]:
        found[f"{key}_days"] = f"{label} can't be shorter than the band below it, which takes {before['days']} days."
    if row.get("cadence") not in CADENCES:
        found[f"{key}_cadence"] = f"{label}: choose a rhythm of debriefs from the list."
    if row.get("cover") not in COVERS:
        found[f"{key}_cover"] = f"{label}: choose a cover from the list."
    return found


def _floor_problems(floors: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"floor_{floor.key}": "Choose a band from the list, or no floor."
        for floor in FLOORS
        if floors.get(floor.key) not in ("", *BAND_KEYS)
    }


def _cycle_problems(days: Any) -> dict[str, str]:
    fine = _is_whole(days, 0, MOST_CYCLE_DAYS)
    return {} if fine else {"cycle_days": f"Give working days from 0 to {MOST_CYCLE_DAYS}."}
