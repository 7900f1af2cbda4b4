"""Periods: list, plan, read, change, and every step of their life; their journal; what answers recommend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, IF_MATCH, PAGING, VIA, check_match, idempotent, not_modified, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, validate_input
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.access.access import period_or_404
from periods.models import JournalEntry, Period, ScoringModel
from periods.planning import complexity, from_template, planning, scoring
from periods.planning.web import serializers
from periods.planning.web.operations import STEPS
from periods.web import api_shared
from periods.web import serializers as periods_serializers

ORDERINGS: dict[str, tuple[str, ...]] = {
    "go_live_at": ("go_live_at", "id"),
    "-go_live_at": ("-go_live_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
GROUPS = {"upcoming": Period.PRE_LIVE, "live": Period.LIVE, "ended": Period.ENDED}
FILTERS = [
    OpenApiParameter("status", str, description="A status, or upcoming, live, ended; several separated by commas."),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME, description="Something happened at or after this moment."),
    OpenApiParameter("ordering", str, enum=sorted(ORDERINGS), description="Latest go-live first when left out."),
    *PAGING,
]


@extend_schema(
    methods=["GET"],
    parameters=FILTERS,
    responses=periods_serializers.PeriodOut(many=True),
    operation_id="periods_list",
    tags=["periods"],
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=serializers.CreateIn,
    responses={201: periods_serializers.PeriodOut},
    operation_id="periods_create",
    tags=["periods"],
)
@api_view(["GET", "POST"])
@idempotent
def periods(request: Request) -> Answer:
    """The periods one is part of, or a new plan."""
    if request.method == "POST":
        return _create(request, person(request), timezone.now())
    found = api_shared.periods_with_people(Period.objects.visible_to(person(request)))
    statuses = query.read_choices(request, "status", (*Period.Status.values, *GROUPS))
    if statuses:
        found = found.filter(status__in=[one for name in statuses for one in GROUPS.get(name, (name,))])
    if since := query.read_moment(request, "updated_since"):
        found = found.filter(updated_at__gte=since)
    context, order = {"at": timezone.now()}, query.read_ordering(request, ORDERINGS, "-go_live_at")
    return list_response(
        found, request, order, lambda page: periods_serializers.PeriodOut(page, many=True, context=context)
    )


def _create(request: Request, by: User, at: datetime) -> Response:
    data = validate_input(serializers.CreateIn, request)
    period = from_template.create_period(start=_start(data, by), **data, by=by, at=at, via=VIA)
    return api_shared.period_response(period.pk, status=201)


def _start(data: dict[str, Any], by: User) -> from_template.PlanStart | None:
    """What the plan starts from, taken out of the data: a template, an earlier period, or nothing."""
    template, version = data.pop("template", ""), data.pop("template_version", None)
    earlier = data.pop("from_period", "")
    if template and earlier:
        raise Invalid({"from_period": "Start from a template or from an earlier period, not from both."})
    if earlier:
        return from_template.start_from_earlier(earlier, by=by)
    return from_template.start_from_template(template, version=version) if template else None


@extend_schema(
    methods=["GET"],
    responses={200: periods_serializers.PeriodOut, 304: None},
    operation_id="periods_read",
    tags=["periods"],
)
@extend_schema(
    methods=["PATCH"],
    parameters=[IF_MATCH],
    request=serializers.PeriodPatchIn,
    responses=periods_serializers.PeriodOut,
    operation_id="periods_change",
    tags=["periods"],
)
@api_view(["GET", "PATCH"])
def period(request: Request, key: str) -> Response:
    """Read a period, or change its plan."""
    found = period_or_404(person(request), key)
    if request.method == "PATCH":
        return _change(request, found.pk, person(request), timezone.now())
    return not_modified(request, api_shared.period_etag(found)) or api_shared.period_response(found.pk)


@transaction.atomic
def _change(request: Request, pk: int, by: User, at: datetime) -> Response:
    data = validate_input(serializers.PeriodPatchIn, request, partial=True)
    check_match(request, api_shared.period_etag(Period.objects.locked().get(pk=pk)))
    planning.update(pk, **data, by=by, at=at, via=VIA)
    return api_shared.period_response(pk)


def step(name: str, operation: str = "") -> Any:
    """The view of one step; it answers the period as it is afterwards.

    The domain function authorises: who may take a step is a row of its table.
    """
    row = STEPS[name]
    shape = row.shape or NothingIn

    @extend_schema(
        request=shape,
        responses=periods_serializers.PeriodOut,
        operation_id=(operation or f"periods_{name}").replace("-", "_"),
        description=str(shape.__doc__),
        tags=["periods"],
    )
    @api_view(["POST"])
    def view(request: Request, key: str) -> Response:
        me = person(request)
        period = period_or_404(me, key)
        row.run(period.pk, **validate_input(shape, request), by=me, at=timezone.now(), via=VIA)
        return api_shared.period_response(period.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} a period."
    return view


@extend_schema(
    parameters=[OpenApiParameter("ordering", str, enum=["seq", "-seq"]), *PAGING],
    responses=periods_serializers.JournalOut(many=True),
    operation_id="periods_journal",
    tags=["periods"],
)
@api_view(["GET"])
def journal(request: Request, key: str) -> Answer:
    """What happened, newest first. It quotes internal notes, so it is for those who may read them."""
    found = period_or_404(person(request), key, may="notes.view")
    entries = JournalEntry.objects.filter(period=found).select_related("actor")
    if since := query.read_moment(request, "updated_since"):
        entries = entries.filter(at__gte=since)
    order = query.read_ordering(request, {"seq": ("seq",), "-seq": ("-seq",)}, "-seq")
    return list_response(entries, request, order, lambda page: periods_serializers.JournalOut(page, many=True))


@extend_schema(
    request=serializers.ComplexityIn,
    responses=serializers.ComplexityOut,
    operation_id="complexity_assess",
    tags=["periods"],
)
@api_view(["POST"])
def assess(request: Request) -> Response:
    """What answers recommend, with every reason; nothing is stored."""
    data = validate_input(serializers.ComplexityIn, request)
    model = _model(data)
    found = planning.assess_answers(
        data["answers"], first_release=data["first_release"], emergency=data["emergency"], model=model
    )
    context = {"end": _end(data, found.days, model.cycle_days)}
    return Response(serializers.ComplexityOut(found, context=context).data)


def _model(data: dict[str, Any]) -> complexity.ComplexityModel:
    """The version that is asked for, else the one in use. Raises Invalid for one that is none."""
    try:
        return scoring.model_of_version(data["version"]) if "version" in data else scoring.model_in_use()
    except ScoringModel.DoesNotExist as error:
        raise Invalid({"version": f"There is no version {data['version']}."}) from error


def _end(data: dict[str, Any], days: int, margin: int) -> complexity.PlanEnd | None:
    if "go_live_on" not in data:
        return None
    cycles, place = data.get("critical_cycles", []), (data["country"], data["subdivision"])
    return planning.explain_new_end(data["go_live_on"], days, cycles, *place, margin=margin)
