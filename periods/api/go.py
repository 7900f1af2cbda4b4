"""Go or no-go: votes, risks, the decision and its conditions."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import idempotent, person
from hypercare.api.lists import Answer, listed
from periods import checklist, conditions, go_risks, gonogo, serializers
from periods.access import period_or_404
from periods.api import go_shapes, shared
from periods.models import GoCondition, GoDecision, GoRisk, Period

TAGS = ["readiness"]


@extend_schema(responses=go_shapes.GoNoGoOut, operation_id="go_no_go_read", tags=TAGS)
@api_view(["GET"])
def go_no_go(request: Request, key: str) -> Response:
    """Votes and quorum, what stands in the way of a go, risks, and the latest decision."""
    return _shown(period_or_404(person(request), key))


def _shown(period: Period) -> Response:
    at = timezone.now()
    seats = gonogo.seats(period)
    body = {
        "status": period.status, "go_live_at": period.go_live_at, "progress": checklist.progress(period, at=at),
        "votes": seats, "quorum": gonogo.quorum(seats), "objections": gonogo.objections(period, at=at),
        "risks": go_risks.standing(period), "decision": _decisions(period).first(),
    }  # fmt: skip
    return Response(go_shapes.GoNoGoOut(body).data)


def _decisions(period: Period) -> Any:
    rows = GoCondition.objects.select_related("owner", "settled_by").order_by("position")
    found = (
        GoDecision.objects.filter(period=period).select_related("by").prefetch_related(Prefetch("rows", rows))
    )
    return found.order_by("-at", "-id")


@extend_schema(
    request=go_shapes.VoteIn, responses=go_shapes.GoNoGoOut, operation_id="go_no_go_vote", tags=TAGS
)
@api_view(["POST"])
def vote(request: Request, key: str) -> Response:
    """Vote go or hold."""
    period, data = period_or_404(person(request), key), shared.valid(go_shapes.VoteIn, request)
    gonogo.vote(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return _shown(period)


@extend_schema(
    request=go_shapes.DecideIn, responses=go_shapes.GoNoGoOut, operation_id="go_no_go_decide", tags=TAGS
)
@api_view(["POST"])
def decide(request: Request, key: str) -> Response:
    """Record the sponsor's decision."""
    period, data = period_or_404(person(request), key), shared.valid(go_shapes.DecideIn, request)
    gonogo.decide(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return _shown(period_or_404(person(request), key))


@extend_schema(
    parameters=shared.PAGING,
    responses=go_shapes.DecisionOut(many=True),
    operation_id="go_no_go_decisions",
    tags=TAGS,
)
@api_view(["GET"])
def decisions(request: Request, key: str) -> Answer:
    """All decisions, the latest first, each with what it rested on and how its conditions went."""
    found = _decisions(period_or_404(person(request), key))
    return listed(found, request, ("-at", "-id"), lambda page: go_shapes.DecisionOut(page, many=True))


@extend_schema(
    request=go_shapes.MetIn,
    responses=go_shapes.ConditionOut,
    operation_id="go_no_go_condition_met",
    tags=TAGS,
)
@api_view(["POST"])
def met(request: Request, key: str, pk: int) -> Response:
    """A condition is seen to be true; refused at and after its deadline."""
    row = get_object_or_404(GoCondition, period=period_or_404(person(request), key), pk=pk)
    data = shared.valid(go_shapes.MetIn, request)
    settled = conditions.meet(row.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return Response(go_shapes.ConditionOut(settled).data)


@extend_schema(
    parameters=[shared.IDEMPOTENCY], request=go_shapes.RiskIn, responses={201: go_shapes.RiskOut},
    operation_id="go_no_go_risk_add", tags=TAGS,
)  # fmt: skip
@api_view(["POST"])
@idempotent
def add_risk(request: Request, key: str) -> Response:
    """One more of the top risks."""
    period, data = period_or_404(person(request), key), shared.valid(go_shapes.RiskIn, request)
    row = go_risks.add(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return Response(go_shapes.RiskOut(row).data, status=201)


@extend_schema(
    request=serializers.NothingIn, responses=go_shapes.RiskOut, operation_id="go_no_go_risk_remove", tags=TAGS
)
@api_view(["POST"])
def remove_risk(request: Request, key: str, pk: int) -> Response:
    """Take a risk off the list."""
    row = get_object_or_404(GoRisk, period=period_or_404(person(request), key), pk=pk)
    shared.valid(serializers.NothingIn, request)
    return Response(
        go_shapes.RiskOut(go_risks.remove(row.pk, by=person(request), at=timezone.now(), via=shared.VIA)).data
    )
