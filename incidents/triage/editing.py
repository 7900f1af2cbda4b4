"""Correcting what an incident says about itself, and judging what it is: its type, its system, the release's part."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation, sla_alerts
from incidents.shared import locking
from incidents.shared.locking import lock, record_entry, save_fields
from incidents.triage import triage, validation
from periods.models import Period

FIELDS = ("title", "description", "component", "kind", "verdict")
LONGEST = {"title": 200, "description": 20_000}


@transaction.atomic
def update_fields(incident_id: int, *, by: User, at: datetime, via: str = "", **facts: str) -> Incident:
    """Change title, description, component, type or verdict; unchanged ones are left out of the journal.

    An enhancement leaves the window: no clock runs, nobody is paged, nothing counts it but what it has missed. Nothing
    is written when nothing differs. Raises Invalid for a fact that can't stand, Refused for a P1 or P2 that has ended
    and is to leave the window, and TypeError for a field that is none of these.
    """
    incident = lock(incident_id)
    unknown = set(facts) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a fact of an incident: {', '.join(sorted(unknown))}.")
    wanted = _tidy(facts)
    _check(incident.period, wanted)
    changed = {name: text for name, text in wanted.items() if getattr(incident, name) != text}
    if not changed:
        return incident
    _require_in_time(incident, changed.get("kind", ""))
    before = {name: getattr(incident, name) for name in changed}
    if "kind" in changed:
        sla_alerts.note_missed(incident, at=at)
    for name, text in changed.items():
        setattr(incident, name, text)
    save_fields(incident, at, *changed, "marks")
    record_entry(
        incident, "incident.corrected", by, at, via, before=before, after=changed, **locking.previous_values(incident)
    )
    if "kind" in changed:
        _follow_kind(incident, at)
    return incident


def _require_in_time(incident: Incident, kind: str) -> None:
    """What was handled to its end as a P1 or P2 was one: nothing that was judged by it changes afterwards."""
    leaves = kind in Incident.UNCOUNTED and not incident.has_no_clock
    if leaves and not incident.is_open and incident.severity in Incident.URGENT:
        raise Refused(
            f"{incident.key} ended as a {incident.severity}, so it stays in the figures. "
            f"Log the {Incident.Kind(kind).label.lower()} by itself."
        )


@transaction.atomic
def update_fields_and_severity(
    incident_id: int, *, by: User, at: datetime, impact: str = "", urgency: str = "", via: str = "", **facts: str
) -> Incident:
    """Correct facts and judge the severity again, as one; of two levels the one left out stays as it is.

    Raises what `update_fields` and `triage.regrade` raise.
    """
    incident = update_fields(incident_id, **facts, by=by, at=at, via=via) if facts else lock(incident_id)
    if not (impact or urgency):
        return incident
    levels = {"impact": impact or incident.impact, "urgency": urgency or incident.urgency}
    return triage.regrade(incident_id, **levels, by=by, at=at, via=via)


def _follow_kind(incident: Incident, at: datetime) -> None:
    """A wish pages nobody; what turns out to be none is paged about like any other."""
    if incident.has_no_clock:
        escalation.stop(incident, at=at, kinds=escalation.TOLD)
    elif incident.is_open and incident.acknowledged_at is None and incident.paging_since is None:
        escalation.start(incident, at=at)
    sla_alerts.reschedule(incident, at=at)


def _tidy(facts: dict[str, str]) -> dict[str, str]:
    """A title and a component are one line; a description keeps its lines."""
    return {name: text.strip() if name == "description" else " ".join(text.split()) for name, text in facts.items()}


def _check(period: Period, facts: dict[str, str]) -> None:
    complaints: dict[str, Any] = {
        name: f"Shorten it to {LONGEST[name]:,} characters."
        for name in LONGEST
        if len(facts.get(name, "")) > LONGEST[name]
    }
    if facts.get("title") == "":
        complaints["title"] = "Say in one line what is wrong."
    if facts.get("component") and facts["component"] not in period.systems:
        complaints["component"] = f"Choose one of the period's systems: {', '.join(period.systems) or 'none'}."
    if complaints:
        raise Invalid(complaints)
    validation.check_kind(facts.get("kind", ""))
    validation.check_verdict(facts.get("verdict", ""))
