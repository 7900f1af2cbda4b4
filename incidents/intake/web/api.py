"""The API of the public form, known errors and stakeholder reports: edges with one domain call each."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import require_no_input, validate_input
from incidents.intake.web import report_serializers as shapes
from incidents.models import Incident, KnownError, StakeholderReport
from incidents.stakeholders import known_errors, report_forms, stakeholder_reports
from incidents.stakeholders.web.stakeholder_report_pages import report_or_404
from periods.access.access import is_allowed, period_or_404


@extend_schema(methods=["GET"], responses=shapes.ReportFormOut, operation_id="report_form_read")
@extend_schema(
    methods=["PUT"], request=shapes.ReportFormIn, responses=shapes.ReportFormOut, operation_id="report_form_change"
)
@api_view(["GET", "PUT"])
def report_form(request: Request, key: str) -> Response:
    """The public form with its address; PUT opens or closes it."""
    period = period_or_404(person(request), key, may="outside.manage")
    if request.method == "PUT":
        said = validate_input(shapes.ReportFormIn, request)
        report_forms.configure(period.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    form = report_forms.form_of(period)
    if form is None:
        raise Http404
    form.period = period
    return Response(shapes.ReportFormOut(form).data)


@extend_schema(request=None, responses=shapes.ReportFormOut, operation_id="report_form_renew")
@api_view(["POST"])
def renew_form(request: Request, key: str) -> Response:
    """Give the public form another address; the old one ends at once."""
    require_no_input(request)
    period = period_or_404(person(request), key, may="outside.manage")
    form = report_forms.renew_address(period.pk, by=person(request), at=timezone.now(), via=VIA)
    form.period = period
    return Response(shapes.ReportFormOut(form).data)


@extend_schema(
    methods=["GET"], parameters=PAGING, responses=shapes.KnownErrorOut(many=True), operation_id="known_errors_list"
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=shapes.KnownErrorIn,
    responses={201: shapes.KnownErrorOut},
    operation_id="known_errors_add",
)
@api_view(["GET", "POST"])
@idempotent
def known_error_list(request: Request, key: str) -> Answer:
    """What is known and not mended, the newest first; or write one down."""
    if request.method == "GET":
        period = period_or_404(person(request), key)
        return list_response(
            known_errors.current_errors(period),
            request,
            ("-id",),
            lambda page: shapes.KnownErrorOut(page, many=True, context={"period": period}),
        )
    period = period_or_404(person(request), key, may="updates.post")
    said = validate_input(shapes.KnownErrorIn, request)
    row = known_errors.add(period.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.KnownErrorOut(row, context={"period": period}).data, status=201)


@extend_schema(
    parameters=[IDEMPOTENCY],
    request=shapes.KnownErrorOfIn,
    responses={201: shapes.KnownErrorOut},
    operation_id="incidents_known_error",
)
@api_view(["POST"])
@idempotent
def from_incident(request: Request, key: str, number: int) -> Response:
    """Keep an incident as a known error, in its own words where nothing else is said."""
    period = period_or_404(person(request), key, may="updates.post")
    incident = get_object_or_404(Incident, period=period, number=number)
    said = validate_input(shapes.KnownErrorOfIn, request)
    row = known_errors.from_incident(incident.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.KnownErrorOut(row, context={"period": period}).data, status=201)


@extend_schema(
    methods=["PUT"], request=shapes.KnownErrorIn, responses=shapes.KnownErrorOut, operation_id="known_errors_change"
)
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="known_errors_end")
@api_view(["PUT", "DELETE"])
def known_error(request: Request, key: str, pk: int) -> Response:
    """Say one differently; DELETE says it is mended."""
    period = period_or_404(person(request), key, may="updates.post")
    row = get_object_or_404(KnownError, pk=pk, period=period, ended_at__isnull=True)
    me, now = person(request), timezone.now()
    if request.method == "DELETE":
        known_errors.end(row.pk, by=me, at=now, via=VIA)
        return Response(status=204)
    row = known_errors.change(row.pk, **validate_input(shapes.KnownErrorIn, request), by=me, at=now, via=VIA)
    return Response(shapes.KnownErrorOut(row, context={"period": period}).data)


@extend_schema(
    methods=["GET"],
    parameters=PAGING,
    responses=shapes.StakeholderReportOut(many=True),
    operation_id="stakeholder_reports_list",
)
@extend_schema(
    methods=["POST"], request=None, responses=shapes.StakeholderReportOut, operation_id="stakeholder_reports_draft"
)
@api_view(["GET", "POST"])
def report_list(request: Request, key: str) -> Answer:
    """Every day's report, the newest first, drafts only for those who write them; POST drafts today's now."""
    if request.method == "POST":
        require_no_input(request)
        period = period_or_404(person(request), key, may="updates.post")
        row = stakeholder_reports.draft(period.pk, by=person(request), at=timezone.now(), via=VIA)
        return Response(shapes.StakeholderReportOut(row).data)
    period = period_or_404(person(request), key)
    found = StakeholderReport.objects.filter(period=period).select_related("edited_by", "sent_by")
    shown = found if is_allowed(person(request), period, "updates.post") else found.filter(sent_at__isnull=False)
    return list_response(shown, request, ("-on", "-id"), lambda page: shapes.StakeholderReportOut(page, many=True))


@extend_schema(methods=["GET"], responses=shapes.StakeholderReportOut, operation_id="stakeholder_reports_read")
@extend_schema(
    methods=["PATCH"],
    request=shapes.StakeholderReportIn,
    responses=shapes.StakeholderReportOut,
    operation_id="stakeholder_reports_edit",
)
@api_view(["GET", "PATCH"])
def report(request: Request, key: str, on: str) -> Response:
    """One day's report; PATCH edits the draft, 409 when somebody else did since `version`."""
    may = "updates.post" if request.method == "PATCH" else "period.view"
    period = period_or_404(person(request), key, may=may)
    row = report_or_404(period, on, may=is_allowed(person(request), period, "updates.post"))
    if request.method == "PATCH":
        said = validate_input(shapes.StakeholderReportIn, request)
        row = stakeholder_reports.edit(row.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.StakeholderReportOut(row).data)


@extend_schema(request=None, responses=shapes.StakeholderReportOut, operation_id="stakeholder_reports_send")
@api_view(["POST"])
def send_report(request: Request, key: str, on: str) -> Response:
    """Approve a day's report: it goes to everybody named for the period and to its viewers, once."""
    period = period_or_404(person(request), key, may="outside.manage")
    row = report_or_404(period, on, may=is_allowed(person(request), period, "updates.post"))
    sent = stakeholder_reports.send(row.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(shapes.StakeholderReportOut(sent).data)
