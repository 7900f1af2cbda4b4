"""The API of rotations: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.models import Rotation
from contributors.shifts import rotation_store
from contributors.shifts.web import duty_shapes as shapes
from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person
from hypercare.api.lists import Answer, list_response
from periods.access.access import period_or_404
from periods.models import Period


@extend_schema(
    methods=["GET"], parameters=PAGING, responses=shapes.RotationOut(many=True), operation_id="rotations_list"
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.RotationIn,
    responses={201: shapes.RotationOut},
    operation_id="rotations_add",
)
@api_view(["GET", "POST"])
@idempotent
def rotations(request: Request, key: str) -> Answer:
    """List the rotations of a period, or make one; its shifts are made at once."""
    if request.method == "POST":
        period = period_or_404(person(request), key, may="shifts.manage")
        return Response(_saved(request, period, None), status=201)
    period = period_or_404(person(request), key)
    found = Rotation.objects.filter(role__period=period, ended_at__isnull=True)
    full = found.select_related("role").prefetch_related("turns")
    return list_response(full, request, ("id",), lambda page: shapes.RotationOut(page, many=True))


@extend_schema(methods=["GET"], responses=shapes.RotationOut, operation_id="rotations_read")
@extend_schema(
    methods=["PUT"], request=shapes.RotationIn, responses=shapes.RotationOut, operation_id="rotations_change"
)
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="rotations_end")
@api_view(["GET", "PUT", "DELETE"])
def rotation(request: Request, key: str, pk: int) -> Response:
    """One rotation; PUT changes it and makes its coming shifts anew, DELETE takes it out of the plan."""
    period = period_or_404(person(request), key, may="period.view" if request.method == "GET" else "shifts.manage")
    found = Rotation.objects.select_related("role").prefetch_related("turns")
    one = get_object_or_404(found, role__period=period, pk=pk, ended_at__isnull=True)
    if request.method == "DELETE":
        rotation_store.end(one.pk, by=person(request), at=timezone.now(), via=VIA)
        return Response(status=204)
    return Response(_saved(request, period, one.pk) if request.method == "PUT" else shapes.RotationOut(one).data)


def _saved(request: Request, period: Period, pk: int | None) -> Any:
    sent = shapes.RotationIn(data=request.data, context={"period": period})
    sent.is_valid(raise_exception=True)
    made = rotation_store.save(sent.spec(), by=person(request), at=timezone.now(), rotation_id=pk, via=VIA)
    return shapes.RotationOut(made).data
