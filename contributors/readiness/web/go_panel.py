"""Go or no-go on the readiness page: who voted, what stands in the way, and the way to the meeting's own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypercare.web.requests import SignedInRequest
from periods.go import gonogo
from periods.lifecycle import gates
from periods.models import GoCondition, GoDecision, Period


def panel_context(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    """The state of the decision; voting and deciding have a page of their own."""
    seats = gonogo.seats_of(period)
    getting_ready = period.status == Period.Status.READINESS
    decision = GoDecision.objects.filter(period=period).select_related("by").order_by("-at", "-id").first()
    return {
        "seats": seats,
        "quorum": gonogo.quorum_of(seats),
        "objections": gonogo.find_blockers(period, at=now) if getting_ready else [],
        "advice": gates.gather_advice(period, at=now),
        "decision": decision,
        "conditions": _conditions(decision),
        "may_vote": getting_ready and any(seat.seats(request.user) for seat in seats),
        "decides": getting_ready and period.sponsor_id == request.user.pk,
    }


def _conditions(decision: GoDecision | None) -> list[GoCondition]:
    """How the conditions of a decision went, in their order."""
    if decision is None:
        return []
    rows = GoCondition.objects.filter(decision=decision).select_related("owner", "settled_by")
    return list(rows.order_by("position"))
