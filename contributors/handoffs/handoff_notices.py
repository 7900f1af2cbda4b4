"""What the journal and the people concerned are told of a hand-off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from contributors.links import links
from contributors.messaging import outbox
from contributors.models import Delivery, Handoff, Link
from hypercare.models import User
from periods.journal import journal

LINK_LIVES: Final = timedelta(hours=24)


def record_entry(handoff: Handoff, kind: str, by: User | None, at: datetime, via: str = "", **more: Any) -> None:
    journal.record(
        handoff.role.period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=handoff.subject,
        role=handoff.role.name,
        title=f"{handoff.role}, {handoff.outgoing} to {handoff.incoming}",
        outgoing=handoff.outgoing_id,
        incoming=handoff.incoming_id,
        due_at=handoff.due_at.isoformat(),
        **more,
    )


def notify_incoming(handoff: Handoff, at: datetime) -> None:
    """The note with its one-tap link; a later version says so in a message of its own."""
    link = links.make(
        Link.Purpose.HANDOFF,
        user=handoff.incoming,
        period=handoff.role.period,
        subject=handoff.subject,
        at=at,
        expires_at=max(handoff.due_at, at) + LINK_LIVES,
    )
    outbox.cancel_unsent(handoff.role.period, handoff.subject, kinds=("handoff_ready",), at=at)
    notify_person(handoff, handoff.incoming, "handoff_ready", at, link=outbox.link_snapshot(link))


def notify_person(
    handoff: Handoff, user: User, kind: str, at: datetime, *, urgency: int = Delivery.Urgency.NORMAL, **more: Any
) -> None:
    context = {
        "role": handoff.role.name,
        "outgoing": handoff.outgoing.name,
        "incoming": handoff.incoming.name,
        "accepted_by": handoff.accepted_by.name if handoff.accepted_by else "",
        "due_at": handoff.due_at.isoformat(),
        "handoff": handoff.pk,
        "written": bool(handoff.version),
        "parts": [[title, lines[:6]] for title, lines in handoff.parts][:6],
        **more,
    }
    outbox.notify(
        user=user,
        kind=kind,
        period=handoff.role.period,
        subject=handoff.subject,
        context=context,
        urgency=urgency,
        at=at,
        key=f"{handoff.subject}:{handoff.version}:{handoff.due_at.isoformat()}:{user.pk}:{kind}",
        not_after=handoff.incoming_shift.ends_at,
    )
