"""REST: shifts, coverage, who is on call."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.shifts import coverage, reassign, roster, roster_checks, workload
from contributors.shifts.web import serializers as shapes
from contributors.web.loading import shift_or_404
from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, require_no_input, validate_input
from hypercare.exceptions import Invalid
from periods.access.access import period_or_404

LONGEST_QUESTION = timedelta(days=366)
USUAL_QUESTION = timedelta(hours=72)
NEXT_DUTIES = 10
FROM = OpenApiParameter("from", OpenApiTypes.DATETIME, description="Now when left out.")
TO = OpenApiParameter("to", OpenApiTypes.DATETIME, description="72 hours later when left out.")


@extend_schema(
    methods=["GET"], parameters=[*PAGING, FROM, TO], responses=shapes.ShiftOut(many=True), operation_id="shifts_list"
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.ShiftIn,
    responses={201: shapes.ShiftOut},
    operation_id="shifts_add",
)
@api_view(["GET", "POST"])
@idempotent
def shifts(request: Request, key: str) -> Answer:
    """List the shifts of a period, or put somebody on duty."""
    if request.method == "POST":
        period = period_or_404(person(request), key, may="shifts.manage")
        data = validate_input(shapes.ShiftIn, request, period=period)
        role = data.pop("role")
        shift = roster.assign_shift(role.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return Response(shapes.ShiftOut(shift).data, status=201)
    period = period_or_404(person(request), key)
    begin, end = roster.roster_window(period)
    start, end = query.read_moment(request, "from") or begin, query.read_moment(request, "to") or end
    found = roster.standing_shifts(start, end).filter(role__period=period)
    found = found.select_related("role", "user")
    return list_response(found, request, ("starts_at", "id"), lambda page: shapes.ShiftOut(page, many=True))


@extend_schema(methods=["GET"], responses=shapes.ShiftOut, operation_id="shifts_read")
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="shifts_cancel")
@api_view(["GET", "DELETE"])
def shift(request: Request, key: str, pk: int) -> Response:
    """One shift; DELETE takes it out of the plan."""
    period = period_or_404(person(request), key, may="shifts.manage" if request.method == "DELETE" else "period.view")
    found = shift_or_404(period, pk)
    if request.method == "DELETE":
        roster.cancel_shift(found.pk, by=person(request), at=timezone.now(), via=VIA)
        return Response(status=204)
    return Response(shapes.ShiftOut(found).data)


@extend_schema(request=shapes.ReplaceIn, responses=shapes.ShiftOut, operation_id="shifts_replace")
@api_view(["POST"])
def replace(request: Request, key: str, pk: int) -> Response:
    """Put somebody else on duty for a shift or a part of it; answers the shift of whoever stands in."""
    period = period_or_404(person(request), key, may="shifts.manage")
    found, data = shift_or_404(period, pk), validate_input(shapes.ReplaceIn, request, period=period)
    span = {"starts_at": found.starts_at, "ends_at": found.ends_at, **data}
    taken = reassign.replace(found.pk, to=span.pop("user"), **span, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.ShiftOut(taken).data)


@extend_schema(request=NothingIn, responses=shapes.ShiftOut, operation_id="shifts_take")
@api_view(["POST"])
def take(request: Request, key: str, pk: int) -> Response:
    """Be on duty from this instant to the end of a running shift; its holder is told."""
    require_no_input(request)
    found = shift_or_404(period_or_404(person(request), key), pk)
    taken = reassign.take_over_now(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.ShiftOut(taken).data)


@extend_schema(parameters=[FROM, TO], responses=shapes.CoverageOut, operation_id="coverage_read")
@api_view(["GET"])
def coverage_of(request: Request, key: str) -> Response:
    """Gaps per role and hours per person in an interval of at most a year."""
    period = period_or_404(person(request), key)
    start = query.read_moment(request, "from") or timezone.now()
    end = query.read_moment(request, "to") or start + USUAL_QUESTION
    _check_interval(start, end)
    held, roles = roster.shifts_of_period(period, start=start, end=end), coverage.roles_of(period)
    found = coverage.find_gaps_among(period, roles, held, start=start, end=end)
    minutes = coverage.gap_minutes_by_role(found)
    answer = {
        "starts_at": start,
        "ends_at": end,
        "gaps": found,
        "gap_minutes": coverage.total_gap_minutes(found),
        "roles": [{"role": role.name, "minutes": minutes.get(role.pk, 0)} for role in roles],
        "findings": roster_checks.check_roster(period, roles, held, start=start, end=end),
        "load": workload.workloads_of(period, held, start=start, end=end),
    }
    return Response(shapes.CoverageOut(answer).data)


@extend_schema(
    parameters=[OpenApiParameter("at", OpenApiTypes.DATETIME, description="Now when left out.")],
    responses=shapes.OnCallOut(many=True),
    operation_id="on_call_read",
)
@api_view(["GET"])
def on_call(request: Request, key: str) -> Response:
    """Who is on at an instant, by role, primary before deputy."""
    period = period_or_404(person(request), key)
    on = roster.shifts_on_duty(period, at=(query.read_moment(request, "at") or timezone.now()))
    return Response(shapes.OnCallOut(on, many=True).data)


def _check_interval(start: datetime, end: datetime) -> None:
    if end <= start:
        raise Invalid({"to": "The end must be later than the start."})
    if end - start > LONGEST_QUESTION:
        raise Invalid({"to": "Ask for a year at most."})
