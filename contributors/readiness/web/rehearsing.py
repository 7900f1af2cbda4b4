"""Rehearsals: the watch, and what one took that was timed otherwise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors.readiness.web.check_forms import RecordRehearsalForm, RehearsalForm, StopRehearsalForm
from contributors.web.loading import page_url, tab_counts
from hypercare.exceptions import Invalid
from hypercare.ui.time_words import duration
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from periods.access.access import period_or_404
from periods.checklist import rehearsals
from periods.models import Period, Rehearsal

TITLES = {"start": "Start a rehearsal", "record": "Record a rehearsal", "stop": "Stop the rehearsal"}


def _page(request: SignedInRequest, period: Period, name: str, form: forms.Form, **more: Any) -> HttpResponse:
    counts = tab_counts(request, period, at=timezone.now())
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": counts,
        "title": TITLES[name],
        "name": name,
        "form": form,
        **more,
    }
    return render(request, "contributors/readiness/rehearsal.html", context, status=422 if form.errors else 200)


def _back(request: SignedInRequest, row: Rehearsal) -> HttpResponse:
    text = f"{row} started"
    if row.took is not None:
        took, box = duration(row.took.total_seconds()), duration(row.box.total_seconds())
        text = f"{row}: {took}, {'over' if row.is_over else 'within'} its box of {box}"
    return confirm_done(request, text, url=f"{page_url(row.period, 'period_readiness')}#rehearsals")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start_rehearsal(request: SignedInRequest, key: str) -> HttpResponse:
    """Start the watch."""
    period = period_or_404(request.user, key, may="checks.complete")
    form = RehearsalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            row = rehearsals.start(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as error:
            add_errors(form, error)
        else:
            return _back(request, row)
    return _page(request, period, "start", form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: SignedInRequest, key: str) -> HttpResponse:
    """Type what one took."""
    period = period_or_404(request.user, key, may="checks.complete")
    form = RecordRehearsalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            row = rehearsals.record(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as error:
            add_errors(form, error)
        else:
            return _back(request, row)
    return _page(request, period, "record", form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Stop the watch and say how it went."""
    period = period_or_404(request.user, key, may="checks.complete")
    row = get_object_or_404(Rehearsal, period=period, pk=pk)
    form = StopRehearsalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            ended = rehearsals.stop(row.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as error:
            add_errors(form, error)
        else:
            return _back(request, ended)
    return _page(request, period, "stop", form, rehearsal=row)


@login_required
@require_POST
def cancel(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Forget a watch that was started by mistake."""
    period = period_or_404(request.user, key, may="checks.complete")
    row = get_object_or_404(Rehearsal, period=period, pk=pk)
    rehearsals.cancel(row.pk, by=request.user, at=timezone.now())
    return confirm_done(request, f"{row} cancelled", url=f"{page_url(period, 'period_readiness')}#rehearsals")
