"""Search and jump: periods, incidents by key or words, people one works with."""

from __future__ import annotations

import re

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from contributors import handoffs
from contributors.models import Handoff
from hypercare.http import SignedInRequest
from hypercare.models import User
from incidents.models import Incident
from periods import documents, library
from periods.models import Period

KEY = re.compile(r"^\s*([A-Za-z][A-Za-z0-9]{1,11})-(\d{1,9})\s*$")
MOST = 20


@login_required
@require_safe
def search(request: SignedInRequest) -> HttpResponse:
    """Results for `?q=`; an incident key that exists jumps straight to it."""
    query = request.GET.get("q", "").strip()[:100]
    incidents = Incident.objects.visible_to(request.user).select_related("period", "owner")
    if match := KEY.match(query):
        exact = incidents.filter(period__key=match[1].upper(), number=int(match[2])).first()
        if exact:
            return redirect(exact)
    found = _find(request.user, query) if query else {}
    template = "hypercare/_search.html" if getattr(request, "htmx", False) else "hypercare/search.html"
    return render(request, template, {"query": query, **found})


def _find(user: User, query: str) -> dict[str, object]:
    periods = Period.objects.visible_to(user).filter(Q(name__icontains=query) | Q(key__iexact=query))
    incidents = Incident.objects.visible_to(user).filter(title__icontains=query).select_related("period")
    people = User.objects.filter(
        name__icontains=query, memberships__period__in=Period.objects.visible_to(user)
    ).distinct()
    readable = Period.objects.visible_to(user)
    return {
        "pages": documents.found(readable, query)[:MOST] if "\x00" not in query else [],
        "lessons": library.found(user, library.Query(query))[:MOST],
        "periods": periods.order_by("-go_live_at", "id")[:MOST],
        "incidents": incidents.order_by("-reported_at", "-id")[:MOST],
        "handoffs": _handoffs(user, query),
        "people": people.order_by("name", "id")[:MOST],
    }


def _handoffs(user: User, query: str) -> list[Handoff]:
    """Hand-off notes with the words, the newest first."""
    found = handoffs.matching(Handoff.objects.visible_to(user).filter(version__gt=0), query)
    shown = found.select_related("role__period", "outgoing", "incoming").order_by("-due_at", "-id")
    return list(shown[:MOST])
