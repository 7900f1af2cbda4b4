"""What every incident view starts with and ends with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from contributors.views.loading import tab_counts
from hypercare.http import SignedInRequest
from incidents import rights
from incidents.models import Incident
from periods.access import period_or_404
from periods.models import Period

PEOPLE = ("owner", "team", "reported_by", "acknowledged_by", "resolved_by")
LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """An incident with its period, and what the viewer may do with it."""

    incident: Incident
    rights: rights.Rights

    @property
    def period(self) -> Period:
        """The incident's period, its named people loaded."""
        return self.incident.period


def incident_or_404(request: SignedInRequest, key: str, number: int) -> Loaded:
    """The incident for a member of its period; Http404 for anybody else."""
    period = period_or_404(request.user, key)
    found = Incident.objects.filter(period=period, number=min(number, LARGEST_NUMBER)).select_related(*PEOPLE)
    incident = found.first()
    if not isinstance(incident, Incident):
        raise Http404("No such incident.")
    incident.period = period
    return Loaded(incident, rights.of(request.user, period))


def comms_page(
    request: SignedInRequest, template: str, period: Period, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the period's Comms tab."""
    counts = tab_counts(request, period, at=timezone.now())
    shown = {"period": period, "tab": "comms", "tab_counts": counts, **context}
    return render(request, template, shown, status=status)


def version(period: Period, now: datetime) -> str:
    """What shown data depends on: the period's journal, and the minute, because deadlines pass by themselves."""
    return f"{period.journal_seq}.{int(now.timestamp()) // 60}"


def unchanged(request: SignedInRequest, current: str) -> bool:
    """Whether the page already shows this version."""
    return request.GET.get("v") == current


def is_htmx(request: SignedInRequest) -> bool:
    """Whether a fragment is asked for rather than a page."""
    return bool(getattr(request, "htmx", False))


def done(
    request: SignedInRequest, text: str, *, url: str, undo: str = "", stay: bool = False
) -> HttpResponse:
    """Say what was done: a toast for htmx when the page can `stay`, else a redirect that shows it there."""
    if is_htmx(request) and stay:
        events = {"toast": {"text": text, "undo": undo, "here": True}, "changed": {}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(events)})
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


def problem(request: SignedInRequest, context: dict[str, Any], *, status: int = 409) -> HttpResponse:
    """A refusal or a conflict: put into the page's `#problem` for htmx, a page of its own otherwise."""
    if is_htmx(request):
        response = render(request, "incidents/_problem.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#problem", "innerHTML"
        return response
    return render(request, "incidents/problem.html", context, status=status)


def standing_on(request: SignedInRequest) -> str:
    """The page an htmx request comes from, as a path; empty without htmx."""
    htmx = getattr(request, "htmx", None)
    return (htmx.current_url_abs_path if htmx else None) or ""


def next_url(request: SignedInRequest, default: str) -> str:
    """Where the form asked to go afterwards, when that is a place of ours."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith("/")
    return asked if ours else default
