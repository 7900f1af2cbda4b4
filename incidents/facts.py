"""Correcting what an incident says about itself, and judging what it is: its type, its system, the release's part."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from hypercare.errors import Invalid
from hypercare.models import User
from incidents import escalation, inputs, records, watch
from incidents.models import Incident
from incidents.records import hold, record, save
from periods.models import Period

FIELDS = ("title", "description", "component", "kind", "verdict")
LONGEST = {"title": 200, "description": 20_000}


@transaction.atomic
def correct(incident_id: int, *, by: User, at: datetime, via: str = "", **facts: str) -> Incident:
    """Change title, description, component, type or verdict; unchanged ones are left out of the journal.

    An enhancement leaves the window: no clock runs, nobody is paged, nothing counts it. Nothing is written when nothing
    differs. Raises Invalid for a fact that can't stand and TypeError for a field that is none of these.
    """
    incident = hold(incident_id)
    unknown = set(facts) - set(FIELDS)
    if unknown:
        raise TypeError(f"Not a fact of an incident: {', '.join(sorted(unknown))}.")
    wanted = _tidy(facts)
    _check(incident.period, wanted)
    changed = {name: text for name, text in wanted.items() if getattr(incident, name) != text}
    if not changed:
        return incident
    before = {name: getattr(incident, name) for name in changed}
    for name, text in changed.items():
        setattr(incident, name, text)
    save(incident, at, *changed)
    record(
        incident, "incident.corrected", by, at, via, before=before, after=changed, **records.changed(incident)
    )
    if "kind" in changed:
        _follow_kind(incident, at)
    return incident


def _follow_kind(incident: Incident, at: datetime) -> None:
    """A wish pages nobody; what turns out to be none is paged about like any other."""
    if incident.has_no_clock:
        escalation.stop(incident, at=at, kinds=escalation.TOLD)
    elif incident.is_open and incident.acknowledged_at is None and incident.paging_since is None:
        escalation.start(incident, at=at)
    watch.look(incident, at=at)


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
    inputs.check_kind(facts.get("kind", ""))
    inputs.check_verdict(facts.get("verdict", ""))
