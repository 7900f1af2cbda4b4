"""People who want to hear how an incident goes on without working on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from contributors.messaging import outbox
from contributors.models import Delivery, Membership
from hypercare.exceptions import NotAllowed
from hypercare.models import User
from incidents.models import Comment, Follower, Incident
from periods.models import JournalEntry

# Journal kind -> what a follower reads in the head line of the message.
NEWS: Final[Mapping[str, str]] = {
    "incident.resolved": "is resolved",
    "incident.reopened": "came back",
    "incident.merged": "goes on elsewhere",
    "incident.commented": "has an update",
    "incident.status": "is mitigated",
}


@transaction.atomic
def follow(incident_id: int, *, by: User, at: datetime) -> Follower:
    """Hear of it from now on; doing so twice changes nothing. Raises NotAllowed for somebody outside the period."""
    incident = Incident.objects.select_related("period").get(pk=incident_id)
    if not Membership.objects.filter(period=incident.period, user=by, left_at__isnull=True).exists():
        raise NotAllowed(f"Only people of {incident.period} can follow its incidents.")
    follower, _ = Follower.objects.get_or_create(incident=incident, user=by, defaults={"since": at})
    return follower


def unfollow(incident_id: int, *, by: User) -> None:
    """Hear no more of it."""
    Follower.objects.filter(incident=incident_id, user=by).delete()


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: tell the followers what matters to them. The lead hears of an end anyway."""
    if not _is_news(entry):
        return
    number = int(entry.subject.partition(":")[2])
    found = Follower.objects.filter(incident__period=entry.period, incident__number=number).select_related("user")
    for follower in found.exclude(user=entry.actor_id).order_by("id"):
        if follower.user_id == entry.period.lead_id and entry.kind == "incident.resolved":
            continue
        outbox.notify(
            user=follower.user,
            kind="incident_followed",
            period=entry.period,
            subject=entry.subject,
            context=_context(entry, number),
            urgency=Delivery.Urgency.NORMAL,
            at=at,
            key=f"{entry.pk}:{follower.user_id}:followed",
            intended_at=entry.at,
        )


def _is_news(entry: JournalEntry) -> bool:
    if entry.kind == "incident.commented":
        return bool(entry.data.get("comment_kind") == Comment.Kind.UPDATE)
    if entry.kind == "incident.status":
        return bool(entry.data.get("after") == Incident.Status.MITIGATED)
    return entry.kind in NEWS


def _context(entry: JournalEntry, number: int) -> dict[str, Any]:
    data = entry.data
    said = data.get("body") or data.get("resolution") or data.get("reason") or data.get("note") or ""
    into = f"It was merged into {data['into']} {data['into_title']}." if data.get("into") else ""
    return {
        "key": data["key"],
        "number": number,
        "title": data["title"],
        "severity": data["severity"],
        "news": NEWS[entry.kind],
        "said": into or said[:500],
        "by": entry.actor.name if entry.actor else "",
        "at": entry.at.isoformat(),
    }
