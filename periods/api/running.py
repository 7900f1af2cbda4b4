"""Debriefs, actions and the exit review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import idempotent, person
from hypercare.api.lists import Answer, listed
from periods import actions as action_list
from periods import criteria, debriefs, gates, lifecycle, serializers
from periods.access import period_or_404
from periods.api import shapes, shared
from periods.models import Action, Debrief, ExitCriterion, Period

DEBRIEFS, ACTIONS, EXIT = ["debriefs"], ["actions"], ["exit"]


# --- Debriefs -----------------------------------------------------------------------------------


@extend_schema(
    methods=["GET"], parameters=[OpenApiParameter("status", str), *shared.PAGING],
    responses=shapes.DebriefOut(many=True), operation_id="debriefs_list", tags=DEBRIEFS,
)  # fmt: skip
@extend_schema(
    methods=["POST"], parameters=[shared.IDEMPOTENCY], request=shapes.DebriefIn,
    responses={201: shapes.DebriefFullOut}, operation_id="debriefs_add", tags=DEBRIEFS,
)  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def debrief_list(request: Request, key: str) -> Answer:
    """The debriefs in order, or one more."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = shared.valid(shapes.DebriefIn, request)
        made = debriefs.add(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
        return _shown(made.pk, status=201)
    found = Debrief.objects.filter(period=period).select_related("chair", "writer")
    if statuses := shared.chosen(request, "status", tuple(Debrief.Status.values)):
        found = found.filter(status__in=statuses)
    return listed(found, request, ("starts_at", "id"), lambda page: shapes.DebriefOut(page, many=True))


@extend_schema(responses=shapes.DebriefFullOut, operation_id="debriefs_read", tags=DEBRIEFS)
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


def _write(debrief_id: int, *, via: str, **given: Any) -> Any:  # noqa: ARG001  drafts leave no trace of their way
    return debriefs.write(debrief_id, **given)


DEBRIEF_ACTIONS: dict[str, tuple[shared.Shape, Callable[..., Any]]] = {
    "start": (serializers.NothingIn, debriefs.start),
    "take-over": (serializers.NothingIn, debriefs.take_over),
    "write": (shapes.WriteIn, _write),
    "decide": (shapes.TextIn, debriefs.decide),
    "attend": (shapes.AttendIn, debriefs.attend),
    "finish": (serializers.NothingIn, debriefs.finish),
    "skip": (serializers.PeriodReasonIn, debriefs.skip),
    "reschedule": (shapes.RescheduleIn, debriefs.reschedule),
}


def debrief_action(name: str) -> Any:
    """The view of one POST sub-resource of a debrief."""
    shape, function = DEBRIEF_ACTIONS[name]

    @extend_schema(
        request=shape, responses=shapes.DebriefFullOut, operation_id=f"debriefs_{name.replace('-', '_')}",
        description=str(shape.__doc__), tags=DEBRIEFS,
    )  # fmt: skip
    @api_view(["POST"])
    def view(request: Request, key: str, number: int) -> Response:
        found, data = _debrief(request, key, number), shared.valid(shape, request)
        function(found.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
        return _shown(found.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} a debrief."
    return view


# --- Actions ------------------------------------------------------------------------------------


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("state", str, enum=["open", "done"]),
        OpenApiParameter("owner", str, enum=["me"]),
        *shared.PAGING,
    ],
    responses=shapes.ActionOut(many=True), operation_id="actions_list", tags=ACTIONS,
)  # fmt: skip
@extend_schema(
    methods=["POST"], parameters=[shared.IDEMPOTENCY], request=shapes.ActionIn, responses={201: shapes.ActionOut},
    operation_id="actions_add", tags=ACTIONS,
)  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def actions(request: Request, key: str) -> Answer:
    """The actions by due time, or one more."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = shared.valid(shapes.ActionIn, request)
        made = action_list.add(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
        return _action_shown(made.pk, status=201)
    found = Action.objects.filter(period=period).select_related("owner", "done_by", "debrief")
    if state := shared.chosen(request, "state", ("open", "done")):
        found = found.filter(done_at__isnull=state == ["open"])
    if shared.chosen(request, "owner", ("me",)):
        found = found.filter(owner=person(request))
    return listed(found, request, ("due_at", "id"), lambda page: shapes.ActionOut(page, many=True))


def _action_shown(pk: int, *, status: int = 200) -> Response:
    found = Action.objects.select_related("owner", "done_by", "debrief").get(pk=pk)
    return Response(shapes.ActionOut(found).data, status=status)


ACTION_ACTIONS: dict[str, Callable[..., Any]] = {"done": action_list.done, "reopen": action_list.reopen}


def action_action(name: str) -> Any:
    """The view of one POST sub-resource of an action."""

    @extend_schema(
        request=serializers.NothingIn, responses=shapes.ActionOut, operation_id=f"actions_{name}", tags=ACTIONS,
    )  # fmt: skip
    @api_view(["POST"])
    def view(request: Request, key: str, pk: int) -> Response:
        period = period_or_404(person(request), key)
        found = get_object_or_404(Action, period=period, pk=pk)
        shared.valid(serializers.NothingIn, request)
        ACTION_ACTIONS[name](found.pk, by=person(request), at=timezone.now(), via=shared.VIA)
        return _action_shown(found.pk)

    view.__doc__ = "Say that an action is done." if name == "done" else "Reopen an action."
    return view


# --- The exit -----------------------------------------------------------------------------------


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
        "status": period.status, "ends_at": period.ends_at, "extensions": period.extensions,
        "not_before": criteria.cycle_floor(period), "met": sum(row.reading.verdict == "pass" for row in scored),
        "total": len(scored), "verdict": "met" if is_met else "not_met", "criteria": scored,
        "signatures": signed, "objections": gates.objections(period, "close", at=at),
    }  # fmt: skip
    return Response(shapes.ExitOut(document).data)


@extend_schema(request=shapes.SignIn, responses=shapes.ExitOut, operation_id="exit_review_sign", tags=EXIT)
@api_view(["POST"])
def sign(request: Request, key: str) -> Response:
    """Sign as BAU owner or sponsor; signing does not close."""
    period = period_or_404(person(request), key)
    data = shared.valid(shapes.SignIn, request)
    lifecycle.sign(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return _exit(period)


@extend_schema(
    request=shapes.VerdictIn, responses=shapes.ExitOut, operation_id="exit_review_decide", tags=EXIT
)
@api_view(["POST"])
def decide_criterion(request: Request, key: str, code: str) -> Response:
    """Decide a criterion that no data can answer."""
    period = period_or_404(person(request), key)
    found = get_object_or_404(ExitCriterion, period=period, code=code)
    data = shared.valid(shapes.VerdictIn, request)
    criteria.set_manual(found.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return _exit(period)
