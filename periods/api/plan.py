"""Periods: list, plan, read, change, and every step of their life; their journal; what answers recommend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import check_match, idempotent, not_modified, person
from hypercare.api.lists import Answer, listed
from hypercare.errors import Invalid
from hypercare.models import User
from periods import complexity, gonogo, lifecycle, planning, scoring, starting
from periods import serializers as shapes
from periods.access import period_or_404
from periods.api import shared
from periods.api.go_shapes import GoIn
from periods.models import JournalEntry, Period, ScoringModel

ORDERINGS: dict[str, tuple[str, ...]] = {
    "go_live_at": ("go_live_at", "id"), "-go_live_at": ("-go_live_at", "-id"),
    "updated_at": ("updated_at", "id"), "-updated_at": ("-updated_at", "-id"),
}  # fmt: skip
GROUPS = {"upcoming": Period.PRE_LIVE, "live": Period.LIVE, "ended": Period.ENDED}
RISK = ("answers", "first_release", "emergency")
FILTERS = [
    OpenApiParameter(
        "status", str, description="A status, or upcoming, live, ended; several separated by commas."
    ),
    OpenApiParameter(
        "updated_since", OpenApiTypes.DATETIME, description="Something happened at or after this moment."
    ),
    OpenApiParameter(
        "ordering", str, enum=sorted(ORDERINGS), description="Latest go-live first when left out."
    ),
    *shared.PAGING,
]


@extend_schema(
    methods=["GET"], parameters=FILTERS, responses=shapes.PeriodOut(many=True), operation_id="periods_list",
    tags=["periods"],
)  # fmt: skip
@extend_schema(
    methods=["POST"], parameters=[shared.IDEMPOTENCY], request=shapes.CreateIn, responses={201: shapes.PeriodOut},
    operation_id="periods_create", tags=["periods"],
)  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def periods(request: Request) -> Answer:
    """The periods one is part of, or a new plan."""
    if request.method == "POST":
        return _create(request, person(request), timezone.now())
    found = shared.periods(Period.objects.visible_to(person(request)))
    statuses = shared.chosen(request, "status", (*Period.Status.values, *GROUPS))
    if statuses:
        found = found.filter(status__in=[one for name in statuses for one in GROUPS.get(name, (name,))])
    if since := shared.moment(request, "updated_since"):
        found = found.filter(updated_at__gte=since)
    context, order = {"at": timezone.now()}, shared.ordering(request, ORDERINGS, "-go_live_at")
    return listed(found, request, order, lambda page: shapes.PeriodOut(page, many=True, context=context))


@transaction.atomic
def _create(request: Request, by: User, at: datetime) -> Response:
    data = shared.valid(shapes.CreateIn, request)
    risk = {name: data.pop(name) for name in RISK if name in data}
    otherwise = {name: data.pop(name) for name in planning.CHOICES if name in data}
    start = _start(data, by)
    period = (
        starting.create(start=start, **data, by=by, at=at, via=shared.VIA)
        if start
        else planning.create(**data, by=by, at=at, via=shared.VIA)
    )
    _answer(period.pk, risk, by, at)
    planning.update(period.pk, **otherwise, by=by, at=at, via=shared.VIA)
    return shared.shown(period.pk, status=201)


def _start(data: dict[str, Any], by: User) -> starting.Start | None:
    """What the plan starts from, taken out of the data: a template, an earlier period, or nothing."""
    template, version = data.pop("template", ""), data.pop("template_version", None)
    earlier = data.pop("from_period", "")
    if template and earlier:
        raise Invalid({"from_period": "Start from a template or from an earlier period, not from both."})
    if earlier:
        return starting.from_earlier(earlier, by=by)
    return starting.from_template(template, version=version) if template else None


def _answer(pk: int, risk: dict[str, Any], by: User, at: datetime) -> None:
    """Score again when an answer or a flag was sent; a flag alone counts once the questions are answered."""
    if risk:
        planning.answer(pk, risk.pop("answers", None), **risk, by=by, at=at, via=shared.VIA)


@extend_schema(
    methods=["GET"], responses={200: shapes.PeriodOut, 304: None}, operation_id="periods_read", tags=["periods"],
)  # fmt: skip
@extend_schema(
    methods=["PATCH"], parameters=[shared.IF_MATCH], request=shapes.PeriodPatchIn, responses=shapes.PeriodOut,
    operation_id="periods_change", tags=["periods"],
)  # fmt: skip
@api_view(["GET", "PATCH"])
def period(request: Request, key: str) -> Response:
    """Read a period, or change its plan."""
    found = period_or_404(person(request), key)
    if request.method == "PATCH":
        return _change(request, found.pk, person(request), timezone.now())
    return not_modified(request, shared.etag(found)) or shared.shown(found.pk)


@transaction.atomic
def _change(request: Request, pk: int, by: User, at: datetime) -> Response:
    data = shared.valid(shapes.PeriodPatchIn, request, partial=True)
    check_match(request, shared.etag(Period.objects.locked().get(pk=pk)))
    risk = {name: data.pop(name) for name in RISK if name in data}
    _answer(pk, risk, by, at)  # first: a decision otherwise is judged by what is suggested now
    planning.update(pk, **data, by=by, at=at, via=shared.VIA)
    return shared.shown(pk)


def _go(period_id: int, *, conditions: Any = (), **given: Any) -> Any:
    """The sponsor's go in one call: with conditions it is a conditional one."""
    outcome = "go_with_conditions" if conditions else "go"
    return gonogo.decide(period_id, outcome=outcome, conditions=conditions, **given)


STEPS: dict[str, tuple[shared.Shape, Callable[..., Any]]] = {
    "plan": (shapes.NothingIn, lifecycle.plan),
    "invite": (shapes.NothingIn, lifecycle.invite),
    "go": (GoIn, _go),
    "postpone": (shapes.PostponeIn, lifecycle.postpone),
    "start": (shapes.StartIn, lifecycle.start),
    "stabilise": (shapes.NothingIn, lifecycle.stabilise),
    "review": (shapes.NothingIn, lifecycle.review),
    "extend": (shapes.ExtendIn, lifecycle.extend),
    "close": (shapes.CloseIn, lifecycle.close),
    "roll-back": (shapes.RollBackIn, lifecycle.roll_back),
    "reopen": (shapes.ReopenIn, lifecycle.reopen),
    "cancel": (shapes.PeriodReasonIn, lifecycle.cancel),
}


def step(name: str, operation: str = "") -> Any:
    """The view of one step."""
    return shared.period_action(name, *STEPS[name], operation=operation or f"periods_{name}")


@extend_schema(
    parameters=[OpenApiParameter("ordering", str, enum=["seq", "-seq"]), *shared.PAGING],
    responses=shapes.JournalOut(many=True), operation_id="periods_journal", tags=["periods"],
)  # fmt: skip
@api_view(["GET"])
def journal(request: Request, key: str) -> Answer:
    """What happened, newest first. It quotes internal notes, so it is for those who may read them."""
    found = period_or_404(person(request), key, may="notes.view")
    entries = JournalEntry.objects.filter(period=found).select_related("actor")
    if since := shared.moment(request, "updated_since"):
        entries = entries.filter(at__gte=since)
    order = shared.ordering(request, {"seq": ("seq",), "-seq": ("-seq",)}, "-seq")
    return listed(entries, request, order, lambda page: shapes.JournalOut(page, many=True))


@extend_schema(
    request=shapes.ComplexityIn, responses=shapes.ComplexityOut, operation_id="complexity_assess", tags=["periods"],
)  # fmt: skip
@api_view(["POST"])
def assess(request: Request) -> Response:
    """What answers recommend, with every reason; nothing is stored."""
    data = shared.valid(shapes.ComplexityIn, request)
    model = _model(data)
    found = planning.assess(
        data["answers"], first_release=data["first_release"], emergency=data["emergency"], model=model
    )
    context = {"end": _end(data, found.days, model.cycle_days)}
    return Response(shapes.ComplexityOut(found, context=context).data)


def _model(data: dict[str, Any]) -> complexity.Model:
    """The version that is asked for, else the one in use. Raises Invalid for one that is none."""
    try:
        return scoring.get(data["version"]) if "version" in data else scoring.in_use()
    except ScoringModel.DoesNotExist as error:
        raise Invalid({"version": f"There is no version {data['version']}."}) from error


def _end(data: dict[str, Any], days: int, margin: int) -> complexity.End | None:
    if "go_live_on" not in data:
        return None
    cycles, place = data.get("critical_cycles", []), (data["country"], data["subdivision"])
    return planning.end_on(data["go_live_on"], days, cycles, *place, margin=margin)
