"""The stakeholder report: the day's draft, edited and sent here, and those of earlier days."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare.database.numbers import number_of
from hypercare.exceptions import Refused
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from incidents.models import StakeholderReport
from incidents.stakeholders import stakeholder_reports
from incidents.stakeholders.web.update_forms import StakeholderReportForm
from incidents.triage.web.loading import comms_page
from periods.access.access import is_allowed, period_or_404, require_right
from periods.calendar.window_days import WindowDay
from periods.models import Period

PER_PAGE: Final = 50


@login_required
@require_safe
def reports(request: SignedInRequest, key: str) -> HttpResponse:
    """Every day's report, the newest first. Drafts are for those who write them."""
    period = period_or_404(request.user, key)
    may = is_allowed(request.user, period, "updates.post")
    found = StakeholderReport.objects.filter(period=period).select_related("sent_by").order_by("-on", "-id")
    page = Paginator(found if may else found.filter(sent_at__isnull=False), PER_PAGE).get_page(request.GET.get("page"))
    return comms_page(request, "incidents/stakeholders/briefings.html", period, {"page": page, "may": may})


@login_required
@require_POST
def draft(request: SignedInRequest, key: str) -> HttpResponse:
    """Today's report now rather than at four."""
    period = period_or_404(request.user, key, may="updates.post")
    report = stakeholder_reports.draft(period.pk, by=request.user, at=timezone.now())
    return redirect("comms:report", key=period.key, on=report.on.isoformat())


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: SignedInRequest, key: str, on: str) -> HttpResponse:
    """One day's report; POST edits the draft, and with `send` approves it."""
    period = period_or_404(request.user, key, may="updates.post" if request.method == "POST" else "period.view")
    may = is_allowed(request.user, period, "updates.post")
    if "send" in request.POST:
        require_right(request.user, period, "outside.manage")
    row = report_or_404(period, on, may=may)
    form = StakeholderReportForm(
        request.POST or None, initial={name: getattr(row, name) for name in stakeholder_reports.EDITED}
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _saved(request, period, row, form)
            except Refused as error:
                status = add_errors(form, error)
    context = {
        "report": row,
        "day": WindowDay(row.figures.get("day", 0), row.figures.get("days", 0)),
        "form": form,
        "may_edit": may and row.sent_at is None,
        "readers": stakeholder_reports.readers_of(period),
        "may_send": is_allowed(request.user, period, "outside.manage"),
    }
    return comms_page(request, "incidents/stakeholders/briefing.html", period, context, status=status)


def _saved(
    request: SignedInRequest, period: Period, row: StakeholderReport, form: StakeholderReportForm
) -> HttpResponse:
    """Save what was typed; send it where that button was pressed."""
    now, seen = timezone.now(), number_of(request.POST.get("version", "")) or 0
    sends = "send" in request.POST
    save = stakeholder_reports.send if sends else stakeholder_reports.edit
    save(row.pk, version=seen, by=request.user, at=now, **form.cleaned_data)
    messages.success(request, "The report is on its way." if sends else "Saved.")
    return redirect("comms:report", key=period.key, on=row.on.isoformat())


def report_or_404(period: Period, on: str, *, may: bool) -> StakeholderReport:
    """The report of a day; one that is not sent is there only for those who may send it."""
    try:
        row = stakeholder_reports.report_of_day(period, date.fromisoformat(on))
    except ValueError:
        row = None
    if row is None or (row.sent_at is None and not may):
        raise Http404("No report of that day.")
    return row
