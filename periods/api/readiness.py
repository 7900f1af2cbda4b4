"""Checks before go-live, votes and the decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import idempotent, person
from periods import checklist, gonogo, serializers
from periods.access import period_or_404
from periods.api import shapes, shared
from periods.models import ChecklistItem, GoDecision, Period

TAGS = ["readiness"]
PEOPLE = ("owner", "done_by", "waived_by")


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("status", str, description="Several separated by commas."),
        OpenApiParameter("owner", str, enum=["me", "none"]),
        OpenApiParameter("blocking", bool),
        *shared.PAGING,
    ],
    responses=shapes.CheckOut(many=True), operation_id="checklist_list", tags=TAGS,
)  # fmt: skip
@extend_schema(
    methods=["POST"], parameters=[shared.IDEMPOTENCY], request=shapes.CheckIn, responses={201: shapes.CheckOut},
    operation_id="checklist_add", tags=TAGS,
)  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def checks(request: Request, key: str) -> Response:
    """The checks in order, or one more."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = shared.valid(shapes.CheckIn, request)
        item = checklist.add(period.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
        return _shown(item.pk, status=201)
    context = {"at": timezone.now()}
    return shared.paged(
        _filtered(request, period), request, ("position", "id"),
        lambda page: shapes.CheckOut(page, many=True, context=context),
    )  # fmt: skip


def _filtered(request: Request, period: Period) -> Any:
    items = ChecklistItem.objects.filter(period=period).select_related(*PEOPLE)
    if statuses := shared.chosen(request, "status", tuple(ChecklistItem.Status.values)):
        items = items.filter(status__in=statuses)
    if owner := shared.chosen(request, "owner", ("me", "none")):
        items = items.filter(owner=person(request) if owner == ["me"] else None)
    if blocking := shared.chosen(request, "blocking", ("true", "false")):
        items = items.filter(blocking=blocking == ["true"])
    return items


def _shown(pk: int, *, status: int = 200) -> Response:
    item = ChecklistItem.objects.select_related(*PEOPLE).get(pk=pk)
    return Response(shapes.CheckOut(item, context={"at": timezone.now()}).data, status=status)


def _item(request: Request, key: str, pk: int) -> ChecklistItem:
    return get_object_or_404(ChecklistItem, period=period_or_404(person(request), key), pk=pk)


@extend_schema(methods=["GET"], responses=shapes.CheckOut, operation_id="checklist_read", tags=TAGS)
@extend_schema(
    methods=["PATCH"], request=shapes.CheckPatchIn, responses=shapes.CheckOut, operation_id="checklist_change",
    tags=TAGS,
)  # fmt: skip
@api_view(["GET", "PATCH"])
def check(request: Request, key: str, pk: int) -> Response:
    """Read a check, or say who does it, by when, and what shows it."""
    item = _item(request, key, pk)
    if request.method == "PATCH":
        _change(item, shared.valid(shapes.CheckPatchIn, request), person(request))
    return _shown(item.pk)


@transaction.atomic
def _change(item: ChecklistItem, data: dict[str, Any], by: Any) -> None:
    at = timezone.now()
    if "owner" in data or "due_at" in data:
        owner = data.get("owner", item.owner)
        checklist.assign(item.pk, owner=owner, due_at=data.get("due_at"), by=by, at=at, via=shared.VIA)
    if "evidence" in data:
        checklist.attach(item.pk, evidence=data["evidence"], by=by, at=at, via=shared.VIA)


CHECK_ACTIONS: dict[str, tuple[shared.Shape, Callable[..., Any]]] = {
    "complete": (shapes.EvidenceIn, checklist.complete),
    "waive": (shapes.WaiveIn, checklist.waive),
    "reopen": (serializers.NothingIn, checklist.reopen),
    "set-aside": (serializers.PeriodReasonIn, checklist.set_aside),
}


def check_action(name: str) -> Any:
    """The view of one POST sub-resource of a check."""
    shape, function = CHECK_ACTIONS[name]

    @extend_schema(
        request=shape, responses=shapes.CheckOut, operation_id=f"checklist_{name.replace('-', '_')}",
        description=str(shape.__doc__), tags=TAGS,
    )  # fmt: skip
    @api_view(["POST"])
    def view(request: Request, key: str, pk: int) -> Response:
        item, data = _item(request, key, pk), shared.valid(shape, request)
        function(item.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
        return _shown(item.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} a check."
    return view


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
