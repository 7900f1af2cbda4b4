"""Rehearsals: the watch, and what one took that was timed otherwise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors.forms import RecordForm, RehearsalForm, StopForm
from contributors.views.loading import LARGEST_ID, done, explain, page_of, tab_counts
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest
from hypercare.timewords import duration
from periods import rehearsals
from periods.access import period_or_404
from periods.models import Period, Rehearsal

TITLES = {"start": "Start a rehearsal", "record": "Record a rehearsal", "stop": "Stop the rehearsal"}


def _page(request: SignedInRequest, period: Period, name: str, form: forms.Form, **more: Any) -> HttpResponse:
    counts = tab_counts(request, period, at=timezone.now())
    context = {
        "period": period, "tab": "readiness", "tab_counts": counts, "title": TITLES[name], "name": name, "form": form,
        **more,
    }  # fmt: skip
    return render(request, "contributors/rehearsal.html", context, status=422 if form.errors else 200)


def _back(request: SignedInRequest, row: Rehearsal) -> HttpResponse:
    text = f"{row} started"
    if row.took is not None:
        took, box = duration(row.took.total_seconds()), duration(row.box.total_seconds())
        text = f"{row}: {took}, {'over' if row.is_over else 'within'} its box of {box}"
    return done(request, text, url=f"{page_of(row.period, 'period_readiness')}#rehearsals")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: SignedInRequest, key: str) -> HttpResponse:
    """Start the watch."""
    period = period_or_404(request.user, key, may="checks.complete")
    form = RehearsalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            row = rehearsals.start(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as error:
            explain(form, error)
        else:
            return _back(request, row)
    return _page(request, period, "start", form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: SignedInRequest, key: str) -> HttpResponse:
    """Type what one took."""
    period = period_or_404(request.user, key, may="checks.complete")
    form = RecordForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            row = rehearsals.record(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as error:
            explain(form, error)
        else:
            return _back(request, row)
    return _page(request, period, "record", form)


def _found(period: Period, pk: int) -> Rehearsal:
    row = Rehearsal.objects.filter(period=period, pk=min(pk, LARGEST_ID)).first()
    if row is None:
        raise Http404("No such rehearsal.")
    return row


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Stop the watch and say how it went."""
    period = period_or_404(request.user, key, may="checks.complete")
    row, form = _found(period, pk), StopForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            ended = rehearsals.stop(row.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as error:
            explain(form, error)
        else:
            return _back(request, ended)
    return _page(request, period, "stop", form, rehearsal=row)


@login_required
@require_POST
def cancel(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Forget a watch that was started by mistake."""
    period = period_or_404(request.user, key, may="checks.complete")
    row = _found(period, pk)
    rehearsals.cancel(row.pk, by=request.user, at=timezone.now())
    return done(request, f"{row} cancelled", url=f"{page_of(period, 'period_readiness')}#rehearsals")
