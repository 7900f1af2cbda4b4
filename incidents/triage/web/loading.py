"""What every view of incidents starts with, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from contributors.web.loading import tab_counts
from hypercare.models import User
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.models import Incident
from incidents.triage import permissions
from periods.access.access import period_or_404
from periods.models import Period

PEOPLE = ("owner", "team", "reported_by", "acknowledged_by", "resolved_by")


@dataclass(frozen=True, slots=True)
class LoadedIncident:
    """An incident with its period, and what the viewer may do with it."""

    incident: Incident
    rights: permissions.IncidentRights

    @property
    def period(self) -> Period:
        """The incident's period, its named people loaded."""
        return self.incident.period


def incident_or_404(request: SignedInRequest, key: str, number: int) -> LoadedIncident:
    """The incident for a member of its period; Http404 for anybody else."""
    incident = find_incident(request.user, key, number)
    return LoadedIncident(incident, permissions.rights_in(request.user, incident.period))


def find_incident(user: User, key: str, number: int) -> Incident:
    """The incident with its period and people. Http404 for a stranger, as if it did not exist."""
    period = period_or_404(user, key)
    incident = get_object_or_404(Incident.objects.select_related(*PEOPLE), period=period, number=number)
    incident.period = period
    return incident


def comms_page(
    request: SignedInRequest, template: str, period: Period, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the period's Comms tab."""
    counts = tab_counts(request, period, at=timezone.now())
    shown = {"period": period, "tab": "comms", "tab_counts": counts, **context}
    return render(request, template, shown, status=status)


def show_problem(request: SignedInRequest, context: dict[str, Any], *, status: int = 409) -> HttpResponse:
    """A refusal or a conflict: put into the page's `#problem` for htmx, a page of its own otherwise."""
    if is_htmx(request):
        response = render(request, "incidents/triage/_problem.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#problem", "innerHTML"
        return response
    return render(request, "incidents/triage/problem.html", context, status=status)


def current_page(request: SignedInRequest) -> str:
    """The page an htmx request comes from, as a path; empty without htmx."""
    htmx = getattr(request, "htmx", None)
    return (htmx.current_url_abs_path if htmx else None) or ""
