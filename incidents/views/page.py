"""One incident: its page, the part that refreshes, and the preview beside the list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors.models import Membership
from hypercare.http import SignedInRequest
from hypercare.models import User
from incidents import (
    escalation,
    listing,
    presenters,
    queues,
    relations,
    rollback,
    timeline,
    war_room,
    watch,
    work,
)
from incidents.forms import CommentForm, workers
from incidents.models import Alert, Incident, IncidentRole, RollbackDecision
from incidents.outside import beside
from incidents.severity import SEVERITIES
from incidents.views.actions import Dialog, dialog
from incidents.views.loading import Loaded, incident_or_404, is_htmx, standing_on, unchanged, version
from periods import documents

ALERTS_SHOWN = 10
COMING = 3
PARTS = {part: f"incidents/_{part}.html" for part in ("head", "clocks", "story", "rail")}
DIALOGS = (
    "resolve", "escalate", "regrade", "edit", "hand-over", "queue", "snooze", "link", "task", "add-link",
)  # fmt: skip


@login_required
@require_safe
def incident(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """The whole page."""
    loaded, now = incident_or_404(request, key, number), timezone.now()
    return render(request, "incidents/incident.html", page_context(request, loaded, now))


@login_required
@require_safe
def live(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Header, clocks, timeline and rail; 204 while the page shows the current version."""
    loaded, now = incident_or_404(request, key, number), timezone.now()
    if unchanged(request, version(loaded.period, now)):
        return HttpResponse(status=204)
    if is_htmx(request):
        part = PARTS.get(request.GET.get("part", ""), "incidents/_live.html")
        return render(request, part, {**live_context(request, loaded, now), "swap": True})
    return render(request, "incidents/incident.html", page_context(request, loaded, now))


@login_required
@require_safe
def preview(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """What one needs to triage it without opening it."""
    loaded, now = incident_or_404(request, key, number), timezone.now()
    if unchanged(request, version(loaded.period, now)):
        return HttpResponse(status=204)
    context = {
        **_common(loaded, now),
        "version": version(loaded.period, now),
        "rung": escalation.next_rung(loaded.incident, at=now),
        "alike": listing.lookalikes(loaded.incident),
        "owners": workers(loaded.period) if loaded.rights.triage else [],
        "levels": SEVERITIES,
        "kinds": Incident.Kind.choices,
        "snoozes": list(queues.SNOOZES.items()),
        "here": standing_on(request),
    }
    return render(
        request, "incidents/_preview.html" if is_htmx(request) else "incidents/preview.html", context
    )


def page_context(request: SignedInRequest, loaded: Loaded, now: datetime) -> dict[str, Any]:
    """Everything the page shows."""
    incident, live = loaded.incident, live_context(request, loaded, now)
    return {
        **live,
        "comment_form": CommentForm(initial={"kind": "note"}),
        **beside.composer(incident, loaded.rights),
        "every": presenters.update_rhythm(incident),
        "dialogs": _dialogs(loaded, live["deciding"]),
        "members": Membership.objects.filter(period=loaded.period, left_at__isnull=True).count(),
        "outsiders": len(live["reports"]),
        "is_known": live["known_error"] is not None,
        "open_s": (now - incident.clock_from).total_seconds(),
    }


def live_context(request: SignedInRequest, loaded: Loaded, now: datetime) -> dict[str, Any]:
    """What refreshes by itself."""
    incident = loaded.incident
    only = request.GET.get("show", "all")
    before, after, place, length = presenters.neighbours(listing.open_numbers(loaded.period), incident.number)
    alerts, zone = _alerts(incident), timezone.get_current_timezone()
    moments = timeline.read(incident, viewer=request.user, notes=loaded.rights.notes, at=now, zone=zone)
    rungs = escalation.ladder(incident, at=now)
    people = list(workers(loaded.period)) if loaded.rights.work and incident.is_open else []
    return {
        **_common(loaded, now),
        "version": version(loaded.period, now),
        "only": only,
        "filters": timeline.FILTERS,
        "moments": [moment for moment in moments if only in ("all", moment.group)],
        "told": len(moments),
        "updates": sum(moment.group == timeline.UPDATES for moment in moments),
        "stats": presenters.stats(incident, at=now, zone=zone),
        "ladder": rungs,
        "paging": any(rung.state == "next" for rung in rungs),
        "missing": escalation.answers_missing(incident) if len(incident.answered) else 0,
        "coming": watch.coming(incident, at=now)[:COMING] if incident.is_open else [],
        "missed": presenters.missed(incident, zone=zone),
        "responders": _responders(loaded, timeline.actors(incident)),
        "alerts": alerts[:ALERTS_SHOWN],
        "firing": [alert for alert in alerts if alert.ended_at is None],
        "owners": people if loaded.rights.triage else [], "workers": people,
        "before": before, "after": after, "place": place, "length": length,
        "deciding": (deciding := rollback.open_of(incident) if incident.severity == "P1" else None),
        "may_decide": deciding is not None and rollback.may_answer(request.user, loaded.period),
        "runbook": documents.runbook_url(loaded.period), **_war_room(loaded, now), **_beside(loaded),
        **beside.rail(incident),
    }  # fmt: skip


def _war_room(loaded: Loaded, now: datetime) -> dict[str, Any]:
    """Who does what, what is to be done, and where to look. Five queries."""
    incident = loaded.incident
    held = war_room.holders(incident) if incident.is_open else {}
    past = [] if incident.is_open else war_room.history(incident)
    following = list(incident.followers.values_list("user_id", flat=True))
    return {
        "held": held,
        "past": past,
        "busy": {role.user_id for role in [*held.values(), *past]},
        "parts": [(value, label, held.get(value)) for value, label in IncidentRole.Part.choices],
        "commander": held.get(IncidentRole.Part.COMMANDER),
        "concerns": war_room.concerns(incident, list(held.values()), at=now),
        "tasks": work.of(incident),
        "references": list(incident.references.order_by("id")),
        "following": len(following),
        "i_follow": loaded.rights.user.pk in following,
    }


def _beside(loaded: Loaded) -> dict[str, Any]:
    """The incident above it, those below it, and those related. Three queries."""
    incident = loaded.incident
    higher = incident.duplicate_of_id or incident.parent_id
    above = Incident.objects.filter(pk=higher) if higher else Incident.objects.none()
    return {
        "above": above.select_related("period", "owner").first(),
        "below": relations.below(incident),
        "beside": relations.beside(incident),
    }


def _common(loaded: Loaded, now: datetime) -> dict[str, Any]:
    incident = loaded.incident
    return {
        "now": now,
        "period": loaded.period,
        "incident": incident,
        "recent": now - incident.reported_at < timedelta(days=1),
        "rights": loaded.rights,
        "may_handle": loaded.rights.may_handle(incident),
        "statuses": presenters.next_statuses(incident),
        "row": presenters.row(incident, at=now, viewer=loaded.rights.user),
    }


def _dialogs(loaded: Loaded, asked: RollbackDecision | None) -> list[Dialog]:
    """The forms this person may need here."""
    deciding = asked and rollback.may_answer(loaded.rights.user, loaded.period)
    more = [dialog("rollback", loaded)] if deciding else []
    if not loaded.rights.work:
        return more
    if not loaded.incident.is_open:
        return [dialog(name, loaded) for name in ("reopen", "edit")]
    return [*more, *(dialog(name, loaded) for name in DIALOGS)]


def _alerts(incident: Incident) -> list[Alert]:
    """Linked alerts, those still firing first."""
    found = incident.alerts.order_by("-started_at", "-id")[:100]
    return sorted(found, key=lambda alert: alert.ended_at is not None)


def _responders(loaded: Loaded, people: list[User]) -> list[tuple[User, str]]:
    """Who is in it, each with their duty in the period."""
    members = Membership.objects.filter(period=loaded.period, user__in=people, left_at__isnull=True)
    roles = {member.user_id: member.role.name for member in members.select_related("role") if member.role}
    incident = loaded.incident
    parts = {
        incident.reported_by_id: "Reported it",
        loaded.period.lead_id: "Lead",
        incident.owner_id: "Owner",
    }
    return [(user, parts.get(user.pk) or roles.get(user.pk, "")) for user in people]
