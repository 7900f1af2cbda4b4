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

from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, validate_input
from periods import checklist
from periods.access.access import period_or_404
from periods.go import conditions, gonogo, risks
from periods.go.web import serializers as shapes
from periods.models import GoCondition, GoDecision, GoRisk, Period

TAGS = ["readiness"]


@extend_schema(responses=shapes.GoNoGoOut, operation_id="go_no_go_read", tags=TAGS)
@api_view(["GET"])
def go_no_go(request: Request, key: str) -> Response:
    """Votes and quorum, what stands in the way of a go, risks, and the latest decision."""
    return _shown(period_or_404(person(request), key))


def _shown(period: Period) -> Response:
    at = timezone.now()
    seats = gonogo.seats_of(period)
    body = {
        "status": period.status,
        "go_live_at": period.go_live_at,
        "progress": checklist.progress(period, at=at),
        "votes": seats,
        "quorum": gonogo.quorum_of(seats),
        "objections": gonogo.find_blockers(period, at=at),
        "risks": risks.standing_risks(period),
        "decision": _decisions(period).first(),
    }
    return Response(shapes.GoNoGoOut(body).data)


def _decisions(period: Period) -> Any:
    rows = GoCondition.objects.select_related("owner", "settled_by").order_by("position")
    found = GoDecision.objects.filter(period=period).select_related("by").prefetch_related(Prefetch("rows", rows))
    return found.order_by("-at", "-id")


@extend_schema(request=shapes.VoteIn, responses=shapes.GoNoGoOut, operation_id="go_no_go_vote", tags=TAGS)
@api_view(["POST"])
def vote(request: Request, key: str) -> Response:
    """Vote go or hold."""
    period, data = period_or_404(person(request), key), validate_input(shapes.VoteIn, request)
    gonogo.vote(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return _shown(period)


@extend_schema(request=shapes.DecideIn, responses=shapes.GoNoGoOut, operation_id="go_no_go_decide", tags=TAGS)
@api_view(["POST"])
def decide(request: Request, key: str) -> Response:
    """Record the sponsor's decision."""
    period, data = period_or_404(person(request), key), validate_input(shapes.DecideIn, request)
    gonogo.decide(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return _shown(period_or_404(person(request), key))


@extend_schema(parameters=PAGING, responses=shapes.DecisionOut(many=True), operation_id="go_no_go_decisions", tags=TAGS)
@api_view(["GET"])
def decisions(request: Request, key: str) -> Answer:
    """All decisions, the latest first, each with what it rested on and how its conditions went."""
    found = _decisions(period_or_404(person(request), key))
    return list_response(found, request, ("-at", "-id"), lambda page: shapes.DecisionOut(page, many=True))


@extend_schema(request=shapes.MetIn, responses=shapes.ConditionOut, operation_id="go_no_go_condition_met", tags=TAGS)
@api_view(["POST"])
def meet_condition(request: Request, key: str, pk: int) -> Response:
    """A condition is seen to be true; refused at and after its deadline."""
    row = get_object_or_404(GoCondition, period=period_or_404(person(request), key), pk=pk)
    data = validate_input(shapes.MetIn, request)
    settled = conditions.meet_condition(row.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.ConditionOut(settled).data)


@extend_schema(
    parameters=[IDEMPOTENCY],
    request=shapes.RiskIn,
    responses={201: shapes.RiskOut},
    operation_id="go_no_go_risk_add",
    tags=TAGS,
)
@api_view(["POST"])
@idempotent
def add_risk(request: Request, key: str) -> Response:
    """One more of the top risks."""
    period, data = period_or_404(person(request), key), validate_input(shapes.RiskIn, request)
    row = risks.add(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.RiskOut(row).data, status=201)


@extend_schema(request=NothingIn, responses=shapes.RiskOut, operation_id="go_no_go_risk_remove", tags=TAGS)
@api_view(["POST"])
def remove_risk(request: Request, key: str, pk: int) -> Response:
    """Take a risk off the list."""
    row = get_object_or_404(GoRisk, period=period_or_404(person(request), key), pk=pk)
    validate_input(NothingIn, request)
    return Response(shapes.RiskOut(risks.remove(row.pk, by=person(request), at=timezone.now(), via=VIA)).data)
