"""Exit criteria: what must be true to end the period, read from the data or decided with evidence.

What cannot be read is unknown, and unknown blocks like not met.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from django.db import transaction
from django.db.models import Q

from hypercare import registry
from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from periods.access.access import is_allowed, require_right
from periods.calendar import wallclock
from periods.journal import journal
from periods.models import ExitCriterion, Period
from periods.planning import scoring, workdays
from periods.template_files.criteria import BY_CODE, Comparison

Verdict = Literal["pass", "fail", "unknown"]

SIGNS: Final[dict[Comparison, str]] = {"eq": "", "le": "≤", "ge": "≥"}
SHOWN_UNITS: Final = ("%", "days", "of 5")  # the others are what the title counts


@dataclass(frozen=True)
class CriterionReading:
    """One measured criterion: the value, the value in words, and whether it meets the threshold.

    `streak` is the number of consecutive days it has passed, where the measure knows it.
    """

    value: float | None
    text: str
    verdict: Verdict
    evidence_url: str = ""
    streak: int | None = None


@dataclass(frozen=True)
class ScoredCriterion:
    """A criterion beside its reading."""

    criterion: ExitCriterion
    reading: CriterionReading

    @property
    def blocks(self) -> bool:
        """Mandatory and not known to be met."""
        return self.criterion.mandatory and self.reading.verdict != "pass"

    @property
    def word(self) -> str:
        """Verdict in the middle of a sentence: met, not met, unknown."""
        return str(ExitCriterion.Verdict(self.reading.verdict).label).lower()


def scorecard(period: Period, *, at: datetime) -> list[ScoredCriterion]:
    """Every criterion of the period with its reading at an instant, in the order of the plan."""
    rows = ExitCriterion.objects.filter(period=period).select_related("decided_by")
    return [ScoredCriterion(row, read_criterion(row, period, at=at)) for row in rows.order_by("position", "id")]


def read_criterion(criterion: ExitCriterion, period: Period, *, at: datetime) -> CriterionReading:
    """One criterion's reading; unknown when it is automatic and nothing measures it."""
    if not criterion.automatic:
        return _decided(criterion)
    path = registry.EXIT_MEASURES.get(criterion.code)
    if path is None:
        return CriterionReading(None, "Nothing measures this yet.", "unknown")
    found: CriterionReading = registry.resolve(path)(period, threshold=criterion.threshold, at=at)
    return found


def target_of(criterion: ExitCriterion) -> str:
    """What meets it, such as `≤ 10` or `≥ 90 %`; empty where a person decides yes or no."""
    if criterion.threshold is None:
        return ""
    known = BY_CODE.get(criterion.code)
    sign = SIGNS[known.comparison] if known else ""
    unit = criterion.unit if criterion.unit in SHOWN_UNITS else ""
    return " ".join(part for part in (sign, f"{criterion.threshold:g}", unit) if part)


def _decided(criterion: ExitCriterion) -> CriterionReading:
    verdict: Verdict = "pass" if criterion.verdict == "pass" else "fail" if criterion.verdict == "fail" else "unknown"
    link = criterion.evidence if criterion.evidence.startswith(("https://", "http://")) else ""
    who = f"{criterion.decided_by} decided" if criterion.decided_by else "Nobody has decided"
    return CriterionReading(None, who if link or not criterion.evidence else criterion.evidence, verdict, link)


@transaction.atomic
def decide_manually(
    criterion_id: int, *, verdict: str, evidence: str, by: User, at: datetime, via: str = ""
) -> ExitCriterion:
    """Decide a manual criterion with evidence (a link or a note).

    Raises NotAllowed unless `by` runs the period or is its BAU owner or sponsor, Invalid without evidence or
    for an unknown verdict, and Refused for a criterion that is measured.
    """
    row = ExitCriterion.objects.select_related("period").get(pk=criterion_id)
    period = Period.objects.locked().get(pk=row.period_id)
    if by.pk not in (period.bau_owner_id, period.sponsor_id) and not is_allowed(by, period, "period.run"):
        require_right(by, period, "period.run")
    _check_manual(row, period, verdict, evidence)
    row.verdict, row.evidence, row.decided_by, row.decided_at = verdict, evidence.strip(), by, at
    row.save(update_fields=["verdict", "evidence", "decided_by", "decided_at"])
    journal.record(
        period, "criterion.set", by=by, at=at, via=via, subject=f"criterion:{row.pk}", title=row.title, verdict=verdict
    )
    return row


def _check_manual(row: ExitCriterion, period: Period, verdict: str, evidence: str) -> None:
    if row.automatic:
        raise Refused(f"“{row.title}” is measured from the data, so nobody sets it by hand.")
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended, so its criteria no longer change.")
    if verdict not in ExitCriterion.Verdict.values:
        raise Invalid({"verdict": f"“{verdict}” is not a verdict. Use pass, fail or unknown."})
    if verdict != ExitCriterion.Verdict.UNKNOWN and not evidence.strip():
        raise Invalid({"evidence": "Say what shows it: a link or a note."})


def cycle_floor(period: Period) -> date | None:
    """The first day on which a review may open: the last critical cycle and its working days, or None."""
    if not period.critical_cycles:
        return None
    first = wallclock.local_day(period.starts_at, period.zone)
    margin, free = scoring.model_of(period).cycle_days, workdays.holidays_of(period)
    days = (date.fromisoformat(cycle["on"]) for cycle in period.critical_cycles)
    # A cycle that completed before go-live proves nothing about the release.
    return max((wallclock.add_working_days(day, margin, free) for day in days if day >= first), default=None)


def critical_cycles(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:  # noqa: ARG001  a measure
    """Whether every declared critical cycle is over by three working days. No cycle declared: met."""
    floor, today = cycle_floor(period), wallclock.local_day(at, period.zone)
    if floor is None:
        return CriterionReading(0, "No critical cycle is declared.", "pass")
    if today >= floor:
        return CriterionReading(0, "All critical cycles are over.", "pass")
    left = (floor - today).days
    return CriterionReading(
        left, f"The last critical cycle and the working days after it end on {floor:%d %b %Y}.", "fail"
    )


def actions_owned(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:  # noqa: ARG001  a measure
    """Whether no open action is late: each has an owner and a date by construction."""
    open_then = Q(done_at__isnull=True) | Q(done_at__gt=at)
    late = period.actions.filter(open_then, due_at__lte=at).count()
    text = f"{late} late" if late else "Every open action has an owner and a date ahead."
    return CriterionReading(late, text, "fail" if late else "pass")
