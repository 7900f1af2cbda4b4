"""Holding an incident, writing it and saying so: what every function that changes one begins and ends with.

The period is held first, then the incident, so nobody passes anybody. What the incident was when it was held is kept
beside it; an entry that can be taken back carries it (`undo.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from hypercare.exceptions import Refused
from hypercare.models import User
from incidents.models import Incident
from incidents.shared.phrases import moment_phrase, person_phrase
from periods.journal import journal
from periods.models import Period

PEOPLE: Final = ("owner", "acknowledged_by", "resolved_by", "team", "duplicate_of")
# What taking back an action puts back as it was.
RESTORED: Final = (
    "title",
    "description",
    "component",
    "kind",
    "verdict",
    "impact",
    "urgency",
    "severity",
    "status",
    "owner_id",
    "acknowledged_at",
    "acknowledged_by_id",
    "mitigated_at",
    "queue",
    "queue_note",
    "queued_at",
    "snoozed_until",
    "pauses",
    "handed_to",
    "parent_id",
    "duplicate_of_id",
    "ending",
    "resolution",
    "resolved_at",
    "resolved_by_id",
)


def lock(incident_id: int) -> Incident:
    """The incident with its period and people, both held until the transaction ends, the period first."""
    period_id = Incident.objects.values_list("period_id", flat=True).get(pk=incident_id)
    period = Period.objects.locked().get(pk=period_id)
    incident: Incident = Incident.objects.locked().select_related(*PEOPLE).get(pk=incident_id)
    incident.period = period
    incident.__dict__["held_as"] = {name: getattr(incident, name) for name in RESTORED}
    return incident


def save_fields(incident: Incident, at: datetime, *fields: str) -> None:
    """Write the named fields, a new version and when."""
    incident.version += 1
    incident.updated_at = at
    incident.save(update_fields=[*fields, "version", "updated_at"])


def previous_values(incident: Incident) -> dict[str, Any]:
    """What the incident was where it differs now, as JSON, with the version that follows."""
    before: dict[str, Any] = incident.__dict__.get("held_as", {})
    was = {name: _plain(value) for name, value in before.items() if value != getattr(incident, name)}
    return {"was": was, "version": incident.version}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def record_entry(incident: Incident, kind: str, by: User | None, at: datetime, via: str, **data: Any) -> None:
    """The one journal entry of an action."""
    facts = {"key": incident.key, "title": incident.title, "severity": incident.severity}
    journal.record(incident.period, kind, by=by, at=at, subject=incident.subject, via=via, **facts | data)


def require_open(incident: Incident) -> None:
    """Raise Refused for one that has ended."""
    if not incident.is_open:
        raise Refused(f"{resolved_sentence(incident)} Reopen it first.")


def resolved_sentence(incident: Incident) -> str:
    """`Ingrid Solheim resolved it at 13:24 on 18 Nov (Copenhagen).`, or who merged it into which."""
    assert incident.resolved_at is not None  # noqa: S101  the constraint resolved_has_a_time
    if incident.duplicate_of:
        incident.duplicate_of.period = incident.period
        return merged_sentence(incident)
    return (
        f"{person_phrase(incident.resolved_by)} resolved it at {moment_phrase(incident.resolved_at, incident.period)}."
    )


def merged_sentence(incident: Incident) -> str:
    """`Ingrid Solheim merged it into BILL-3 at 13:24 on 18 Nov (Copenhagen).` Needs the other with its period."""
    assert incident.resolved_at  # noqa: S101  the caller has just looked
    assert incident.duplicate_of  # noqa: S101
    said = moment_phrase(incident.resolved_at, incident.period)
    return f"{person_phrase(incident.resolved_by)} merged {incident.key} into {incident.duplicate_of.key} at {said}."
