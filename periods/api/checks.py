"""Checks before go-live: their changes, evidence and history."""

from __future__ import annotations

from collections.abc import Callable
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

from hypercare.api import BoundedJSON, idempotent, person
from hypercare.api.lists import Answer, listed
from periods import checklist, downloads, serializers
from periods.access import period_or_404
from periods.api import check_shapes as shapes
from periods.api import shared
from periods.evidence import LARGEST, Upload
from periods.models import ChecklistItem, Evidence, JournalEntry, Period

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
def checks(request: Request, key: str) -> Answer:
    """The checks in order, or one more."""
    period, now = period_or_404(person(request), key), timezone.now()
    if request.method == "POST":
        data = shared.valid(shapes.CheckIn, request)
        item = checklist.add(period.pk, **data, by=person(request), at=now, via=shared.VIA)
        return _shown(item.pk, status=201)
    return listed(
        _filtered(request, period, now), request, ("position", "id"),
        lambda page: shapes.CheckOut(page, many=True, context={"at": now}),
    )  # fmt: skip


def _loaded() -> QuerySet[ChecklistItem]:
    evidence = Evidence.objects.select_related("added_by", "removed_by").order_by("id")
    return ChecklistItem.objects.select_related(*PEOPLE).prefetch_related(Prefetch("evidence", evidence))


def _filtered(request: Request, period: Period, now: datetime) -> QuerySet[ChecklistItem]:
    items = _loaded().filter(period=period)
    ended = Q(status=Status.WAIVED, waiver_expires_at__lte=now)
    if statuses := shared.chosen(request, "status", tuple(Status.values)):
        wanted = Q(status__in=statuses) & (~ended if Status.OPEN not in statuses else Q())
        items = items.filter(wanted | ended if Status.OPEN in statuses else wanted)
    if owner := shared.chosen(request, "owner", ("me", "none")):
        items = items.filter(owner=person(request) if owner == ["me"] else None)
    if blocking := shared.chosen(request, "blocking", ("true", "false")):
        items = items.filter(blocking=blocking == ["true"])
    if late := shared.chosen(request, "late", ("true", "false")):
        is_late = Q(due_at__lte=now) & (Q(status__in=ChecklistItem.STANDING) | ended)
        items = items.filter(is_late if late == ["true"] else ~is_late)
    if category := request.query_params.get("category", ""):
        items = items.filter(category=category[:40].replace("\x00", ""))
    return items


def _shown(pk: int, *, status: int = 200) -> Response:
    item = _loaded().get(pk=pk)
    return Response(shapes.CheckOut(item, context={"at": timezone.now()}).data, status=status)


def _item(request: Request, key: str, pk: int) -> ChecklistItem:
    return get_object_or_404(ChecklistItem, period=period_or_404(person(request), key), pk=pk)


@extend_schema(methods=["GET"], responses=shapes.CheckOut, operation_id="checklist_read", tags=TAGS)
@extend_schema(
    methods=["PATCH"], request=shapes.CheckAssignIn, responses=shapes.CheckOut, operation_id="checklist_change",
    tags=TAGS,
)  # fmt: skip
@api_view(["GET", "PATCH"])
def check(request: Request, key: str, pk: int) -> Response:
    """Read a check, or say who does it and by when."""
    item = _item(request, key, pk)
    if request.method == "PATCH":
        data = shared.valid(shapes.CheckAssignIn, request)
        checklist.assign(item.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
    return _shown(item.pk)


ACTIONS: dict[str, tuple[shared.Shape, Callable[..., Any]]] = {
    "complete": (shapes.CompleteIn, checklist.complete),
    "fail": (shapes.FailIn, checklist.fail),
    "waive": (shapes.WaiveIn, checklist.waive),
    "reopen": (serializers.NothingIn, checklist.reopen),
    "set-aside": (serializers.PeriodReasonIn, checklist.set_aside),
    "assign": (shapes.CheckAssignIn, checklist.assign),
}


def check_action(name: str) -> Any:
    """The view of one POST sub-resource of a check."""
    shape, function = ACTIONS[name]

    @extend_schema(
        parameters=[shared.IDEMPOTENCY], request=shape, responses=shapes.CheckOut,
        operation_id=f"checklist_{name.replace('-', '_')}", description=str(shape.__doc__), tags=TAGS,
    )  # fmt: skip
    @api_view(["POST"])
    @idempotent
    def view(request: Request, key: str, pk: int) -> Response:
        item, data = _item(request, key, pk), shared.valid(shape, request)
        function(item.pk, **data, by=person(request), at=timezone.now(), via=shared.VIA)
        return _shown(item.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} a check."
    return view


@extend_schema(
    parameters=[shared.IDEMPOTENCY], request=shapes.BulkIn, responses=shapes.BulkOut,
    operation_id="checklist_bulk", tags=TAGS,
)  # fmt: skip
@api_view(["POST"])
@idempotent
def bulk(request: Request, key: str) -> Response:
    """The same change to several checks, all or none."""
    period, data = period_or_404(person(request), key), shared.valid(shapes.BulkIn, request)
    pks, action = data.pop("checks"), data.pop("action")
    changed, seq = checklist.bulk(
        period.pk, pks, action, **data, by=person(request), at=timezone.now(), via=shared.VIA
    )
    return Response({"changed": changed, "seq": seq})


@extend_schema(request=shapes.CheckUndoIn, responses=shapes.UndoOut, operation_id="checklist_undo", tags=TAGS)
@api_view(["POST"])
def undo(request: Request, key: str) -> Response:
    """Take back the change of a journal entry, with all of its bulk, while nobody changed the checks since."""
    period, data = period_or_404(person(request), key), shared.valid(shapes.CheckUndoIn, request)
    titles = checklist.undo(period.pk, data["seq"], by=person(request), at=timezone.now(), via=shared.VIA)
    return Response({"checks": titles})


@extend_schema(
    parameters=shared.PAGING,
    responses=serializers.JournalOut(many=True),
    operation_id="checklist_history",
    tags=TAGS,
)
@api_view(["GET"])
def history(request: Request, key: str, pk: int) -> Answer:
    """What happened to a check, newest first."""
    item = _item(request, key, pk)
    entries = JournalEntry.objects.filter(period=item.period_id, subject=f"check:{item.pk}")
    return listed(
        entries.select_related("actor"), request, ("-seq", "-id"),
        lambda page: serializers.JournalOut(page, many=True),
    )  # fmt: skip


# --- Evidence -----------------------------------------------------------------------------------


@extend_schema(
    methods=["GET"], parameters=shared.PAGING, responses=shapes.EvidenceOut(many=True), operation_id="evidence_list",
    tags=TAGS,
)  # fmt: skip
@extend_schema(
    methods=["POST"], parameters=[shared.IDEMPOTENCY],
    request={MULTIPART: shapes.EvidenceIn, "application/json": shapes.CompleteIn},
    responses={201: shapes.CheckOut}, operation_id="evidence_add", tags=TAGS,
)  # fmt: skip
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser, BoundedJSON])
@idempotent
def evidence(request: Request, key: str, pk: int) -> Answer:
    """All evidence of a check, removed rows included, or one more: a link, a note or a file of at most 10 MB."""
    item = _item(request, key, pk)
    if request.method == "POST":
        return _attached(request, item, shapes.EvidenceIn, is_report=False)
    rows = Evidence.objects.filter(item=item).select_related("added_by", "removed_by")
    return listed(rows, request, ("id",), lambda page: shapes.EvidenceOut(page, many=True))


@extend_schema(
    parameters=[shared.IDEMPOTENCY], request={MULTIPART: shapes.TestReportIn}, responses={201: shapes.CheckOut},
    operation_id="evidence_junit", tags=TAGS,
)  # fmt: skip
@api_view(["POST"])
@parser_classes([MultiPartParser])
@idempotent
def junit_report(request: Request, key: str, pk: int) -> Response:
    """A JUnit XML report as evidence: counted, and never taken as the check's state."""
    return _attached(request, _item(request, key, pk), shapes.TestReportIn, is_report=True)


def _attached(request: Request, item: ChecklistItem, shape: shared.Shape, *, is_report: bool) -> Response:
    data = shared.valid(shape, request)
    file = data.pop("file", None)
    # One byte more than allowed is enough to be refused, and no more is read into memory.
    upload = Upload(file.name, file.read(LARGEST + 1), is_report=is_report) if file is not None else None
    checklist.attach(item.pk, **data, upload=upload, by=person(request), at=timezone.now(), via=shared.VIA)
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
        item = checklist.remove_evidence(row.pk, by=person(request), at=timezone.now(), via=shared.VIA)
        return _shown(item.pk)
    return Response(shapes.EvidenceOut(row).data)


@extend_schema(
    responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    operation_id="evidence_file",
    tags=TAGS,
)
@api_view(["GET"])
def evidence_file(request: Request, key: str, pk: int, evidence_pk: int) -> Any:
    """The bytes of a file, always as an attachment."""
    return downloads.answer(_evidence(request, key, pk, evidence_pk))
