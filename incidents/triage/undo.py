"""Taking back what one just did to an incident: everything that action changed, once, if nothing changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.dateparse import parse_datetime

from hypercare.exceptions import AlreadyDone, NotAllowed, Refused
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation, escalation_targets, sla_alerts
from incidents.shared.locking import lock, record_entry, require_open, save_fields
from incidents.triage import merge, relations, triage
from periods.models import JournalEntry

KINDS: Final = (
    "incident.acknowledged",
    "incident.assigned",
    "incident.regraded",
    "incident.status",
    "incident.corrected",
    "incident.queued",
    "incident.snoozed",
    "incident.handed_over",
    "incident.parented",
)
# What changed more than the incident itself: (incident, the entry's data, at) -> None puts that back.
WIDER: Final[Mapping[str, Callable[[Incident, dict[str, Any], datetime], None]]] = {
    merge.KIND: merge.undo_merge,
    relations.RELATED: relations.undo_relation,
}
WITHIN: Final = timedelta(hours=1)
MOMENTS: Final = ("acknowledged_at", "mitigated_at", "queued_at", "snoozed_until", "resolved_at")


@transaction.atomic
def undo_entry(incident_id: int, *, seq: int, by: User, at: datetime, via: str = "") -> Incident:
    """Put back what the journal entry `seq` changed. Undone from an acknowledgement, paging starts anew.

    Raises NotAllowed for somebody else's action, AlreadyDone when the incident was changed since (an undo is a change
    too, so it works once), and Refused after an hour or for what can't be taken back.
    """
    incident = lock(incident_id)
    entry = _entry(incident, seq, by, at)
    was: dict[str, Any] = entry.data["was"]
    severity, acknowledged = incident.severity, incident.acknowledged_at
    changed = triage.restore_state(incident, {name: _moment(name, value) for name, value in was.items()}, by=by, at=at)
    save_fields(incident, at, *changed)
    if entry.kind in WIDER:
        WIDER[entry.kind](incident, entry.data, at)
    record_entry(incident, "incident.undone", by, at, via, undone=seq, what=entry.kind, fields=sorted(was))
    untaken = incident.acknowledged_at is None and (acknowledged is not None or entry.kind == merge.KIND)
    if untaken or incident.severity != severity or "kind" in was:
        _follow_paging(incident, at)
    sla_alerts.reschedule(incident, at=at)
    return incident


def _entry(incident: Incident, seq: int, by: User, at: datetime) -> JournalEntry:
    """The entry, if what it says the incident was may be put back."""
    entry = JournalEntry.objects.filter(period=incident.period_id, seq=seq, subject=incident.subject).first()
    if entry is None or not (entry.kind in WIDER or (entry.kind in KINDS and entry.data.get("was"))):
        raise Refused("There is nothing to undo.")
    if entry.kind != merge.KIND:
        require_open(incident)
    if entry.actor_id != by.pk:
        raise NotAllowed("Only the person who did it can undo it.")
    if incident.version != entry.data["version"]:
        raise AlreadyDone(f"{_last_change(incident)} Nothing was undone.")
    if at - entry.at > WITHIN:
        raise Refused("That was more than an hour ago. Change it by hand.")
    return entry


def _last_change(incident: Incident) -> str:
    entries = JournalEntry.objects.filter(period=incident.period_id, subject=incident.subject)
    last = entries.select_related("actor").order_by("-seq").first()
    by = f" by {last.actor}" if last and last.actor else ""
    return f"{incident.key} was changed since{by}."


def _moment(name: str, value: Any) -> Any:
    return parse_datetime(value) if name in MOMENTS and value else value


def _follow_paging(incident: Incident, at: datetime) -> None:
    """Paging follows what is true again."""
    if incident.acknowledged_at is None and escalation_targets.ladder_for_incident(incident).steps:
        escalation.start(incident, at=at)
    else:
        escalation.stop(incident, at=at)
