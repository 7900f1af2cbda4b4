"""What a request for cover says: its journal entries, the mails about it, and the timers that watch it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from contributors.links import links
from contributors.messaging import outbox
from contributors.models import CoverRequest, Delivery, Link
from hypercare.engine import timers
from hypercare.models import User
from periods.journal import journal as journals
from periods.models import Period

WATCH: Final = "cover.watch"
ESCALATES: Final = timedelta(hours=12)  # Before the duty begins; half of what is left when that is less.


def record_entry(
    request: CoverRequest, period: Period, kind: str, by: User | None, at: datetime, via: str, **more: Any
) -> None:
    journals.record(
        period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"cover:{request.pk}",
        role=request.role.name,
        title=request.role.name,
        starts_at=request.starts_at.isoformat(),
        ends_at=request.ends_at.isoformat(),
        **more,
    )


def _context(request: CoverRequest, by: User | None) -> dict[str, Any]:
    back = request.in_return
    return {
        "by": by.name if by else "",
        "role": request.role.name,
        "starts_at": request.starts_at.isoformat(),
        "ends_at": request.ends_at.isoformat(),
        "reason": request.reason,
        "asked_by": request.asked_by.name,
        "taken_by": request.taken_by.name if request.taken_by else "",
        "holder": request.shift.user.name if request.shift else "",
        "back": f"{back.role.name} of {back.user.name}" if back else "",
        "back_starts_at": back.starts_at.isoformat() if back else None,
        "back_ends_at": back.ends_at.isoformat() if back else None,
    }


def mail_request(request: CoverRequest, period: Period, user: User, by: User, at: datetime) -> None:
    subject = f"cover:{request.pk}"
    link = links.make(Link.Purpose.COVER, user=user, period=period, subject=subject, at=at, expires_at=request.ends_at)
    outbox.notify(
        user=user,
        kind="cover_asked",
        period=period,
        subject=subject,
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        key=f"{subject}:{user.pk}:asked",
        not_after=request.ends_at,
        context={**_context(request, by), "link": outbox.link_snapshot(link)},
    )


def notify_people(
    request: CoverRequest, period: Period, people: Sequence[User | None], kind: str, by: User | None, at: datetime
) -> None:
    """One message each, to everybody it concerns but the one who did it."""
    for user in {person.pk: person for person in people if person is not None}.values():
        if by is None or user.pk != by.pk:
            outbox.notify(
                user=user,
                kind=kind,
                period=period,
                subject=f"cover:{request.pk}",
                at=at,
                key=f"cover:{request.pk}:{user.pk}:{kind}",
                urgency=Delivery.Urgency.NORMAL,
                context=_context(request, by),
                not_after=request.ends_at,
            )


def arm_watch(request: CoverRequest, at: datetime) -> None:
    begins = max(request.starts_at, at)
    near = begins - ESCALATES if begins - ESCALATES > at else at + (begins - at) / 2
    for stage, due_at in (("near", near), ("over", request.ends_at)):
        timers.arm(
            f"{WATCH}:{request.pk}:{stage}", kind=WATCH, due_at=due_at, args={"request": request.pk, "stage": stage}
        )
