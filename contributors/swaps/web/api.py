"""The API of requests for cover: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.models import CoverRequest
from contributors.shifts.web import duty_shapes as shapes
from contributors.swaps import cover_requests as cover
from contributors.swaps.web.operations import COVER_ANSWERS
from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import require_no_input, validate_input
from periods.access.access import period_or_404

STATE = OpenApiParameter("state", str, enum=CoverRequest.State.values)


# --- Requests for cover -------------------------------------------------------------------------


@extend_schema(
    methods=["GET"],
    parameters=[*PAGING, STATE],
    responses=shapes.CoverRequestOut(many=True),
    operation_id="cover_requests_list",
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.CoverRequestIn,
    responses={201: shapes.CoverRequestOut},
    operation_id="cover_requests_offer",
)
@api_view(["GET", "POST"])
@idempotent
def cover_requests(request: Request, key: str) -> Answer:
    """List the requests of a period, or offer a shift or a gap to somebody."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = validate_input(shapes.CoverRequestIn, request, period=period)
        users, reason = data.pop("users"), data.pop("reason")
        made = cover.ask(
            cover.WantedCover(**data), users=users, reason=reason, by=person(request), at=timezone.now(), via=VIA
        )
        return Response(_shown(made.pk), status=201)
    found = CoverRequest.objects.filter(role__period=period)
    if state := query.read_choice(request, "state", CoverRequest.State.values):
        found = found.filter(state=state)
    full = found.select_related("role", "asked_by", "taken_by").prefetch_related("asks__user")
    return list_response(full, request, ("-created_at", "id"), lambda page: shapes.CoverRequestOut(page, many=True))


@extend_schema(request=None, responses=shapes.CoverRequestOut)
@api_view(["POST"])
def answer(request: Request, key: str, pk: int, name: str) -> Response:
    """Accept, refuse, approve, decline or withdraw."""
    require_no_input(request)
    period = period_or_404(person(request), key)
    found = get_object_or_404(CoverRequest, role__period=period, pk=pk)
    COVER_ANSWERS[name].run(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(_shown(found.pk))


@extend_schema(responses=shapes.CoverRequestOut, operation_id="cover_requests_read")
@api_view(["GET"])
def cover_request(request: Request, key: str, pk: int) -> Response:
    """One request."""
    period = period_or_404(person(request), key)
    return Response(_shown(get_object_or_404(CoverRequest, role__period=period, pk=pk).pk))


def _shown(pk: int) -> Any:
    full = CoverRequest.objects.select_related("role", "asked_by", "taken_by").prefetch_related("asks__user")
    return shapes.CoverRequestOut(full.get(pk=pk)).data
