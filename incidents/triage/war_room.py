"""Who does what in the war room of an incident: commander, communication, scribe. Taken, handed over, given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from incidents.models import Incident, IncidentRole
from incidents.shared.locking import lock, record_entry, require_open, save_fields
from incidents.shared.phrases import moment_phrase
from incidents.triage import validation

Part = IncidentRole.Part
# docs/domain.md section 7: different people once a P1 is older than this, and relief for the commander.
APART_AFTER: Final = timedelta(minutes=30)
RELIEF_AFTER: Final = timedelta(hours=4)


@transaction.atomic
def give_part(
    incident_id: int, *, part: str, user: User | None, instead_of: User | None, by: User, at: datetime, via: str = ""
) -> Incident:
    """Give a part to somebody, or to nobody, instead of whoever `by` saw in it (None: nobody).

    So of two who take an empty part at once one has it, and the other hears who: AlreadyDone. Raises Invalid for a
    part there is not and for somebody who can't work in the period.
    """
    incident = lock(incident_id)
    require_open(incident)
    if part not in Part:
        raise Invalid({"part": f"Choose {', '.join(Part.values)}."})
    validation.check_owner(incident, user)
    now = IncidentRole.objects.filter(incident=incident, part=part, until__isnull=True).select_related("user").first()
    _check_seen(now, incident, part, instead_of)
    if now and now.user == user:
        raise AlreadyDone(_has_it(now, incident))
    if now:
        now.until = at
        now.save(update_fields=["until"])
    if user:
        IncidentRole.objects.create(incident=incident, part=part, user=user, since=at)
    save_fields(incident, at)
    record_entry(
        incident,
        "incident.role",
        by,
        at,
        via,
        part=part,
        user=user.name if user else "",
        user_id=user.pk if user else None,
        before=now.user.name if now else "",
    )
    return incident


def _check_seen(now: IncidentRole | None, incident: Incident, part: str, instead_of: User | None) -> None:
    if (now.user if now else None) == instead_of:
        return
    if now:
        raise AlreadyDone(_has_it(now, incident))
    raise AlreadyDone(f"{instead_of} is no longer {Part(part).label.lower()} of {incident.key}. Nobody is.")


def _has_it(role: IncidentRole, incident: Incident) -> str:
    since = moment_phrase(role.since, incident.period)
    return f"{role.user} is {Part(role.part).label.lower()} of {incident.key} since {since}."


def part_holders(incident: Incident) -> dict[str, IncidentRole]:
    """Part → who has it now. One query."""
    found = IncidentRole.objects.filter(incident=incident, until__isnull=True).select_related("user")
    return {role.part: role for role in found}


def part_history(incident: Incident) -> list[IncidentRole]:
    """Everybody who had a part, in the order they took it; what nobody gave back ended with the incident. One query."""
    found = list(incident.roles.select_related("user").order_by("since", "id"))
    for role in found:
        role.until = role.until or incident.resolved_at
    return found


def find_concerns(incident: Incident, roles: Sequence[IncidentRole], *, at: datetime) -> list[str]:
    """What is wrong with who does what, in sentences; for a P1 that goes on."""
    if incident.severity != "P1" or not incident.is_open:
        return []
    found = []
    commander = next((role for role in roles if role.part == Part.COMMANDER), None)
    if commander and at - commander.since >= RELIEF_AFTER:
        found.append(f"{commander.user} has been commander for over 4 hours. Hand over to somebody rested.")
    if at - incident.clock_from >= APART_AFTER:
        busy = [role.user_id for role in roles if role.part != Part.SCRIBE] + [incident.owner_id]
        if any(pk is not None and busy.count(pk) > 1 for pk in busy):
            found.append("After half an hour of a P1, commander, comms lead and owner should be different people.")
    return found
