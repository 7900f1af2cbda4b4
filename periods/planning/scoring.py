"""Which scoring model is in use: versions are made, taken into use and returned to, never changed.

Version 1 is built in. Administrators make others; each says who made it, when and why. A period keeps the version
it was scored by, so that its recommendation can be explained for as long as it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Max

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.models import Period, ScoringModel, ScoringUse
from periods.planning import complexity, scoring_model
from periods.planning.scoring_model import STANDARD, ComplexityModel

MOST_PAST: Final = 5
LONGEST_REASON: Final = 2000


@dataclass(frozen=True)
class ModelVersion:
    """A version beside who made it; the built-in one was made by nobody."""

    number: int
    made: ScoringModel | None
    in_use: bool
    periods: int

    @property
    def label(self) -> str:
        """`Version 2`."""
        return f"Version {self.number}"


@dataclass(frozen=True)
class ScoringExample:
    """A release to compare two models by."""

    name: str
    answers: Mapping[str, int]
    first_release: bool = False
    emergency: bool = False
    past: bool = False


@dataclass(frozen=True)
class ModelComparison:
    """What an example gets by one model and by the other."""

    example: ScoringExample
    old: complexity.Recommendation
    new: complexity.Recommendation

    @property
    def more(self) -> int:
        """By how many days they differ, either way."""
        return abs(self.new.days - self.old.days)

    @property
    def changes(self) -> bool:
        """Whether anything people would notice is different."""
        return (self.old.score, self.old.band, self.old.days, self.old.cadence, self.old.cover) != (
            self.new.score,
            self.new.band,
            self.new.days,
            self.new.cadence,
            self.new.cover,
        )


def _answers(*values: int) -> dict[str, int]:
    return dict(zip((factor.key for factor in STANDARD.factors), values, strict=True))


# Typical releases; the answers are in the order of the factors.
EXAMPLES: Final = (
    ScoringExample("Patch of an internal tool", _answers(0, 1, 0, 0, 0, 0, 1, 0, 0)),
    ScoringExample("Minor release for a department", _answers(1, 1, 1, 1, 0, 1, 1, 1, 0)),
    ScoringExample("Emergency fix", _answers(1, 2, 0, 0, 0, 1, 2, 0, 0), emergency=True),
    ScoringExample("Major release", _answers(2, 2, 2, 2, 1, 2, 1, 2, 1)),
    ScoringExample("Replacement with a tested way back", _answers(2, 2, 3, 2, 2, 2, 1, 3, 2)),
    ScoringExample("ERP cut-over without a way back", _answers(3, 3, 4, 4, 4, 4, 2, 4, 3)),
)


# --- Reading ------------------------------------------------------------------------------------


def version_in_use() -> int:
    """The number of the version new plans are scored by."""
    latest = ScoringUse.objects.order_by("-id").values_list("version", flat=True).first()
    return latest or STANDARD.version


def model_in_use() -> ComplexityModel:
    """The model new plans are scored by."""
    return model_of_version(version_in_use())


def model_of_version(version: int) -> ComplexityModel:
    """A version's model; the built-in one costs no query. Raises ScoringModel.DoesNotExist."""
    if version == STANDARD.version:
        return STANDARD
    return scoring_model.from_data(version, ScoringModel.objects.get(version=version).data)


def model_of(period: Period) -> ComplexityModel:
    """The model a period was scored by; before that, the one in use."""
    return model_in_use() if period.score is None else model_of_version(period.scoring_version)


def model_for_answers(period: Period) -> ComplexityModel:
    """The model answers given now are scored by: a draft follows the one in use, a finished plan keeps its own."""
    return model_in_use() if period.status == Period.Status.DRAFT else model_of(period)


def versions() -> list[ModelVersion]:
    """Every version, the newest first, with how many periods were scored by it."""
    current = version_in_use()
    made = {row.version: row for row in ScoringModel.objects.select_related("made_by")}
    scored = Period.objects.filter(score__isnull=False).values_list("scoring_version", flat=True)
    counts: dict[int, int] = {}
    for number in scored:
        counts[number] = counts.get(number, 0) + 1
    numbers = sorted({STANDARD.version, *made}, reverse=True)
    return [ModelVersion(n, made.get(n), n == current, counts.get(n, 0)) for n in numbers]


def uses() -> list[ScoringUse]:
    """Who took which version into use, the latest first."""
    return list(ScoringUse.objects.select_related("by").order_by("-id")[:50])


def compare(old: ComplexityModel, new: ComplexityModel, examples: Iterable[ScoringExample]) -> list[ModelComparison]:
    """Each example by both models."""
    return [ModelComparison(one, _assess(one, old), _assess(one, new)) for one in examples]


def past_examples(user: User) -> list[ScoringExample]:
    """The latest closed periods of a person as examples, as far as they were scored."""
    closed = Period.objects.visible_to(user).filter(status=Period.Status.CLOSED, score__isnull=False)
    return [
        ScoringExample(period.name, period.answers, period.first_release, period.emergency, past=True)
        for period in closed.order_by("-ended_at", "-id")[:MOST_PAST]
        if set(period.answers) == set(EXAMPLES[0].answers)
    ]


def _assess(one: ScoringExample, model: ComplexityModel) -> complexity.Recommendation:
    return complexity.assess(one.answers, first_release=one.first_release, emergency=one.emergency, model=model)


# --- Making and choosing ------------------------------------------------------------------------


@transaction.atomic
def make_version(data: Mapping[str, Any], *, reason: str, based_on: int, by: User, at: datetime) -> ScoringModel:
    """A new version, in use from now on for plans scored from now on.

    `data` has the shape of `scoring_model.to_data`. Raises NotAllowed for anybody but an administrator, Invalid
    per field, Refused when another version came into use meanwhile, AlreadyDone when nothing differs.
    """
    _require_admin(by)
    _check(data, reason)
    current = version_in_use()
    if based_on != current:
        raise Refused(f"Version {current} came into use meanwhile. Look at it first, then make yours from it.")
    if dict(data) == scoring_model.to_data(model_of_version(current)):
        raise AlreadyDone(f"This is the same as version {current}, so there is nothing to make.")
    highest = ScoringModel.objects.aggregate(highest=Max("version"))["highest"] or STANDARD.version
    made = _insert(highest + 1, data, reason, based_on, by, at)
    ScoringUse.objects.create(version=made.version, reason=made.reason, by=by, at=at)
    return made


def _insert(version: int, data: Mapping[str, Any], reason: str, based_on: int, by: User, at: datetime) -> ScoringModel:
    """Two administrators at once get the same sentence as one after the other."""
    try:
        with transaction.atomic():
            return ScoringModel.objects.create(
                version=version, data=dict(data), based_on=based_on, reason=reason.strip(), made_by=by, made_at=at
            )
    except IntegrityError as error:
        raise Refused(f"Version {version} was made by somebody else just now. Look at it first.") from error


@transaction.atomic
def use_version(version: int, *, reason: str, by: User, at: datetime) -> ScoringUse:
    """Return to a version that was made before. Raises NotAllowed, Invalid, AlreadyDone when it is in use."""
    _require_admin(by)
    _require_reason(reason)
    if version != STANDARD.version and not ScoringModel.objects.filter(version=version).exists():
        raise Invalid({"version": f"There is no version {version}."})
    if version == version_in_use():
        raise AlreadyDone(f"Version {version} is in use already.")
    return ScoringUse.objects.create(version=version, reason=reason.strip(), by=by, at=at)


def _require_admin(by: User) -> None:
    if not by.is_staff:
        raise NotAllowed("The scoring model is changed by administrators. Ask one of them.")


def _check(data: Mapping[str, Any], reason: str) -> None:
    found = scoring_model.find_problems(data)
    if not reason.strip():
        found["reason"] = "Say why the model changes; it is kept with the version."
    if found:
        raise Invalid(dict(found))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid({"reason": "Say why; it is kept with the change."})
