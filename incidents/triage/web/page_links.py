"""You are paged: one page, no sign-in. Opening it changes nothing; its buttons do, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from hypercare.exceptions import AlreadyDone
from hypercare.ui import time_words
from incidents.lists import listing
from incidents.models import Alert
from incidents.paging import escalation
from incidents.triage import page_links as pages
from incidents.triage.page_links import PageLink
from periods.documents import documents
from periods.models import Document

ACTIONS: Final = {"acknowledge": pages.acknowledge, "pass": pages.pass_on}
PARTS: Final = {"head": "incidents/triage/_paged_head.html", "foot": "incidents/triage/_paged_foot.html"}


@csrf_exempt  # the token in the address is the only credential; no cookie is read, and none is needed
@require_http_methods(["GET", "HEAD", "POST"])
def paged(request: HttpRequest, token: str) -> HttpResponse:
    """The page; POST takes the incident or passes it on. A repeat shows what happened before."""
    now = timezone.now()
    page = pages.find(token, at=now)
    if request.method == "POST":
        _act(request.POST.get("action", ""), page, now)
        return _private(redirect("paged", token=token))
    with timezone.override(page.person.zone):
        return _private(render(request, "incidents/triage/paged.html", page_link_context(page, token, now)))


@require_safe
def page_link_panel(request: HttpRequest, token: str) -> HttpResponse:
    """Head or foot of the page, refreshed; 204 while nothing changed."""
    now = timezone.now()
    shown = page_link_context(pages.find(token, at=now), token, now)
    if request.GET.get("v") == shown["version"]:
        return _private(HttpResponse(status=204))
    with timezone.override(shown["page"].person.zone):
        return _private(render(request, PARTS.get(request.GET.get("part", ""), PARTS["head"]), shown))


def page_link_context(page: PageLink, token: str, now: datetime) -> dict[str, Any]:
    """Everything the page and its parts show."""
    incident = page.incident
    rung = escalation.next_step_status(incident, at=now)
    waiting = incident.is_wanted and page.person.pk not in incident.answered
    heir = rung.person if rung else None
    next_at = rung.due_at if rung and heir and waiting and rung.due_at > now else None
    alert = Alert.objects.filter(incident=incident).order_by("-started_at", "-id").first()
    return {
        "now": now,
        "page": page,
        "token": token,
        "incident": incident,
        "period": page.period,
        "waiting": waiting,
        "mine": incident.acknowledged_by_id == page.person.pk,
        "rung": rung,
        "next_at": next_at,
        "left": (next_at - now).total_seconds() if next_at else 0,
        "total": (next_at - page.link.created_at).total_seconds() if next_at else 0,
        "alert": alert,
        "runbook": _runbook(alert, page, token),
        "alike": listing.earlier_on_same_system(incident),
        **_lead(page, now),
        "day": page.period.window_day(now),
        "version": f"{incident.version}.{int(next_at.timestamp()) if next_at else 0}.{heir.pk if heir else 0}",
    }


def _lead(page: PageLink, now: datetime) -> dict[str, Any]:
    """What the lead's clock shows, and where."""
    lead = page.period.lead
    return {"lead_at": now.astimezone(lead.zone), "lead_city": time_words.city_of(lead.zone)} if lead else {}


def _act(action: str, page: PageLink, now: datetime) -> None:
    """Do it, unless it was done: the page then says by whom and when."""
    if action in ACTIONS:
        try:
            ACTIONS[action](page, at=now)
        except AlreadyDone:
            return


def _runbook(alert: Alert | None, page: PageLink, token: str) -> str:
    """The alert's own runbook, else the period's page, else its address outside; only what a browser can follow."""
    own = alert.annotations.get("runbook_url", "") if alert else ""
    if own.startswith(("https://", "http://")):
        return own
    written = documents.page_of_kind(page.period, Document.Kind.RUNBOOK)
    address = reverse("paged_read", kwargs={"token": token, "slug": written.slug}) if written else ""
    return address or page.period.runbook_url


def _private(response: HttpResponse) -> HttpResponse:
    """The address is a secret: not for other sites, nor for search engines."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
