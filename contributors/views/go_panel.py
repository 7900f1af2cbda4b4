"""Go or no-go on the readiness page: who voted, what stands in the way, and the decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contributors.forms import DecideForm, VoteForm
from hypercare.http import SignedInRequest
from periods import gonogo
from periods.models import GoDecision, Period


def context(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    """Who voted, what stands in the way, and the forms of those who vote and decide."""
    getting_ready = period.status == Period.Status.READINESS
    seats = gonogo.seats(period)
    objections = gonogo.objections(period, at=now) if getting_ready else []
    decision = GoDecision.objects.filter(period=period).select_related("by").order_by("-at", "-id").first()
    mine = next((seat for seat in seats if seat.user.pk == request.user.pk), None)
    return {
        "seats": seats,
        "objections": objections,
        "decision": decision,
        "my_seat": mine,
        "vote_form": VoteForm() if mine and getting_ready else None,
        "decide_form": DecideForm(period=period, objections=[])
        if getting_ready and period.sponsor_id == request.user.pk
        else None,
    }
