"""Queueing messages: one row each, in the transaction of what it tells about.

A message is identified by its key, so a replay tells nobody twice. Only active members are told. What is told
to whom when something happens is the table in `recipients.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from contributors import contact_points
from contributors.links import links
from contributors.messaging import delivery, preferences, recipients, throttle
from contributors.messaging.message_templates import KINDS
from contributors.models import Delivery, Link, Membership
from hypercare.engine.hints import hint_after_commit
from hypercare.models import User
from periods.models import JournalEntry, Period

Urgency = Delivery.Urgency


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: queue what the entry means to people. A replay queues nothing twice."""
    for notice in recipients.notifications_for(entry):
        _queue(entry, notice, at)


def _queue(entry: JournalEntry, notice: recipients.Notification, at: datetime) -> None:
    user, period = notice.user, entry.period
    key = f"{entry.pk}:{user.pk if user else ''}:{notice.kind}"
    if notice.link_until:
        ask_for_acknowledgement(
            user=user, kind=notice.kind, period=period, context=notice.context, until=notice.link_until, at=at, key=key
        )
    else:
        notify(
            user=user,
            kind=notice.kind,
            period=period,
            subject=entry.subject,
            context=notice.context,
            urgency=notice.urgency,
            at=at,
            key=key,
            not_after=notice.not_after,
            intended_at=entry.at,
        )


def notify(
    *,
    user: User | None,
    kind: str,
    period: Period,
    subject: str,
    context: Mapping[str, Any],
    urgency: int,
    at: datetime,
    key: str,
    not_after: datetime | None = None,
    intended_at: datetime | None = None,
    but: str = "",
) -> Delivery | None:
    """Queue one message by each of the person's ways, in the caller's transaction; the first of the rows.

    The same key gives the same row again. Beyond 20 an hour it is held and sent with others, pages never.

    `context` is a JSON snapshot of what the message says; after `not_after` it is no longer worth sending.
    `intended_at` is when it should have been queued, where that is not now: it then comes labelled as late, unless
    it was held on purpose. `but` names a channel to be left out where the person has another. None, and nothing
    queued, for nobody, for somebody inactive, for somebody who is not a member of the period, and for a kind the person
    has turned off; nobody turns a page off.
    Raises KeyError for a kind that `message_templates` does not know.
    """
    KINDS[kind]
    first = Delivery.objects.filter(dedupe_key=key).first()
    if first is not None or user is None or not can_be_notified(user, period):
        return first
    if urgency != Urgency.PAGE and not preferences.wants_kind(user, kind):
        return None
    shared = {
        "recipient": user,
        "period": period,
        "subject": subject,
        "kind": kind,
        "context": dict(context),
        "urgency": urgency,
        "not_after": not_after,
        "created_at": at,
        "intended_at": intended_at,
    }
    room = at if urgency == Urgency.PAGE else throttle.allowed_at(user, kind, at=at)
    if room > at:
        return throttle.hold_back(key, shared, room=room, at=at)
    rows = [
        _row(contact_points.route_key(key, planned.route) if n else key, planned, shared)
        for n, planned in enumerate(
            contact_points.plan_routes(user, urgency=urgency, at=at, meant_at=intended_at, but=but)
        )
    ]
    hint_after_commit()
    return rows[0]


def _row(key: str, planned: contact_points.PlannedRoute, shared: Mapping[str, Any]) -> Delivery:
    """One message to one place. Two who queue the same at once get the same row."""
    route = planned.route
    fresh = {
        **shared,
        "channel": route.channel,
        "address": route.address,
        "point": route.point,
        "next_at": planned.goes_at,
        "intended_at": planned.meant_at,
    }
    row, _ = Delivery.objects.get_or_create(dedupe_key=key, defaults=fresh)
    return row


def can_be_notified(user: User, period: Period) -> bool:
    """Whether somebody can sign in and is part of the period. At most one query."""
    return user.is_active and Membership.objects.filter(user=user, period=period, left_at__isnull=True).exists()


def is_queued(key: str) -> bool:
    """Whether a message with this key has been queued, sent or given up before."""
    return Delivery.objects.filter(dedupe_key=key).exists()


def link_snapshot(link: Link) -> dict[str, Any]:
    """What a message keeps of a link: never its text, which is derived from the id when it is sent."""
    return {
        "id": str(link.pk),
        "purpose": str(link.purpose),
        "until": link.expires_at.isoformat() if link.expires_at else None,
    }


def ask_for_acknowledgement(
    *, user: User | None, kind: str, period: Period, context: Mapping[str, Any], until: datetime, at: datetime, key: str
) -> Delivery | None:
    """Queue a message with a one-tap link to the person's own readiness, living until `until`."""
    if user is None or is_queued(key) or not can_be_notified(user, period) or until <= at:
        return Delivery.objects.filter(dedupe_key=key).first()
    link = links.make(Link.Purpose.ACKNOWLEDGE, user=user, period=period, at=at, expires_at=until)
    return notify(
        user=user,
        kind=kind,
        period=period,
        subject=f"person:{user.pk}",
        at=at,
        key=key,
        not_after=until,
        context={**context, "link": link_snapshot(link)},
        urgency=Urgency.NORMAL,
    )


def cancel_unsent(period: Period, subject: str, *, kinds: Collection[str], at: datetime) -> int:
    """Take back messages about a subject that were not sent yet; how many. Same transaction as the reason."""
    return delivery.cancel_unsent(period, subject, kinds=kinds, at=at)
