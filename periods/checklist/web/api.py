"""Checks before go-live: their changes, evidence and history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, VIA, BoundedJSON, idempotent, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, validate_input
from periods import checklist
from periods.access.access import period_or_404
from periods.checklist import downloads
from periods.checklist.evidence import LARGEST, EvidenceUpload
from periods.checklist.web import serializers as shapes
from periods.checklist.web.operations import CHECKS
from periods.models import ChecklistItem, Evidence, JournalEntry, Period
from periods.planning import from_template
from periods.web import api_shared, serializers

TAGS = ["readiness"]
PEOPLE = ("owner", "done_by", "failed_by", "waived_by")
MULTIPART = "multipart/form-data"
Status = ChecklistItem.Status


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("status", str, description="Several separated by commas."),
        OpenApiParameter("owner", str, enum=["me", "none"]),
        OpenApiParameter("blocking", bool),
        OpenApiParameter("late", bool, description="Still to be done past its due time."),
        OpenApiParameter("category", str),
        *PAGING,
    ],
    responses=shapes.CheckOut(many=True),
    operation_id="checklist_list",
    tags=TAGS,
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.CheckIn,
    responses={201: shapes.CheckOut},
    operation_id="checklist_add",
    tags=TAGS,
)
@api_view(["GET", "POST"])
@idempotent
def checks(request: Request, key: str) -> Answer:
    """The checks in order, or one more."""
    period, now = period_or_404(person(request), key), timezone.now()
    if request.method == "POST":
        data = validate_input(shapes.CheckIn, request)
        item = checklist.add_check(period.pk, **data, by=person(request), at=now, via=VIA)
        return _shown(item.pk, status=201)
    return list_response(
        _filtered(request, period, now),
        request,
        ("position", "id"),
        lambda page: shapes.CheckOut(page, many=True, context={"at": now}),
    )


def _loaded() -> QuerySet[ChecklistItem]:
    evidence = Evidence.objects.select_related("added_by", "removed_by").order_by("id")
    return ChecklistItem.objects.select_related(*PEOPLE).prefetch_related(Prefetch("evidence", evidence))


def _filtered(request: Request, period: Period, now: datetime) -> QuerySet[ChecklistItem]:
    items = _loaded().filter(period=period)
    ended = Q(status=Status.WAIVED, waiver_expires_at__lte=now)
    if statuses := query.read_choices(request, "status", tuple(Status.values)):
        wanted = Q(status__in=statuses) & (~ended if Status.OPEN not in statuses else Q())
        items = items.filter(wanted | ended if Status.OPEN in statuses else wanted)
    if owner := query.read_choices(request, "owner", ("me", "none")):
        items = items.filter(owner=person(request) if owner == ["me"] else None)
    if blocking := query.read_choices(request, "blocking", ("true", "false")):
        items = items.filter(blocking=blocking == ["true"])
    if late := query.read_choices(request, "late", ("true", "false")):
        is_late = Q(due_at__lte=now) & (Q(status__in=ChecklistItem.STANDING) | ended)
        items = items.filter(is_late if late == ["true"] else ~is_late)
    if category := query.read_text(request, "category", longest=40):
        items = items.filter(category=category)
    return items


def _shown(pk: int, *, status: int = 200) -> Response:
    item = _loaded().get(pk=pk)
    return Response(shapes.CheckOut(item, context={"at": timezone.now()}).data, status=status)


def _item(request: Request, key: str, pk: int) -> ChecklistItem:
    return get_object_or_404(ChecklistItem, period=period_or_404(person(request), key), pk=pk)


@extend_schema(methods=["GET"], responses=shapes.CheckOut, operation_id="checklist_read", tags=TAGS)
@extend_schema(
    methods=["PATCH"],
    request=shapes.CheckAssignIn,
    responses=shapes.CheckOut,
    operation_id="checklist_change",
    tags=TAGS,
)
@api_view(["GET", "PATCH"])
def check(request: Request, key: str, pk: int) -> Response:
    """Read a check, or say who does it and by when."""
    item = _item(request, key, pk)
    if request.method == "PATCH":
        data = validate_input(shapes.CheckAssignIn, request)
        checklist.assign(item.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return _shown(item.pk)


def check_action(name: str) -> Any:
    """The view of one POST sub-resource of a check."""
    row = CHECKS[name]
    shape = row.shape or NothingIn

    @extend_schema(
        parameters=[IDEMPOTENCY],
        request=shape,
        responses=shapes.CheckOut,
        operation_id=f"checklist_{name.replace('-', '_')}",
        description=str(shape.__doc__),
        tags=TAGS,
    )
    @api_view(["POST"])
    @idempotent
    def view(request: Request, key: str, pk: int) -> Response:
        item, data = _item(request, key, pk), validate_input(shape, request)
        row.run(item.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return _shown(item.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} a check."
    return view


@extend_schema(
    parameters=[IDEMPOTENCY],
    request=shapes.MakeIn,
    responses={201: shapes.CheckOut(many=True)},
    operation_id="checklist_make",
    tags=TAGS,
)
@api_view(["POST"])
@idempotent
def make(request: Request, key: str) -> Response:
    """Make the checklist of what the plan started from, or the usual one. 409 when there are checks."""
    period, data = period_or_404(person(request), key), validate_input(shapes.MakeIn, request)
    from_template.make_checks(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    made = _loaded().filter(period=period).order_by("position", "id")
    return Response(shapes.CheckOut(made, many=True, context={"at": timezone.now()}).data, status=201)


@extend_schema(
    parameters=[IDEMPOTENCY], request=shapes.BulkIn, responses=shapes.BulkOut, operation_id="checklist_bulk", tags=TAGS
)
@api_view(["POST"])
@idempotent
def bulk(request: Request, key: str) -> Response:
    """The same change to several checks, all or none."""
    period, data = period_or_404(person(request), key), validate_input(shapes.BulkIn, request)
    pks, action = data.pop("checks"), data.pop("action")
    changed, seq = checklist.change_many(period.pk, pks, action, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response({"changed": changed, "seq": seq})


@extend_schema(request=shapes.CheckUndoIn, responses=shapes.UndoOut, operation_id="checklist_undo", tags=TAGS)
@api_view(["POST"])
def undo(request: Request, key: str) -> Response:
    """Take back the change of a journal entry, with all of its bulk, while nobody changed the checks since."""
    period, data = period_or_404(person(request), key), validate_input(shapes.CheckUndoIn, request)
    titles = checklist.undo_change(period.pk, data["seq"], by=person(request), at=timezone.now(), via=VIA)
    return Response({"checks": titles})


@extend_schema(
    parameters=PAGING, responses=serializers.JournalOut(many=True), operation_id="checklist_history", tags=TAGS
)
@api_view(["GET"])
def history(request: Request, key: str, pk: int) -> Answer:
    """What happened to a check, newest first."""
    item = _item(request, key, pk)
    entries = JournalEntry.objects.filter(period=item.period_id, subject=f"check:{item.pk}")
    return list_response(
        entries.select_related("actor"), request, ("-seq", "-id"), lambda page: serializers.JournalOut(page, many=True)
    )


# --- Evidence -----------------------------------------------------------------------------------


@extend_schema(
    methods=["GET"], parameters=PAGING, responses=shapes.EvidenceOut(many=True), operation_id="evidence_list", tags=TAGS
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request={MULTIPART: shapes.EvidenceIn, "application/json": shapes.CompleteIn},
    responses={201: shapes.CheckOut},
    operation_id="evidence_add",
    tags=TAGS,
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser, BoundedJSON])
@idempotent
def evidence(request: Request, key: str, pk: int) -> Answer:
    """All evidence of a check, removed rows included, or one more: a link, a note or a file of at most 10 MB."""
    item = _item(request, key, pk)
    if request.method == "POST":
        return _attached(request, item, shapes.EvidenceIn, is_report=False)
    rows = Evidence.objects.filter(item=item).select_related("added_by", "removed_by")
    return list_response(rows, request, ("id",), lambda page: shapes.EvidenceOut(page, many=True))


@extend_schema(
    parameters=[IDEMPOTENCY],
    request={MULTIPART: shapes.TestReportIn},
    responses={201: shapes.CheckOut},
    operation_id="evidence_junit",
    tags=TAGS,
)
@api_view(["POST"])
@parser_classes([MultiPartParser])
@idempotent
def junit_report(request: Request, key: str, pk: int) -> Response:
    """A JUnit XML report as evidence: counted, and never taken as the check's state."""
    return _attached(request, _item(request, key, pk), shapes.TestReportIn, is_report=True)


def _attached(request: Request, item: ChecklistItem, shape: api_shared.Shape, *, is_report: bool) -> Response:
    data = validate_input(shape, request)
    file = data.pop("file", None)
    # One byte more than allowed is enough to be refused, and no more is read into memory.
    upload = EvidenceUpload(file.name, file.read(LARGEST + 1), is_report=is_report) if file is not None else None
    checklist.attach_evidence(item.pk, **data, upload=upload, by=person(request), at=timezone.now(), via=VIA)
    return _shown(item.pk, status=201)


def _evidence(request: Request, key: str, pk: int, evidence_pk: int) -> Evidence:
    rows = Evidence.objects.select_related("added_by", "removed_by")
    return get_object_or_404(rows, item=_item(request, key, pk), pk=evidence_pk)


@extend_schema(methods=["GET"], responses=shapes.EvidenceOut, operation_id="evidence_read", tags=TAGS)
@extend_schema(methods=["DELETE"], responses=shapes.CheckOut, operation_id="evidence_remove", tags=TAGS)
@api_view(["GET", "DELETE"])
def one_evidence(request: Request, key: str, pk: int, evidence_pk: int) -> Response:
    """One piece of evidence, or its removal: the record stays."""
    row = _evidence(request, key, pk, evidence_pk)
    if request.method == "DELETE":
        item = checklist.remove_evidence(row.pk, by=person(request), at=timezone.now(), via=VIA)
        return _shown(item.pk)
    return Response(shapes.EvidenceOut(row).data)


@extend_schema(
    responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, operation_id="evidence_file", tags=TAGS
)
@api_view(["GET"])
def evidence_file(request: Request, key: str, pk: int, evidence_pk: int) -> Any:
    """The bytes of a file, always as an attachment."""
    return downloads.evidence_response(_evidence(request, key, pk, evidence_pk))
