"""Inside of what comes in from outside: the form's settings, known errors, pictures, and what looks alike."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare.exceptions import Refused
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.models import KnownError
from incidents.stakeholders import known_errors, report_forms
from incidents.stakeholders.web.update_forms import KnownErrorForm, ReportFormForm, report_form_initial
from incidents.triage import duplicates as lookalikes
from incidents.triage.web.loading import comms_page, incident_or_404
from periods.access.access import is_allowed, period_or_404
from periods.checklist import downloads

PER_PAGE: Final = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def form_settings(request: SignedInRequest, key: str) -> HttpResponse:
    """Open or close the public form, and say what it says."""
    period = period_or_404(request.user, key, may="outside.manage")
    row = report_forms.form_of(period)
    form, status = ReportFormForm(request.POST or None, initial=report_form_initial(period, row)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                report_forms.configure(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
                messages.success(request, "The form is as you said.")
                return redirect("period_comms", key=period.key)
            except Refused as error:
                status = add_errors(form, error)
    url = report_forms.url_of(row) if row else ""
    context = {"form": form, "row": row, "url": url, "takes_reports": report_forms.takes_reports(row)}
    return comms_page(request, "incidents/intake/form_settings.html", period, context, status=status)


@login_required
@require_POST
def renew_form(request: SignedInRequest, key: str) -> HttpResponse:
    """A new address; the old one ends."""
    period = period_or_404(request.user, key, may="outside.manage")
    report_forms.renew_address(period.pk, by=request.user, at=timezone.now())
    messages.success(request, "The form has a new address. The old one has ended.")
    return redirect("comms:report_form", key=period.key)


# --- Known errors -------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def list_known_errors(request: SignedInRequest, key: str) -> HttpResponse:
    """What is known and not mended; POST adds one."""
    may = "updates.post" if request.method == "POST" else "period.view"
    period = period_or_404(request.user, key, may=may)
    form, status = KnownErrorForm(request.POST or None, period=period), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                known_errors.add(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
                messages.success(request, "The known error is written down.")
                return redirect("comms:known", key=period.key)
            except Refused as error:
                status = add_errors(form, error)
    context = {
        "form": form,
        "rows": known_errors.current_errors(period)[: known_errors.MOST_OF_A_PERIOD],
        "may_post": is_allowed(request.user, period, "updates.post"),
    }
    return comms_page(request, "incidents/stakeholders/known.html", period, context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def known_one(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Say it differently, or show it outside."""
    period = period_or_404(request.user, key, may="updates.post")
    row = get_object_or_404(KnownError, pk=pk, period=period, ended_at__isnull=True)
    shown = {name: getattr(row, name) for name in ("title", "workaround", "component", "shown_outside")}
    form, status = KnownErrorForm(request.POST or None, initial=shown, period=period), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                known_errors.change(row.pk, **form.cleaned_data, by=request.user, at=timezone.now())
                messages.success(request, "Saved.")
                return redirect("comms:known", key=period.key)
            except Refused as error:
                status = add_errors(form, error)
    return comms_page(
        request, "incidents/stakeholders/known_one.html", period, {"form": form, "row": row}, status=status
    )


@login_required
@require_POST
def end_known(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """It is mended."""
    period = period_or_404(request.user, key, may="updates.post")
    found = get_object_or_404(KnownError, pk=pk, period=period, ended_at__isnull=True)
    row = known_errors.end(found.pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{row.title}” is no known error any more.")
    return redirect("comms:known", key=period.key)


@login_required
@require_POST
def from_incident(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """A known error in one click; what it says can be changed on the page that follows."""
    loaded = incident_or_404(request, key, number)
    period_or_404(request.user, key, may="updates.post")
    row = known_errors.from_incident(loaded.incident.pk, by=request.user, at=timezone.now())
    messages.success(request, f"{loaded.incident.key} is a known error. Say how people get around it.")
    return redirect("comms:known_one", key=loaded.period.key, pk=row.pk)


# --- Beside an incident -------------------------------------------------------------------------


@login_required
@require_safe
def picture(request: SignedInRequest, key: str, number: int, pk: int) -> FileResponse:
    """A picture that came with a report: an attachment that no browser runs."""
    loaded = incident_or_404(request, key, number)
    row = get_object_or_404(loaded.incident.attachments, pk=pk)
    return downloads.inert_response(row.stored_as, file_name=row.file_name, media_type=row.media_type)


@login_required
@require_safe
def list_look_alikes(request: SignedInRequest, key: str) -> HttpResponse:
    """Incidents and known errors that a title may be about, while it is typed."""
    period = period_or_404(request.user, key, may="incidents.report")
    title = request.GET.get("title", "")[:200]
    context = {
        "period": period,
        "alike": lookalikes.find_duplicates(period, title, at=timezone.now()),
        "known": known_errors.find_similar(period, title),
    }
    template = "incidents/stakeholders/_alike.html" if is_htmx(request) else "incidents/stakeholders/alike.html"
    return render(request, template, context)
