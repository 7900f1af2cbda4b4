"""The incident API: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import (
    IDEMPOTENCY,
    IF_MATCH,
    PAGING,
    VIA,
    check_match,
    etag_of,
    idempotent,
    not_modified,
    person,
    query,
)
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, validate_input
from hypercare.database.numbers import number_of
from incidents.models import Incident
from incidents.shared.locking import lock
from incidents.shared.severity import SEVERITIES
from incidents.triage import editing, permissions, triage
from incidents.triage.web import serializers as triage_serializers
from incidents.triage.web.loading import find_incident
from incidents.triage.web.operations import SHAPES
from periods.access.access import period_or_404
from periods.models import Period

ORDERINGS = {
    "reported_at": ("reported_at", "id"),
    "-reported_at": ("-reported_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
    "number": ("number", "id"),
    "-number": ("-number", "-id"),
}
PEOPLE = (
    "period",
    "period__incident_policy",
    "owner",
    "team",
    "acknowledged_by",
    "resolved_by",
    "duplicate_of",
    "parent",
)
COMMA = "Several values are separated by commas."
FILTERS = [
    OpenApiParameter("severity", str, description=f"P1 to P4. {COMMA}"),
    OpenApiParameter("status", str, description=f"A status, or `open`. {COMMA}"),
    OpenApiParameter("owner", str, description="A person's id or e-mail address, `me`, or `none`."),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME, description="Changed at or after this moment."),
    OpenApiParameter("ordering", str, enum=sorted(ORDERINGS), description="Newest report first when left out."),
    *PAGING,
]


@extend_schema(
    methods=["GET"],
    parameters=FILTERS,
    responses=triage_serializers.IncidentOut(many=True),
    operation_id="incidents_list",
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=triage_serializers.ReportIn,
    responses={201: triage_serializers.IncidentOut},
    operation_id="incidents_report",
)
@api_view(["GET", "POST"])
@idempotent
def incidents(request: Request, key: str) -> Answer:
    """List a period's incidents, or report one."""
    if request.method == "POST":
        return _report(request, period_or_404(person(request), key, may="incidents.report"))
    return _list(request, period_or_404(person(request), key), timezone.now())


def _report(request: Request, period: Period) -> Response:
    data = validate_input(triage_serializers.ReportIn, request, period=period)
    incident = triage.report(
        period.pk, **data, by=person(request), at=timezone.now(), source=Incident.Source.API, via=VIA
    )
    return _shown(request, incident.pk, status=201)


def _list(request: Request, period: Period, at: datetime) -> Answer:
    found = filter_by_query(Incident.objects.filter(period=period), request).select_related(*PEOPLE)
    context = {"at": at}
    return list_response(
        found,
        request,
        query.read_ordering(request, ORDERINGS, "-reported_at"),
        lambda page: triage_serializers.IncidentOut(page, many=True, context=context),
    )


def filter_by_query(found: QuerySet[Incident], request: Request) -> QuerySet[Incident]:
    """The incidents the query string asks for. Raises Invalid for values that can't be meant."""
    if severities := query.read_choices(request, "severity", SEVERITIES):
        found = found.filter(severity__in=severities)
    if statuses := query.read_choices(request, "status", ("open", *Incident.Status.values)):
        is_open = Q(resolved_at__isnull=True) if "open" in statuses else Q()
        named = [status for status in statuses if status != "open"]
        found = found.filter(is_open | Q(status__in=named)) if is_open else found.filter(status__in=named)
    if owner := query.read_text(request, "owner"):
        found = found.filter(_owner(owner, request))
    if since := query.read_moment(request, "updated_since"):
        found = found.filter(updated_at__gte=since)
    return found


def _owner(value: str, request: Request) -> Q:
    if value == "none":
        return Q(owner=None)
    if value == "me":
        return Q(owner=person(request))
    if number := number_of(value):
        return Q(owner__pk=number)
    return Q(owner__email=value.lower())


@extend_schema(
    methods=["GET"], responses={200: triage_serializers.IncidentOut, 304: None}, operation_id="incidents_read"
)
@extend_schema(
    methods=["PATCH"],
    parameters=[IF_MATCH],
    request=triage_serializers.PatchIn,
    responses=triage_serializers.IncidentOut,
    operation_id="incidents_correct",
)
@api_view(["GET", "PATCH"])
def incident(request: Request, key: str, number: int) -> Response:
    """Read an incident, or correct its facts."""
    found = find_incident(person(request), key, number)
    if request.method == "PATCH":
        return _patch(request, found)
    return not_modified(request, _etag(found)) or _shown(request, found.pk)


def _patch(request: Request, found: Incident) -> Response:
    me, at = person(request), timezone.now()
    data = validate_input(triage_serializers.PatchIn, request, period=found.period)
    mine = permissions.rights_in(me, found.period)
    with transaction.atomic():
        current = lock(found.pk)
        mine.require_handle(current)
        check_match(request, _etag(current))
        editing.update_fields_and_severity(found.pk, **data, by=me, at=at, via=VIA)
    return _shown(request, found.pk)


def action(name: str) -> Callable[..., Response]:
    """The view of one POST sub-resource; it answers the incident as it is afterwards."""
    operation = SHAPES[name]
    shape = operation.shape or NothingIn

    @extend_schema(
        request=shape,
        responses=triage_serializers.IncidentOut,
        operation_id=f"incidents_{name.replace('-', '_')}",
        description=str(shape.__doc__),
    )
    @api_view(["POST"])
    def view(request: Request, key: str, number: int) -> Response:
        found = find_incident(person(request), key, number)
        data = validate_input(shape, request, period=found.period)
        permissions.rights_in(person(request), found.period).require(operation.right, found, data)
        operation.run(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return _shown(request, found.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} an incident."
    return view


@extend_schema(
    methods=["GET"],
    parameters=PAGING,
    responses=triage_serializers.CommentOut(many=True),
    operation_id="incidents_comments",
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=triage_serializers.CommentIn,
    responses={201: triage_serializers.CommentOut},
    operation_id="incidents_comment",
)
@api_view(["GET", "POST"])
@idempotent
def comments(request: Request, key: str, number: int) -> Answer:
    """What people wrote, oldest first (notes only for those who may read them), or write something."""
    found = find_incident(person(request), key, number)
    mine = permissions.rights_in(person(request), found.period)
    if request.method == "GET":
        written = found.comments.select_related("by").order_by("at", "id")
        shown = written if mine.notes else written.exclude(kind="note")
        return list_response(shown, request, ("at", "id"), lambda page: triage_serializers.CommentOut(page, many=True))
    mine.require_work()
    data = validate_input(triage_serializers.CommentIn, request, period=found.period)
    entry = triage.comment(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(triage_serializers.CommentOut(entry).data, status=201)


def _etag(found: Incident) -> str:
    return etag_of("incident", found.pk, found.version)


def _shown(request: Request, pk: int, *, status: int = 200) -> Response:
    found = Incident.objects.select_related(*PEOPLE).get(pk=pk)
    data = triage_serializers.IncidentOut(found, context={"at": timezone.now(), "request": request}).data
    return Response(data, status=status, headers={"ETag": _etag(found)})
