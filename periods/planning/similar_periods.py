"""Closed periods like a planned one: how alike the answers are, and how long they really took.

Two releases are 100 % alike when every answer is the same, and lose as many points as their answers would differ
in the score, factor by factor: answers that weigh more count for more, and differences never cancel out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from hypercare.models import User
from periods.calendar import wallclock
from periods.models import Period
from periods.planning.scoring_model import ComplexityModel

LEAST_HISTORY: Final = 3
LEAST_ALIKE: Final = 75
MOST_SHOWN: Final = 12
LOOKED_AT: Final = 300  # latest closed periods


@dataclass(frozen=True)
class PastPeriod:
    """A closed period beside a planned one."""

    period: Period
    alike: int
    planned: int
    took: int
    same: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def over(self) -> int:
        """Days it took longer than planned; negative when it ended early."""
        return self.took - self.planned


@dataclass(frozen=True)
class SimilarHistory:
    """The closed periods to learn from, the most alike first. `close` is whether they are really alike."""

    found: tuple[PastPeriod, ...]
    close: bool

    @property
    def half(self) -> int:
        """The day by which half of them had ended."""
        return round(median(past.took for past in self.found))

    @property
    def longest(self) -> int:
        """What the longest took."""
        return max(past.took for past in self.found)

    @property
    def extended(self) -> int:
        """How many were extended."""
        return sum(past.period.extensions > 0 for past in self.found)


def find_similar(
    answers: Mapping[str, int], *, by: User, model: ComplexityModel, without: int = 0
) -> SimilarHistory | None:
    """Closed periods of this person to compare with, or None while there are fewer than three.

    Those at least 75 % alike; where they are not three, the three that are the most alike.
    """
    closed = Period.objects.visible_to(by).filter(status=Period.Status.CLOSED, ended_at__isnull=False)
    rows = closed.exclude(pk=without).order_by("-ended_at", "-id")[:LOOKED_AT]
    pasts = sorted(
        (_past(period, answers, model) for period in rows if set(period.answers) >= set(answers)),
        key=lambda past: (-past.alike, -past.period.pk),
    )
    if len(pasts) < LEAST_HISTORY:
        return None
    like = [past for past in pasts if past.alike >= LEAST_ALIKE]
    close = len(like) >= LEAST_HISTORY
    return SimilarHistory(tuple((like if close else pasts[:LEAST_HISTORY])[:MOST_SHOWN]), close)


def likeness_of(one: Mapping[str, int], other: Mapping[str, int], model: ComplexityModel) -> int:
    """How alike two sets of answers are, 0 to 100."""
    return 100 - sum(factor.weight * abs(one[factor.key] - other[factor.key]) for factor in model.factors)


def _past(period: Period, answers: Mapping[str, int], model: ComplexityModel) -> PastPeriod:
    gaps = {f.label: f.weight * abs(answers[f.key] - period.answers[f.key]) for f in model.factors}
    return PastPeriod(
        period,
        likeness_of(answers, period.answers, model),
        _days(period, period.planned_ends_at),
        _days(period, period.ended_at or period.ends_at),
        tuple(_same(answers, period, model)),
        tuple(sorted((label for label, gap in gaps.items() if gap), key=lambda label: -gaps[label])),
    )


def _same(answers: Mapping[str, int], period: Period, model: ComplexityModel) -> Iterable[str]:
    """Labels of the answers that are the same, those that weigh most first."""
    return (
        factor.label
        for factor in sorted(model.factors, key=lambda f: -f.weight * answers[f.key])
        if answers[factor.key] == period.answers[factor.key]
    )


def _days(period: Period, until: datetime) -> int:
    first, last = (wallclock.local_day(at, period.zone) for at in (period.starts_at, until))
    return max(1, (last - first).days)
