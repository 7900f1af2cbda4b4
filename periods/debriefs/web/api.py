"""Debriefs, actions and the exit review."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, validate_input
from periods.access.access import period_or_404
from periods.debriefs import actions as action_list
from periods.debriefs import debriefs
from periods.debriefs.web import serializers as shapes
from periods.debriefs.web.operations import DEBRIEFS
from periods.models import Action, Debrief

OF_DEBRIEFS = ["debriefs"]
OF_ACTIONS = ["actions"]


@extend_schema(
    methods=["GET"],
    parameters=[OpenApiParameter("status", str), *PAGING],
    responses=shapes.DebriefOut(many=True),
    operation_id="debriefs_list",
    tags=OF_DEBRIEFS,
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.DebriefIn,
    responses={201: shapes.DebriefFullOut},
    operation_id="debriefs_add",
    tags=OF_DEBRIEFS,
)
@api_view(["GET", "POST"])
@idempotent
def debrief_list(request: Request, key: str) -> Answer:
    """The debriefs in order, or one more."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = validate_input(shapes.DebriefIn, request)
        made = debriefs.add(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return _shown(made.pk, status=201)
    found = Debrief.objects.filter(period=period).select_related("chair", "writer")
    if statuses := query.read_choices(request, "status", tuple(Debrief.Status.values)):
        found = found.filter(status__in=statuses)
    return list_response(found, request, ("starts_at", "id"), lambda page: shapes.DebriefOut(page, many=True))


@extend_schema(responses=shapes.DebriefFullOut, operation_id="debriefs_read", tags=OF_DEBRIEFS)
@api_view(["GET"])
def debrief(request: Request, key: str, number: int) -> Response:
    """One debrief with its agenda as it stands, or as it was when it finished."""
    return _shown(_debrief(request, key, number).pk)


def _debrief(request: Request, key: str, number: int) -> Debrief:
    period = period_or_404(person(request), key)
    return get_object_or_404(Debrief, period=period, number=number)


def _shown(pk: int, *, status: int = 200) -> Response:
    found = Debrief.objects.select_related("period", "chair", "writer").get(pk=pk)
    return Response(shapes.DebriefFullOut(found, context={"at": timezone.now()}).data, status=status)


def debrief_action(name: str) -> Any:
    """The view of one POST sub-resource of a debrief."""
    row = DEBRIEFS[name]
    shape = row.shape or NothingIn

    @extend_schema(
        request=shape,
        responses=shapes.DebriefFullOut,
        operation_id=f"debriefs_{name.replace('-', '_')}",
        description=str(shape.__doc__),
        tags=OF_DEBRIEFS,
    )
    @api_view(["POST"])
    def view(request: Request, key: str, number: int) -> Response:
        found, data = _debrief(request, key, number), validate_input(shape, request)
        row.run(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return _shown(found.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} a debrief."
    return view


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("state", str, enum=["open", "done"]),
        OpenApiParameter("owner", str, enum=["me"]),
        *PAGING,
    ],
    responses=shapes.ActionOut(many=True),
    operation_id="actions_list",
    tags=OF_ACTIONS,
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.ActionIn,
    responses={201: shapes.ActionOut},
    operation_id="actions_add",
    tags=OF_ACTIONS,
)
@api_view(["GET", "POST"])
@idempotent
def actions(request: Request, key: str) -> Answer:
    """The actions by due time, or one more."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = validate_input(shapes.ActionIn, request)
        made = action_list.add(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return _action_shown(made.pk, status=201)
    found = Action.objects.filter(period=period).select_related("owner", "done_by", "debrief")
    if state := query.read_choices(request, "state", ("open", "done")):
        found = found.filter(done_at__isnull=state == ["open"])
    if query.read_choices(request, "owner", ("me",)):
        found = found.filter(owner=person(request))
    return list_response(found, request, ("due_at", "id"), lambda page: shapes.ActionOut(page, many=True))


def _action_shown(pk: int, *, status: int = 200) -> Response:
    found = Action.objects.select_related("owner", "done_by", "debrief").get(pk=pk)
    return Response(shapes.ActionOut(found).data, status=status)


def action_action(name: str) -> Any:
    """The view of one POST sub-resource of an action."""
    row = DEBRIEFS["finish-action" if name == "done" else "reopen-action"]

    @extend_schema(request=NothingIn, responses=shapes.ActionOut, operation_id=f"actions_{name}", tags=OF_ACTIONS)
    @api_view(["POST"])
    def view(request: Request, key: str, pk: int) -> Response:
        period = period_or_404(person(request), key)
        found = get_object_or_404(Action, period=period, pk=pk)
        validate_input(NothingIn, request)
        row.run(found.pk, by=person(request), at=timezone.now(), via=VIA)
        return _action_shown(found.pk)

    view.__doc__ = "Say that an action is done." if name == "done" else "Reopen an action."
    return view
