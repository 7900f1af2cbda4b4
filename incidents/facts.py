"""Correcting what an incident says about itself, and noticing that somebody else was first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from hypercare.errors import Invalid
from hypercare.models import User
from incidents.models import Incident
from periods import journal
from periods.models import Period

FIELDS = ("title", "description", "component")
LONGEST = {"title": 200, "description": 20_000}


@transaction.atomic
def correct(incident_id: int, *, by: User, at: datetime, via: str = "", **facts: str) -> Incident:
    """Change title, description or component; unchanged ones are left out of the journal.

    Nothing is written when nothing differs. Raises Invalid for a fact that can't stand and TypeError for
    a field that is none of the three.
    """
    incident = locked(incident_id)
    unknown = set(facts) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a fact of an incident: {', '.join(sorted(unknown))}.")
    wanted = _tidy(facts)
    _check(incident.period, wanted)
    changed = {name: text for name, text in wanted.items() if getattr(incident, name) != text}
    if not changed:
        return incident
    before = {name: getattr(incident, name) for name in changed}
    _write(incident, changed, at)
    journal.record(
        incident.period, "incident.corrected", by=by, at=at, subject=incident.subject, via=via, key=incident.key,
        title=incident.title, severity=incident.severity, before=before, after=changed,
    )  # fmt: skip
    return incident


def locked(incident_id: int) -> Incident:
    """The incident with its period and owner, held until the caller's transaction ends; the period first."""
    period_id = Incident.objects.values_list("period_id", flat=True).get(pk=incident_id)
    period = Period.objects.locked().get(pk=period_id)
    incident: Incident = Incident.objects.locked().select_related("owner").get(pk=incident_id)
    incident.period = period
    return incident


def _tidy(facts: dict[str, str]) -> dict[str, str]:
    """A title and a component are one line; a description keeps its lines."""
    return {
        name: text.strip() if name == "description" else " ".join(text.split())
        for name, text in facts.items()
    }


def _check(period: Period, facts: dict[str, str]) -> None:
    complaints: dict[str, Any] = {
        name: f"Shorten it to {LONGEST[name]:,} characters."
        for name in LONGEST
        if len(facts.get(name, "")) > LONGEST[name]
    }
    if facts.get("title") == "":
        complaints["title"] = "Say in one line what is wrong."
    if facts.get("component") and facts["component"] not in period.systems:
        complaints["component"] = (
            f"Choose one of the period's systems: {', '.join(period.systems) or 'none'}."
        )
    if complaints:
        raise Invalid(complaints)


def _write(incident: Incident, changed: dict[str, str], at: datetime) -> None:
    for name, text in changed.items():
        setattr(incident, name, text)
    incident.version += 1
    incident.updated_at = at
    incident.save(update_fields=[*changed, "version", "updated_at"])
