"""Rehearsals of the cutover and the rollback."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import validate_input
from periods.access.access import period_or_404
from periods.checklist import rehearsals
from periods.checklist.web import serializers as shapes
from periods.models import Rehearsal
from periods.web.serializers import NothingIn

TAGS = ["readiness"]


@extend_schema(
    methods=["GET"],
    parameters=[OpenApiParameter("kind", str, enum=Rehearsal.Kind.values), *PAGING],
    responses=shapes.RehearsalOut(many=True),
    operation_id="rehearsals_list",
    tags=TAGS,
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.RehearsalIn,
    responses={201: shapes.RehearsalOut},
    operation_id="rehearsals_add",
    tags=TAGS,
)
@api_view(["GET", "POST"])
@idempotent
def rehearsal_list(request: Request, key: str) -> Answer:
    """The rehearsals, newest first, or one more: started now, or recorded with what it took."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = validate_input(shapes.RehearsalIn, request)
        act = rehearsals.record if "took_minutes" in data else rehearsals.start
        made = act(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return Response(shapes.RehearsalOut(made).data, status=201)
    rows = Rehearsal.objects.filter(period=period).select_related("by")
    if kinds := query.read_choices(request, "kind", tuple(Rehearsal.Kind.values)):
        rows = rows.filter(kind__in=kinds)
    return list_response(rows, request, ("-started_at", "-id"), lambda page: shapes.RehearsalOut(page, many=True))


def _found(request: Request, key: str, pk: int) -> Rehearsal:
    return get_object_or_404(Rehearsal, period=period_or_404(person(request), key), pk=pk)


@extend_schema(request=shapes.StopIn, responses=shapes.RehearsalOut, operation_id="rehearsals_stop", tags=TAGS)
@api_view(["POST"])
def stop(request: Request, key: str, pk: int) -> Response:
    """Stop the watch of a rehearsal."""
    found, data = _found(request, key, pk), validate_input(shapes.StopIn, request)
    ended = rehearsals.stop(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.RehearsalOut(ended).data)


@extend_schema(request=NothingIn, responses={204: None}, operation_id="rehearsals_cancel", tags=TAGS)
@api_view(["POST"])
def cancel(request: Request, key: str, pk: int) -> Response:
    """Forget a running rehearsal that was started by mistake."""
    found = _found(request, key, pk)
    rehearsals.cancel(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)
