"""How far the checks are, and what still blocks. Reads, never writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count

from periods.models import ChecklistItem, Period

Status = ChecklistItem.Status
BLOCKER_WEIGHT: Final = 3


@dataclass(frozen=True)
class ChecklistProgress:
    """How far the checks are. `percent` weighs a blocker three times; waived counts as not done."""

    percent: int
    done: int
    total: int
    blockers_open: int
    late: int
    waived: int = 0
    without_evidence: int = 0
    failed: int = 0


def progress(period: Period, *, at: datetime) -> ChecklistProgress:
    """Where the checks stand at an instant; two queries. Nothing applicable is 0 %."""
    return progress_of(list(period.checklist.prefetch_related("evidence")), at=at)


def progress_of(items: Sequence[ChecklistItem], *, at: datetime) -> ChecklistProgress:
    """The same for checks loaded with their evidence: Σ weight done ÷ Σ weight applicable (docs/domain.md §6)."""
    applicable = [item for item in items if item.status != Status.NOT_APPLICABLE]
    done = [item for item in applicable if item.status == Status.DONE]
    return ChecklistProgress(
        percent=_percent((item.status, item.blocking, 1) for item in items),
        done=len(done),
        total=len(applicable),
        blockers_open=sum(item.blocking and item.stands(at) for item in applicable),
        late=sum(item.is_late(at) for item in applicable),
        waived=sum(item.status_at(at) == Status.WAIVED for item in applicable),
        without_evidence=sum(bool(item.evidence_wanted) and not has_evidence(item) for item in done),
        failed=sum(item.status == Status.FAILED for item in applicable),
    )


def percents(periods: Collection[Period]) -> dict[int, int]:
    """How ready each of these periods is, by its id: what `progress` says, for a list. One query."""
    rows = ChecklistItem.objects.filter(period__in=[period.pk for period in periods]).order_by()
    tallies: dict[int, list[tuple[str, bool, int]]] = {period.pk: [] for period in periods}
    for period_id, *kind in rows.values_list("period_id", "status", "blocking").annotate(many=Count("id")):
        tallies[period_id].append((kind[0], kind[1], kind[2]))
    return {period_id: _percent(tally) for period_id, tally in tallies.items()}


def has_evidence(item: ChecklistItem) -> bool:
    """Whether any evidence stands, for a check loaded with its evidence."""
    return any(row.removed_at is None for row in item.evidence.all())


def evidence_words(item: ChecklistItem) -> str:
    """The evidence that stands, in words, for a check loaded with its evidence."""
    return "; ".join(str(row) for row in item.evidence.all() if row.removed_at is None)


def _percent(tally: Iterable[tuple[str, bool, int]]) -> int:
    """How ready checks are, from how many there are of each status, blocking and not."""
    weighed = [
        (status, many * (BLOCKER_WEIGHT if blocking else 1))
        for status, blocking, many in tally
        if status != Status.NOT_APPLICABLE
    ]
    whole = sum(weight for _, weight in weighed)
    return 100 * sum(weight for status, weight in weighed if status == Status.DONE) // whole if whole else 0


def explain_open(item: ChecklistItem, at: datetime) -> str:
    """Why a check stands open, as the end of a sentence; empty when it is done, waived or not applicable."""
    if item.status == Status.WAIVED and item.stands(at):
        return "was waived, and the waiver has expired"
    if item.status == Status.FAILED:
        return "failed"
    return "is not done" if item.stands(at) else ""
