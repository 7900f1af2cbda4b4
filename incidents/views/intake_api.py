"""The API of the public form, known errors and stakeholder reports: edges with one domain call each."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, idempotent, person
from hypercare.api.lists import Answer, listed
from hypercare.api.strict import nothing
from incidents.models import KnownError, StakeholderReport
from incidents.outside import briefings, known_errors, report_forms
from incidents.views import intake_shapes as shapes
from incidents.views.comms_api import LARGEST_ID, VIA
from periods.access import allowed, period_or_404
from periods.models import Period


@extend_schema(methods=["GET"], responses=shapes.ReportFormOut, operation_id="report_form_read")
@extend_schema(methods=["PUT"], request=shapes.ReportFormIn, responses=shapes.ReportFormOut,
               operation_id="report_form_change")  # fmt: skip
@api_view(["GET", "PUT"])
def report_form(request: Request, key: str) -> Response:
    """The public form with its address; PUT opens or closes it."""
    period = period_or_404(person(request), key, may="outside.manage")
    if request.method == "PUT":
        said = _valid(shapes.ReportFormIn, request)
        report_forms.configure(period.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    form = report_forms.of(period)
    if form is None:
        raise Http404
    form.period = period
    return Response(shapes.ReportFormOut(form).data)


@extend_schema(methods=["GET"], parameters=PAGING, responses=shapes.KnownErrorOut(many=True),
               operation_id="known_errors_list")  # fmt: skip
@extend_schema(methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.KnownErrorIn,
               responses={201: shapes.KnownErrorOut}, operation_id="known_errors_add")  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def known_error_list(request: Request, key: str) -> Answer:
    """What is known and not mended, the newest first; or write one down."""
    if request.method == "GET":
        period = period_or_404(person(request), key)
        return listed(
            known_errors.current(period), request, ("-id",),
            lambda page: shapes.KnownErrorOut(page, many=True, context={"period": period}),
        )  # fmt: skip
    period = period_or_404(person(request), key, may="updates.post")
    said = _valid(shapes.KnownErrorIn, request)
    row = known_errors.add(period.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.KnownErrorOut(row, context={"period": period}).data, status=201)


@extend_schema(methods=["PUT"], request=shapes.KnownErrorIn, responses=shapes.KnownErrorOut,
               operation_id="known_errors_change")  # fmt: skip
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="known_errors_end")
@api_view(["PUT", "DELETE"])
def known_error(request: Request, key: str, pk: int) -> Response:
    """Say one differently; DELETE says it is mended."""
    period = period_or_404(person(request), key, may="updates.post")
    row = get_object_or_404(KnownError, pk=min(pk, LARGEST_ID), period=period, ended_at__isnull=True)
    me, now = person(request), timezone.now()
    if request.method == "DELETE":
        known_errors.end(row.pk, by=me, at=now, via=VIA)
        return Response(status=204)
    row = known_errors.change(row.pk, **_valid(shapes.KnownErrorIn, request), by=me, at=now, via=VIA)
    return Response(shapes.KnownErrorOut(row, context={"period": period}).data)


@extend_schema(methods=["GET"], parameters=PAGING, responses=shapes.StakeholderReportOut(many=True),
               operation_id="stakeholder_reports_list")  # fmt: skip
@extend_schema(methods=["POST"], request=None, responses=shapes.StakeholderReportOut,
               operation_id="stakeholder_reports_draft")  # fmt: skip
@api_view(["GET", "POST"])
def report_list(request: Request, key: str) -> Answer:
    """Every day's report, the newest first, drafts only for those who write them; POST drafts today's now."""
    if request.method == "POST":
        nothing(request)
        period = period_or_404(person(request), key, may="updates.post")
        row = briefings.draft(period.pk, by=person(request), at=timezone.now(), via=VIA)
        return Response(shapes.StakeholderReportOut(row).data)
    period = period_or_404(person(request), key)
    found = StakeholderReport.objects.filter(period=period).select_related("edited_by", "sent_by")
    shown = found if allowed(person(request), period, "updates.post") else found.filter(sent_at__isnull=False)
    return listed(shown, request, ("-on", "-id"), lambda page: shapes.StakeholderReportOut(page, many=True))


@extend_schema(
    methods=["GET"], responses=shapes.StakeholderReportOut, operation_id="stakeholder_reports_read"
)
@extend_schema(methods=["PATCH"], request=shapes.StakeholderReportIn, responses=shapes.StakeholderReportOut,
               operation_id="stakeholder_reports_edit")  # fmt: skip
@api_view(["GET", "PATCH"])
def report(request: Request, key: str, on: str) -> Response:
    """One day's report; PATCH edits the draft, 409 when somebody else did since `version`."""
    may = "updates.post" if request.method == "PATCH" else "period.view"
    period = period_or_404(person(request), key, may=may)
    row = _report_or_404(request, period, on)
    if request.method == "PATCH":
        said = _valid(shapes.StakeholderReportIn, request)
        row = briefings.edit(row.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.StakeholderReportOut(row).data)


@extend_schema(request=None, responses=shapes.StakeholderReportOut, operation_id="stakeholder_reports_send")
@api_view(["POST"])
def send_report(request: Request, key: str, on: str) -> Response:
    """Approve a day's report: it goes to everybody named for the period and to its viewers, once."""
    period = period_or_404(person(request), key, may="outside.manage")
    row = briefings.send(
        _report_or_404(request, period, on).pk, by=person(request), at=timezone.now(), via=VIA
    )
    return Response(shapes.StakeholderReportOut(row).data)


def _report_or_404(request: Request, period: Period, on: str) -> StakeholderReport:
    try:
        row = briefings.of_day(period, date.fromisoformat(on))
    except ValueError:
        row = None
    if row is None or (row.sent_at is None and not allowed(person(request), period, "updates.post")):
        raise Http404
    return row


def _valid(shape: Any, request: Request) -> dict[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)
