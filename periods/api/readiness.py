"""Votes on going live, and the decision."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import person
from periods import checklist, gonogo
from periods.access import period_or_404
from periods.api import shapes, shared
from periods.models import GoDecision, Period

TAGS = ["readiness"]


@extend_schema(responses=shapes.GoNoGoOut, operation_id="go_no_go_read", tags=TAGS)
@api_view(["GET"])
def go_no_go(request: Request, key: str) -> Response:
    """Votes, what stands in the way of a go, and the latest decision."""
    return Response(_go_no_go(period_or_404(person(request), key)))


def _go_no_go(period: Period) -> Any:
    at = timezone.now()
    latest = GoDecision.objects.filter(period=period).select_related("by").order_by("-at", "-id").first()
    return shapes.GoNoGoOut(
        {
            "status": period.status, "go_live_at": period.go_live_at, "progress": checklist.progress(period, at=at),
            "votes": gonogo.seats(period), "objections": gonogo.objections(period, at=at), "decision": latest,
        }
    ).data  # fmt: skip


@extend_schema(request=shapes.VoteIn, responses=shapes.GoNoGoOut, operation_id="go_no_go_vote", tags=TAGS)
@api_view(["POST"])
def vote(request: Request, key: str) -> Response:
    """Vote go or hold."""
    period = period_or_404(person(request), key)
    gonogo.vote(
        period.pk,
        **shared.valid(shapes.VoteIn, request),
        by=person(request),
        at=timezone.now(),
        via=shared.VIA,
    )
    return Response(_go_no_go(period))


@extend_schema(request=shapes.DecideIn, responses=shapes.GoNoGoOut, operation_id="go_no_go_decide", tags=TAGS)
@api_view(["POST"])
def decide(request: Request, key: str) -> Response:
    """Record the sponsor's decision."""
    period = period_or_404(person(request), key)
    data = shared.valid(shapes.DecideIn, request)
    gonogo.decide(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return Response(_go_no_go(period_or_404(person(request), key)))
