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
from contributors.web.loading import version_of
from hypercare.models import User
from hypercare.web.requests import SignedInRequest, is_htmx, is_unchanged
from incidents.intake import severity_words
from incidents.lists import listing, presenters, timeline
from incidents.models import Alert, Incident, IncidentRole, RollbackDecision
from incidents.paging import escalation, rollback, sla_alerts
from incidents.shared.severity import SEVERITIES
from incidents.stakeholders import incident_panel
from incidents.triage import queues, relations, tasks, war_room
from incidents.triage.web.actions import Dialog, build_dialog
from incidents.triage.web.forms import CommentForm, workers_of
from incidents.triage.web.loading import LoadedIncident, current_page, incident_or_404
from periods.documents import documents

ALERTS_SHOWN = 10
COMING = 3
PARTS = {part: f"incidents/triage/_{part}.html" for part in ("head", "clocks", "story", "rail")}
DIALOGS = ("resolve", "escalate", "regrade", "edit", "hand-over", "queue", "snooze", "task", "add-link")


@login_required
@require_safe
def incident(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """The whole page."""
    loaded, now = incident_or_404(request, key, number), timezone.now()
    return render(request, "incidents/triage/incident.html", page_context(request, loaded, now))


@login_required
@require_safe
def refresh_incident(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Header, clocks, timeline and rail; 204 while the page shows the current version."""
    loaded, now = incident_or_404(request, key, number), timezone.now()
    if is_unchanged(request, version_of(loaded.period, now)):
        return HttpResponse(status=204)
    if is_htmx(request):
        part = PARTS.get(request.GET.get("part", ""), "incidents/triage/_live.html")
        return render(request, part, {**live_context(request, loaded, now), "swap": True})
    return render(request, "incidents/triage/incident.html", page_context(request, loaded, now))


@login_required
@require_safe
def preview(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """What one needs to triage it without opening it."""
    loaded, now = incident_or_404(request, key, number), timezone.now()
    if is_unchanged(request, version_of(loaded.period, now)):
        return HttpResponse(status=204)
    context = {
        **_common(loaded, now),
        "version": version_of(loaded.period, now),
        "rung": escalation.next_step_status(loaded.incident, at=now),
        "alike": listing.earlier_on_same_system(loaded.incident),
        "owners": workers_of(loaded.period) if loaded.rights.triage else [],
        "levels": SEVERITIES,
        "kinds": Incident.Kind.choices,
        "snoozes": list(queues.SNOOZES.items()),
        "here": current_page(request),
    }
    return render(
        request, "incidents/triage/_preview.html" if is_htmx(request) else "incidents/triage/preview.html", context
    )


def page_context(request: SignedInRequest, loaded: LoadedIncident, now: datetime) -> dict[str, Any]:
    """Everything the page shows."""
    incident, live = loaded.incident, live_context(request, loaded, now)
    return {
        **live,
        "comment_form": CommentForm(initial={"kind": "note"}),
        **incident_panel.composer_context(incident, loaded.rights),
        "every": presenters.update_rhythm(incident),
        "dialogs": _dialogs(loaded, live["deciding"]),
        "members": Membership.objects.filter(period=loaded.period, left_at__isnull=True).count(),
        "outsiders": len(live["reports"]),
        "is_known": live["known_error"] is not None,
        "open_s": (now - incident.clock_from).total_seconds(),
    }


def live_context(request: SignedInRequest, loaded: LoadedIncident, now: datetime) -> dict[str, Any]:
    """What refreshes by itself."""
    incident = loaded.incident
    only = request.GET.get("show", "all")
    before, after, place, length = presenters.neighbours(listing.open_numbers(loaded.period), incident.number)
    alerts, zone = _alerts(incident), timezone.get_current_timezone()
    moments = timeline.read_timeline(incident, viewer=request.user, notes=loaded.rights.notes, at=now, zone=zone)
    rungs = escalation.ladder_status(incident, at=now)
    people = list(workers_of(loaded.period)) if loaded.rights.work and incident.is_open else []
    return {
        **_common(loaded, now),
        "version": version_of(loaded.period, now),
        "only": only,
        "filters": timeline.FILTERS,
        "moments": [moment for moment in moments if only in ("all", moment.group)],
        "told": len(moments),
        "updates": sum(moment.group == timeline.UPDATES for moment in moments),
        "stats": presenters.clock_stats(incident, at=now, zone=zone),
        "ladder": rungs,
        "paging": any(rung.state == "next" for rung in rungs),
        "missing": escalation.count_answers_missing(incident) if len(incident.answered) else 0,
        "coming": sla_alerts.upcoming_alerts(incident, at=now)[:COMING] if incident.is_open else [],
        "missed": presenters.describe_missed(incident, zone=zone),
        "responders": _responders(loaded, timeline.actors_of(incident)),
        "alerts": alerts[:ALERTS_SHOWN],
        "firing": [alert for alert in alerts if alert.ended_at is None],
        "owners": people if loaded.rights.triage else [],
        "workers": people,
        "before": before,
        "after": after,
        "place": place,
        "length": length,
        "deciding": (deciding := rollback.open_decision_of(incident) if incident.severity == "P1" else None),
        "may_decide": deciding is not None and rollback.may_answer(request.user, loaded.period),
        "runbook": documents.runbook_url(loaded.period),
        **_war_room(loaded, now),
        **_beside(loaded),
        **incident_panel.rail_context(incident),
    }


def _war_room(loaded: LoadedIncident, now: datetime) -> dict[str, Any]:
    """Who does what, what is to be done, and where to look. Five queries."""
    incident = loaded.incident
    held = war_room.part_holders(incident) if incident.is_open else {}
    past = [] if incident.is_open else war_room.part_history(incident)
    following = list(incident.followers.values_list("user_id", flat=True))
    return {
        "held": held,
        "past": past,
        "busy": {role.user_id for role in [*held.values(), *past]},
        "parts": [(value, label, held.get(value)) for value, label in IncidentRole.Part.choices],
        "commander": held.get(IncidentRole.Part.COMMANDER),
        "concerns": war_room.find_concerns(incident, list(held.values()), at=now),
        "tasks": tasks.tasks_of(incident),
        "references": list(incident.references.order_by("id")),
        "following": len(following),
        "i_follow": loaded.rights.user.pk in following,
    }


def _beside(loaded: LoadedIncident) -> dict[str, Any]:
    """The incident above it, those below it, and those related. Three queries."""
    incident = loaded.incident
    higher = incident.duplicate_of_id or incident.parent_id
    above = Incident.objects.filter(pk=higher) if higher else Incident.objects.none()
    return {
        "above": above.select_related("period", "owner").first(),
        "below": relations.children_of(incident),
        "beside": relations.related_to(incident),
    }


def _common(loaded: LoadedIncident, now: datetime) -> dict[str, Any]:
    incident = loaded.incident
    return {
        "now": now,
        "period": loaded.period,
        "incident": incident,
        "recent": now - incident.reported_at < timedelta(days=1),
        "rights": loaded.rights,
        "may_handle": loaded.rights.may_handle(incident),
        "statuses": presenters.next_statuses(incident),
        "row": presenters.present_row(incident, at=now, viewer=loaded.rights.user),
    }


def _dialogs(loaded: LoadedIncident, asked: RollbackDecision | None) -> list[Dialog]:
    """The forms this person may need here."""
    deciding = asked and rollback.may_answer(loaded.rights.user, loaded.period)
    more = [build_dialog("rollback", loaded)] if deciding else []
    if not loaded.rights.work:
        return more
    if not loaded.incident.is_open:
        return [build_dialog(name, loaded) for name in ("reopen", "edit")]
    return [*more, *(build_dialog(name, loaded) for name in DIALOGS)]


def _alerts(incident: Incident) -> list[Alert]:
    """Linked alerts, those still firing first; `unknown` says that nobody has mapped its severity word."""
    found = list(incident.alerts.select_related("source").order_by("-started_at", "-id")[:100])
    for alert in found:
        is_known = severity_words.read_from(alert.source, alert.level).is_known
        alert.unknown = "" if is_known else severity_words.describe_unknown(alert.level)  # type: ignore[attr-defined]
    return sorted(found, key=lambda alert: alert.ended_at is not None)


def _responders(loaded: LoadedIncident, people: list[User]) -> list[tuple[User, str]]:
    """Who is in it, each with their duty in the period."""
    members = Membership.objects.filter(period=loaded.period, user__in=people, left_at__isnull=True)
    roles = {member.user_id: member.role.name for member in members.select_related("role") if member.role}
    incident = loaded.incident
    parts = {incident.reported_by_id: "Reported it", loaded.period.lead_id: "Lead", incident.owner_id: "Owner"}
    return [(user, parts.get(user.pk) or roles.get(user.pk, "")) for user in people]
