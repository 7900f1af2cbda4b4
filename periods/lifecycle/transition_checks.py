"""What a step of a period's life asks of its input, beyond the table and the gates. Nothing here writes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypercare.exceptions import Invalid, TransitionRefused
from hypercare.models import User
from periods.exit import criteria
from periods.models import ExitSignature, GoDecision, Period

LONGEST_EXTENSION = timedelta(days=14)
MOST_EXTENSIONS = 2


def agreed_conditions(decision: GoDecision, period_id: int, at: datetime) -> list[dict[str, Any]]:
    """What a decision allows to stand. Raises TransitionRefused unless it is this period's, a go, and of now."""
    goes = (GoDecision.Outcome.GO, GoDecision.Outcome.GO_WITH_CONDITIONS)
    if decision.period_id != period_id or decision.outcome not in goes or decision.at != at:
        raise TransitionRefused("The sponsor's go is not recorded. Record the decision first.")
    return list(decision.conditions)


def go_live_delta(period: Period, go_live_at: datetime, at: datetime) -> timedelta:
    """By how much go-live moves. Raises Invalid for a time that is past or the same."""
    if go_live_at <= at:
        raise Invalid({"go_live_at": "Go-live is in the past. Choose a later time."})
    if go_live_at == period.go_live_at:
        raise Invalid({"go_live_at": "That is the planned go-live already."})
    return go_live_at - period.go_live_at


def check_advice(period: Period, advised_by: User | None, by: User) -> None:
    """Raise Invalid unless another member than the one who orders a rollback advises it."""
    if advised_by is None:
        raise Invalid({"advised_by": "Name who commands the incident and advises to roll back."})
    if advised_by.pk == by.pk:
        raise Invalid({"advised_by": "Going back takes two: one advises it, another orders it."})
    if not period.memberships.filter(user=advised_by, left_at__isnull=True).exists():
        raise Invalid({"advised_by": f"{advised_by} is not part of {period.name}."})


def check_extension(period: Period, ends_at: datetime, at: datetime) -> None:
    """Raise TransitionRefused after the second extension, Invalid for an end too early or too late."""
    first = max(period.ends_at, at)
    if period.extensions >= MOST_EXTENSIONS:
        raise TransitionRefused(
            f"{period.name} was extended twice already. Take it to the steering group: close it, or plan a new period."
        )
    if ends_at <= first:
        raise Invalid({"ends_at": "The new end must be later than the old one and still ahead."})
    if ends_at > first + LONGEST_EXTENSION:
        raise Invalid({"ends_at": "An extension lasts at most 14 days."})
    check_year(period, ends_at)


def check_year(period: Period, ends_at: datetime) -> None:
    """Raise Invalid for an end more than a year after go-live."""
    if ends_at > period.go_live_at + timedelta(days=366):
        raise Invalid({"ends_at": "A period lasts at most 366 days."})


def check_role(role: str) -> None:
    """Raise Invalid unless the role signs."""
    if role not in ExitSignature.Role.values:
        raise Invalid({"role": f"“{role}” does not sign. Use bau_owner or sponsor."})


def check_comment(period: Period, comment: str, at: datetime) -> None:
    """Raise Invalid when a mandatory criterion is unmet or unknown and nothing says why that is accepted."""
    unmet = [f"“{row.criterion.title}”" for row in criteria.scorecard(period, at=at) if row.blocks]
    if unmet and not comment.strip():
        raise Invalid({"comment": f"Not met or unknown: {', '.join(unmet)}. Say why you accept that."})


def check_relapse(period: Period, cause: str, at: datetime) -> None:
    """Raise Invalid for an unknown cause, TransitionRefused for a rate that the data do not show."""
    if cause not in ("p1", "rate"):
        raise Invalid({"cause": f"“{cause}” is not a cause. Use p1 or rate."})
    rate = [row for row in criteria.scorecard(period, at=at) if row.criterion.code == "rate_back_to_baseline"]
    if cause == "rate" and not any(row.reading.verdict == "fail" for row in rate):
        raise TransitionRefused("Arrivals are not above normal. Only a P1 of the release reopens the period now.")


def require_reason(reason: str) -> None:
    """Raise Invalid without a reason."""
    if not reason.strip():
        raise Invalid({"reason": "Give the reason; it is kept in the journal."})
