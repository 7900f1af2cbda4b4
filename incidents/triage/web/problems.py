"""Many incidents of one system within a day: make them a problem, or say why they are none."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from hypercare.exceptions import Refused
from hypercare.web.requests import SignedInRequest
from incidents.lists import presenters
from incidents.triage import problems
from incidents.triage.web.forms import IncidentReasonForm
from incidents.triage.web.loading import show_problem
from periods.access.access import is_allowed, period_or_404
from periods.models import Period


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pattern(request: SignedInRequest, key: str) -> HttpResponse:
    """The incidents of `?system=`; POST `make` or `dismiss` with a reason."""
    period = period_or_404(request.user, key, may="incidents.triage" if request.method == "POST" else "period.view")
    system = (request.POST if request.method == "POST" else request.GET).get("system", "")[:80]
    dismissing = request.method == "POST" and "make" not in request.POST
    form = IncidentReasonForm(request.POST if dismissing else None)
    if request.method != "POST" or (dismissing and not form.is_valid()):
        return _page(request, period, system, form)
    try:
        return _dismiss(request, period, system, form) if dismissing else _make(request, period, system)
    except Refused as error:
        return show_problem(request, {"period": period, "tab": "incidents", "reasons": error.reasons})


def _make(request: SignedInRequest, period: Period, system: str) -> HttpResponse:
    made = problems.make_problem(period.pk, component=system, by=request.user, at=timezone.now())
    messages.success(request, f"{made.key} is the problem record of its parts")
    return redirect(made)


def _dismiss(request: SignedInRequest, period: Period, system: str, form: forms.Form) -> HttpResponse:
    reason = form.cleaned_data["reason"]
    problems.dismiss(period.pk, component=system, reason=reason, by=request.user, at=timezone.now())
    messages.success(request, f"Dismissed. Later incidents on {system} count anew.")
    return redirect("period_incidents", key=period.key)


def _page(request: SignedInRequest, period: Period, system: str, form: forms.Form) -> HttpResponse:
    now = timezone.now()
    found = problems.incidents_of_system(period, system, at=now)
    rows = [presenters.present_row(incident, at=now, viewer=request.user) for incident in found]
    context = {
        "period": period,
        "tab": "incidents",
        "system": system,
        "rows": rows,
        "form": form,
        "now": now,
        "may": is_allowed(request.user, period, "incidents.triage") and period.is_live,
        "list_url": reverse("period_incidents", kwargs={"key": period.key}),
    }
    return render(request, "incidents/triage/pattern.html", context, status=422 if form.errors else 200)
