"""Two reports of one thing become one incident, and two again where that was wrong.

What hangs on the duplicate (comments, alerts, tasks, reports, followers, children) moves to the incident that stays;
whoever reported or owned it follows that one from then on. The duplicate is closed and points there. The journal keeps
what moved, so that taking it back is exact. A new table that hangs on an incident is named in `MOVED`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from incidents.models import Alert, Attachment, Comment, Follower, Incident, KnownError, Notice, Reference, Report, Task
from incidents.paging import escalation, sla_alerts
from incidents.shared.locking import (
    lock,
    merged_sentence,
    previous_values,
    record_entry,
    resolved_sentence,
    save_fields,
)
from incidents.triage import triage

KIND: Final = "incident.merged"
MOVED: Final[Mapping[str, type[Any]]] = {
    "comments": Comment,
    "alerts": Alert,
    "tasks": Task,
    "references": Reference,
    "notices": Notice,
    "reports": Report,
    "attachments": Attachment,
    "known_errors": KnownError,
}


@transaction.atomic
def merge_into(incident_id: int, *, into: int, by: User, at: datetime, via: str = "") -> Incident:
    """Close a duplicate with a pointer to the incident `into` (its id) and move what hangs on it; the duplicate.

    Raises AlreadyDone when somebody resolved or merged it first, Refused when the other has ended, and Invalid for
    an incident that can't be meant.
    """
    incident = lock(incident_id)
    target = _other(incident, into)
    if not incident.is_open:
        raise AlreadyDone(resolved_sentence(incident))
    _require_standing(target)
    fields = triage.close_as_duplicate(incident, target, by=by, at=at)
    moved = _move(incident, target, at)
    save_fields(incident, at, *fields)
    save_fields(target, at)
    escalation.stop(incident, at=at, kinds=escalation.TOLD)
    sla_alerts.reschedule(incident, at=at)
    record_entry(
        incident,
        KIND,
        by,
        at,
        via,
        into=target.key,
        into_id=target.pk,
        into_title=target.title,
        moved=moved,
        **previous_values(incident),
    )
    return incident


def undo_merge(incident: Incident, said: Mapping[str, Any], at: datetime) -> None:
    """What a merge moved comes back to the duplicate; for `undo.py`, which restores the incident itself."""
    target = Incident.objects.locked().get(pk=said["into_id"])
    moved = said["moved"]
    for name, model in MOVED.items():
        model.objects.filter(pk__in=moved.get(name, ())).update(incident=incident)
    Incident.objects.filter(pk__in=moved["children"], parent=target).update(parent=incident)
    target.followers.filter(user__in=moved["followers"]).delete()
    save_fields(target, at)


def _other(incident: Incident, pk: int) -> Incident:
    """The incident that stays, held too; the period of both is held already."""
    rows = Incident.objects.locked().select_related("resolved_by", "duplicate_of")
    target: Incident | None = rows.filter(pk=pk, period=incident.period_id).first()
    if target is None:
        raise Invalid({"other": f"Name another incident of {incident.period}, such as {incident.period.key}-1."})
    if target.pk == incident.pk:
        raise Invalid({"other": f"{incident.key} can’t be a duplicate of itself."})
    target.period = incident.period
    return target


def _require_standing(target: Incident) -> None:
    if target.duplicate_of:
        target.duplicate_of.period = target.period
        raise Refused(f"{merged_sentence(target)} Merge into that one.")
    if not target.is_open:
        raise Refused(
            f"{resolved_sentence(target)} If it is back, reopen {target.key} first; otherwise resolve this one."
        )


def _move(incident: Incident, target: Incident, at: datetime) -> dict[str, list[int]]:
    """Everything that hangs on the duplicate to the other; what was moved, by id."""
    moved = {name: _repoint(model, incident, target) for name, model in MOVED.items()}
    if target.parent_id == incident.pk:
        target.parent_id = None
        target.save(update_fields=["parent"])
    children = list(incident.children.exclude(pk=target.pk).order_by("id").values_list("pk", flat=True))
    Incident.objects.filter(pk__in=children).update(parent=target)
    return {**moved, "children": children, "followers": _followers(incident, target, at)}


def _repoint(model: type[Any], incident: Incident, target: Incident) -> list[int]:
    found = list(model.objects.filter(incident=incident).order_by("id").values_list("pk", flat=True))
    model.objects.filter(pk__in=found).update(incident=target)
    return found


def _followers(incident: Incident, target: Incident, at: datetime) -> list[int]:
    """Who follows the other from now on, and did not before: followers, reporter and owner of the duplicate."""
    wanted: Collection[int | None] = [
        *incident.followers.values_list("user_id", flat=True),
        incident.reported_by_id,
        incident.owner_id,
    ]
    known = {*target.followers.values_list("user_id", flat=True), target.owner_id, None}
    fresh = sorted({pk for pk in wanted if pk is not None} - known)
    Follower.objects.bulk_create([Follower(incident=target, user_id=pk, since=at) for pk in fresh])
    return fresh
