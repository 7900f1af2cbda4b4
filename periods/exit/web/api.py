"""REST: the exit review."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import VIA, person
from hypercare.api.strict import validate_input
from periods.access.access import period_or_404
from periods.debriefs.web import serializers as shapes
from periods.exit import criteria
from periods.lifecycle import gates, lifecycle
from periods.models import ExitCriterion, Period

EXIT = ["exit"]


@extend_schema(responses=shapes.ExitOut, operation_id="exit_review_read", tags=EXIT)
@api_view(["GET"])
def exit_review(request: Request, key: str) -> Response:
    """The scorecard, who signed, and what stands in the way of closing."""
    return _exit(period_or_404(person(request), key))


def _exit(period: Period) -> Response:
    at = timezone.now()
    scored = criteria.scorecard(period, at=at)
    is_met = bool(scored) and not any(row.blocks for row in scored)
    signed = period.exit_signatures.filter(voided_at__isnull=True).select_related("by").order_by("at", "id")
    document = {
        "status": period.status,
        "ends_at": period.ends_at,
        "extensions": period.extensions,
        "not_before": criteria.cycle_floor(period),
        "met": sum(row.reading.verdict == "pass" for row in scored),
        "total": len(scored),
        "verdict": "met" if is_met else "not_met",
        "criteria": scored,
        "signatures": signed,
        "objections": gates.find_blockers(period, "close", at=at),
    }
    return Response(shapes.ExitOut(document).data)


@extend_schema(request=shapes.SignIn, responses=shapes.ExitOut, operation_id="exit_review_sign", tags=EXIT)
@api_view(["POST"])
def sign(request: Request, key: str) -> Response:
    """Sign as BAU owner or sponsor; signing does not close."""
    period = period_or_404(person(request), key)
    data = validate_input(shapes.SignIn, request)
    lifecycle.sign(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return _exit(period)


@extend_schema(request=shapes.VerdictIn, responses=shapes.ExitOut, operation_id="exit_review_decide", tags=EXIT)
@api_view(["POST"])
def decide_criterion(request: Request, key: str, code: str) -> Response:
    """Decide a criterion that no data can answer."""
    period = period_or_404(person(request), key)
    found = get_object_or_404(ExitCriterion, period=period, code=code)
    data = validate_input(shapes.VerdictIn, request)
    criteria.decide_manually(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return _exit(period)
