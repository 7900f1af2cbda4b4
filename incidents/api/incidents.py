"""The incident API: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as drf
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import (
    IDEMPOTENCY,
    IF_MATCH,
    PAGING,
    check_match,
    etag_of,
    idempotent,
    moment_of,
    not_modified,
    person,
)
from hypercare.api.lists import Answer, listed
from hypercare.errors import Invalid
from incidents import alert_sources, facts, merge, queues, relations, rights, triage, undo
from incidents import serializers as shapes
from incidents.models import AlertSource, Incident
from incidents.records import hold
from incidents.severity import SEVERITIES
from periods.access import period_or_404
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
    "period", "period__incident_policy", "owner", "team", "acknowledged_by", "resolved_by", "duplicate_of", "parent",
)  # fmt: skip
ACTION_INPUTS: dict[str, type[drf.Serializer[Any]]] = {
    "acknowledge": shapes.NothingIn,
    "assign": shapes.AssignIn,
    "regrade": shapes.RegradeIn,
    "set-status": shapes.StatusIn,
    "resolve": shapes.ResolveIn,
    "close": shapes.NothingIn,
    "reopen": shapes.ReasonIn,
    "escalate": shapes.ReasonIn,
    "queue": shapes.QueueIn,
    "pause": shapes.PauseIn,
    "resume": shapes.NothingIn,
    "snooze": shapes.SnoozeIn,
    "undo": shapes.UndoIn,
    "merge": shapes.MergeIn,
    "relate": shapes.OtherIn,
    "unrelate": shapes.OtherIn,
    "set-parent": shapes.ParentIn,
}
VIA = "api"
COMMA = "Several values are separated by commas."
FILTERS = [
    OpenApiParameter("severity", str, description=f"P1 to P4. {COMMA}"),
    OpenApiParameter("status", str, description=f"A status, or `open`. {COMMA}"),
    OpenApiParameter("owner", str, description="A person's id or e-mail address, `me`, or `none`."),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME, description="Changed at or after this moment."),
    OpenApiParameter(
        "ordering", str, enum=sorted(ORDERINGS), description="Newest report first when left out."
    ),
    *PAGING,
]


@extend_schema(
    methods=["GET"], parameters=FILTERS, responses=shapes.IncidentOut(many=True), operation_id="incidents_list",
)  # fmt: skip
@extend_schema(
    methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.ReportIn, responses={201: shapes.IncidentOut},
    operation_id="incidents_report",
)  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def incidents(request: Request, key: str) -> Answer:
    """List a period's incidents, or report one."""
    if request.method == "POST":
        return _report(request, period_or_404(person(request), key, may="incidents.report"))
    return _list(request, period_or_404(person(request), key), timezone.now())


def _report(request: Request, period: Period) -> Response:
    data = valid(shapes.ReportIn, request, period)
    incident = triage.report(
        period.pk, **data, by=person(request), at=timezone.now(), source=Incident.Source.API, via=VIA
    )
    return _shown(request, incident.pk, status=201)


def _list(request: Request, period: Period, at: datetime) -> Answer:
    found = filtered(Incident.objects.filter(period=period), request).select_related(*PEOPLE)
    context = {"at": at}
    return listed(
        found, request, _ordering(request), lambda page: shapes.IncidentOut(page, many=True, context=context)
    )


def filtered(found: QuerySet[Incident], request: Request) -> QuerySet[Incident]:
    """The incidents the query string asks for. Raises Invalid for values that can't be meant."""
    wanted = request.query_params
    if severities := _values(wanted.get("severity", ""), "severity", SEVERITIES):
        found = found.filter(severity__in=severities)
    if statuses := _values(wanted.get("status", ""), "status", ("open", *Incident.Status.values)):
        is_open = Q(resolved_at__isnull=True) if "open" in statuses else Q()
        named = [status for status in statuses if status != "open"]
        found = found.filter(is_open | Q(status__in=named)) if is_open else found.filter(status__in=named)
    if owner := wanted.get("owner", ""):
        found = found.filter(_owner(owner, request))
    if since := wanted.get("updated_since", ""):
        found = found.filter(updated_at__gte=_moment(since))
    return found


def _values(text: str, field: str, allowed: tuple[str, ...]) -> list[str]:
    values = [value.strip() for value in text.split(",") if value.strip()]
    if unknown := [value for value in values if value not in allowed]:
        raise Invalid({field: f"“{unknown[0]}” is not known. Choose from {', '.join(allowed)}."})
    return values


def _owner(value: str, request: Request) -> Q:
    if value == "none":
        return Q(owner=None)
    if value == "me":
        return Q(owner=person(request))
    if value.isdecimal():
        return Q(owner_id=min(int(value), 2**63 - 1))
    return Q(owner__email=value.strip().lower())


def _moment(text: str) -> datetime:
    moment = moment_of(text)
    if moment is None:
        raise Invalid({"updated_since": "Give a moment with its zone, such as 2026-11-18T13:12:00Z."})
    return moment


def _ordering(request: Request) -> tuple[str, ...]:
    name = request.query_params.get("ordering", "-reported_at")
    if name not in ORDERINGS:
        raise Invalid({"ordering": f"Choose from {', '.join(ORDERINGS)}."})
    return ORDERINGS[name]


@extend_schema(methods=["GET"], responses={200: shapes.IncidentOut, 304: None}, operation_id="incidents_read")
@extend_schema(
    methods=["PATCH"], parameters=[IF_MATCH], request=shapes.PatchIn, responses=shapes.IncidentOut,
    operation_id="incidents_correct",
)  # fmt: skip
@api_view(["GET", "PATCH"])
def incident(request: Request, key: str, number: int) -> Response:
    """Read an incident, or correct its facts."""
    found = load(request, key, number)
    if request.method == "PATCH":
        return _patch(request, found)
    return not_modified(request, _etag(found)) or _shown(request, found.pk)


def _patch(request: Request, found: Incident) -> Response:
    me, at = person(request), timezone.now()
    data = valid(shapes.PatchIn, request, found.period)
    mine = rights.of(me, found.period)
    with transaction.atomic():
        current = hold(found.pk)
        mine.require_handle(current)
        check_match(request, _etag(current))
        levels = {name: data.pop(name) for name in ("impact", "urgency") if name in data}
        if data:
            facts.correct(found.pk, **data, by=me, at=at, via=VIA)
        if levels:
            impact, urgency = levels.get("impact", current.impact), levels.get("urgency", current.urgency)
            triage.regrade(found.pk, impact=impact, urgency=urgency, by=me, at=at, via=VIA)
    return _shown(request, found.pk)


def action(name: str) -> Callable[..., Response]:
    """The view of one POST sub-resource; it answers the incident as it is afterwards."""
    shape = ACTION_INPUTS[name]

    @extend_schema(
        request=shape, responses=shapes.IncidentOut, operation_id=f"incidents_{name.replace('-', '_')}",
        description=str(shape.__doc__),
    )  # fmt: skip
    @api_view(["POST"])
    def view(request: Request, key: str, number: int) -> Response:
        found = load(request, key, number)
        data = valid(shape, request, found.period)
        _authorise(name, rights.of(person(request), found.period), found, data)
        _domain(name)(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return _shown(request, found.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} an incident."
    return view


def _domain(name: str) -> Callable[..., Incident]:
    functions: dict[str, Callable[..., Incident]] = {
        "acknowledge": triage.acknowledge, "assign": triage.assign, "regrade": triage.regrade,
        "set-status": triage.set_status, "resolve": triage.resolve, "reopen": triage.reopen, "close": triage.close,
        "escalate": triage.escalate, "queue": queues.enter, "pause": queues.pause, "resume": queues.resume,
        "snooze": queues.snooze, "undo": undo.undo, "merge": merge.merge, "relate": relations.relate,
        "unrelate": relations.unrelate, "set-parent": relations.put_under,
    }  # fmt: skip
    return functions[name]


def _authorise(name: str, mine: rights.Rights, found: Incident, data: dict[str, Any]) -> None:
    if name in ("acknowledge", "escalate"):
        mine.require_work()
    elif name == "assign":
        mine.require_assign(found, data["owner"])
    else:
        mine.require_handle(found)


@extend_schema(
    methods=["GET"], parameters=PAGING, responses=shapes.CommentOut(many=True), operation_id="incidents_comments",
)  # fmt: skip
@extend_schema(
    methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.CommentIn, responses={201: shapes.CommentOut},
    operation_id="incidents_comment",
)  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def comments(request: Request, key: str, number: int) -> Answer:
    """What people wrote, oldest first (notes only for those who may read them), or write something."""
    found = load(request, key, number)
    mine = rights.of(person(request), found.period)
    if request.method == "GET":
        written = found.comments.select_related("by").order_by("at", "id")
        shown = written if mine.notes else written.exclude(kind="note")
        return listed(shown, request, ("at", "id"), lambda page: shapes.CommentOut(page, many=True))
    mine.require_work()
    data = valid(shapes.CommentIn, request, found.period)
    entry = triage.comment(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.CommentOut(entry).data, status=201)


@extend_schema(
    methods=["GET"], parameters=PAGING, responses=shapes.AlertSourceOut(many=True),
    operation_id="alert_sources_list",
)  # fmt: skip
@extend_schema(
    methods=["POST"], request=shapes.AlertSourceIn, responses={201: shapes.AlertSourceMade},
    operation_id="alert_sources_create",
)  # fmt: skip
@api_view(["GET", "POST"])
def sources(request: Request, key: str) -> Answer:
    """The monitoring tools that may push alerts, or a new one with its token (shown this once)."""
    period = period_or_404(person(request), key, may="sources.manage")
    if request.method == "GET":
        found = AlertSource.objects.filter(period=period)
        return listed(found, request, ("id",), lambda page: shapes.AlertSourceOut(page, many=True))
    data = valid(shapes.AlertSourceIn, request, period)
    source, token = alert_sources.create(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    made = {"token": token, "hook_url": alert_sources.hook_url(source, token)}
    return Response({**shapes.AlertSourceOut(source).data, **made}, status=201)


@extend_schema(responses={204: None}, operation_id="alert_sources_revoke")
@api_view(["DELETE"])
def source(request: Request, key: str, pk: int) -> Response:
    """Revoke an alert source; its token stops working at once."""
    period = period_or_404(person(request), key, may="sources.manage")
    found = get_object_or_404(AlertSource, period=period, pk=pk)
    alert_sources.revoke(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


def load(request: Request, key: str, number: int) -> Incident:
    """The incident with its period and people. Http404 for a stranger, as if it did not exist."""
    period = period_or_404(person(request), key)
    found = (
        Incident.objects.filter(period=period, number=min(number, 2**31 - 1)).select_related(*PEOPLE).first()
    )
    if not isinstance(found, Incident):
        raise Http404
    found.period = period
    return found


def _etag(found: Incident) -> str:
    return etag_of("incident", found.pk, found.version)


def _shown(request: Request, pk: int, *, status: int = 200) -> Response:
    found = Incident.objects.select_related(*PEOPLE).get(pk=pk)
    data = shapes.IncidentOut(found, context={"at": timezone.now(), "request": request}).data
    return Response(data, status=status, headers={"ETag": _etag(found)})


def valid(shape: type[drf.Serializer[Any]], request: Request, period: Period) -> dict[str, Any]:
    """What was sent, validated. Raises DRF's ValidationError."""
    sent = shape(data=request.data, context={"period": period, "user": person(request)})
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)
