"""The API of rotations and requests for cover: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors import cover, rota
from contributors.models import CoverRequest, Rotation
from contributors.views import duty_shapes as shapes
from hypercare.api import IDEMPOTENCY, PAGING, idempotent, person
from hypercare.api.lists import Answer, listed
from hypercare.api.strict import nothing
from hypercare.errors import Invalid
from periods.access import period_or_404
from periods.models import Period

VIA = "api"
LARGEST_ID = 2**62
ANSWERS = {"accept": cover.accept, "refuse": cover.refuse, "approve": cover.approve, "decline": cover.decline,
           "withdraw": cover.withdraw}  # fmt: skip

STATE = OpenApiParameter("state", str, enum=CoverRequest.State.values)


# --- Rotations ----------------------------------------------------------------------------------


@extend_schema(methods=["GET"], parameters=PAGING, responses=shapes.RotationOut(many=True),
               operation_id="rotations_list")  # fmt: skip
@extend_schema(methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.RotationIn,
               responses={201: shapes.RotationOut}, operation_id="rotations_add")  # fmt: skip
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
    return listed(full, request, ("id",), lambda page: shapes.RotationOut(page, many=True))


@extend_schema(methods=["GET"], responses=shapes.RotationOut, operation_id="rotations_read")
@extend_schema(methods=["PUT"], request=shapes.RotationIn, responses=shapes.RotationOut,
               operation_id="rotations_change")  # fmt: skip
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="rotations_end")
@api_view(["GET", "PUT", "DELETE"])
def rotation(request: Request, key: str, pk: int) -> Response:
    """One rotation; PUT changes it and makes its coming shifts anew, DELETE takes it out of the plan."""
    period = period_or_404(
        person(request), key, may="period.view" if request.method == "GET" else "shifts.manage"
    )
    found = Rotation.objects.filter(role__period=period, pk=min(pk, LARGEST_ID), ended_at__isnull=True)
    one = found.select_related("role").prefetch_related("turns").first()
    if one is None:
        raise Http404
    if request.method == "DELETE":
        rota.end(one.pk, by=person(request), at=timezone.now(), via=VIA)
        return Response(status=204)
    return Response(
        _saved(request, period, one.pk) if request.method == "PUT" else shapes.RotationOut(one).data
    )


def _saved(request: Request, period: Period, pk: int | None) -> Any:
    sent = shapes.RotationIn(data=request.data, context={"period": period})
    sent.is_valid(raise_exception=True)
    made = rota.save(sent.spec(), by=person(request), at=timezone.now(), rotation_id=pk, via=VIA)
    return shapes.RotationOut(made).data


# --- Requests for cover -------------------------------------------------------------------------


@extend_schema(
    methods=["GET"], parameters=[*PAGING, STATE], responses=shapes.CoverRequestOut(many=True),
    operation_id="cover_requests_list",
)  # fmt: skip
@extend_schema(methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.CoverRequestIn,
               responses={201: shapes.CoverRequestOut}, operation_id="cover_requests_offer")  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def cover_requests(request: Request, key: str) -> Answer:
    """List the requests of a period, or offer a shift or a gap to somebody."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        sent = shapes.CoverRequestIn(data=request.data, context={"period": period})
        sent.is_valid(raise_exception=True)
        data = dict(sent.validated_data)
        users, reason = data.pop("users"), data.pop("reason")
        made = cover.ask(
            cover.Wanted(**data), users=users, reason=reason, by=person(request), at=timezone.now(), via=VIA
        )
        return Response(_shown(made.pk), status=201)
    found = CoverRequest.objects.filter(role__period=period)
    if state := request.query_params.get("state", ""):
        if state not in CoverRequest.State.values:
            raise Invalid({"state": f"Use one of: {', '.join(CoverRequest.State.values)}."})
        found = found.filter(state=state)
    full = found.select_related("role", "asked_by", "taken_by").prefetch_related("asks__user")
    return listed(full, request, ("-created_at", "id"), lambda page: shapes.CoverRequestOut(page, many=True))


@extend_schema(request=None, responses=shapes.CoverRequestOut)
@api_view(["POST"])
def answer(request: Request, key: str, pk: int, name: str) -> Response:
    """Accept, refuse, approve, decline or withdraw."""
    nothing(request)
    period = period_or_404(person(request), key)
    found = CoverRequest.objects.filter(role__period=period, pk=min(pk, LARGEST_ID)).first()
    if found is None:
        raise Http404
    ANSWERS[name](found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(_shown(found.pk))


@extend_schema(responses=shapes.CoverRequestOut, operation_id="cover_requests_read")
@api_view(["GET"])
def cover_request(request: Request, key: str, pk: int) -> Response:
    """One request."""
    period = period_or_404(person(request), key)
    if not CoverRequest.objects.filter(role__period=period, pk=min(pk, LARGEST_ID)).exists():
        raise Http404
    return Response(_shown(pk))


def _shown(pk: int) -> Any:
    full = CoverRequest.objects.select_related("role", "asked_by", "taken_by").prefetch_related("asks__user")
    return shapes.CoverRequestOut(full.get(pk=pk)).data
