"""At most 20 messages an hour and person; what is more comes together in one. Pages are never held.

Nothing is lost: a message that is held becomes a row of its own, settled as sent with another, and a line with its
link in the message that says “and 7 more”, which goes out as soon as the hour has room again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from contributors import contact_points
from contributors.messaging import categories, invites
from contributors.messaging.blocks import MessageContext
from contributors.messaging.delivery import records
from contributors.messaging.delivery.states import AttemptResult
from contributors.messaging.message_templates import KINDS
from contributors.messaging.rendering import one_line
from contributors.models import ACCOUNT_CHANNEL, Delivery
from hypercare.engine.hints import hint_after_commit
from hypercare.models import User

KIND: Final = "more_messages"
MOST_AN_HOUR: Final = 20
AN_HOUR: Final = timedelta(hours=1)
MOST_LINES: Final = 100
_WITH_OTHERS: Final = AttemptResult(Delivery.State.BUNDLED, "More than 20 messages in an hour: sent with others.")


def allowed_at(user: User, kind: str, *, at: datetime) -> datetime:
    """When a person may have one more message of a kind: now, or when the hour has room again.

    What always comes, and what carries a calendar file, is not held. One query.
    """
    if categories.category_of(kind) is None or kind in invites.CARRIERS:
        return at
    recent = (
        Delivery.objects.filter(
            recipient=user, created_at__gt=at - AN_HOUR, created_at__lte=at, urgency__gt=Delivery.Urgency.PAGE
        )
        .exclude(state=Delivery.State.BUNDLED)
        .exclude(dedupe_key__contains=contact_points.WAY)
    )
    newest = list(recent.order_by("-created_at").values_list("created_at", flat=True)[:MOST_AN_HOUR])
    return newest[-1] + AN_HOUR if len(newest) == MOST_AN_HOUR else at


@transaction.atomic
def hold_back(key: str, shared: Mapping[str, Any], *, room: datetime, at: datetime) -> Delivery:
    """Keep a message as a row sent with others, and put its line into the one that will be sent."""
    user: User = shared["recipient"]
    fresh = {**shared, "channel": ACCOUNT_CHANNEL, "address": user.email, "next_at": room}
    fresh["intended_at"] = shared["intended_at"] or at
    row, is_new = Delivery.objects.get_or_create(dedupe_key=key, defaults=fresh)
    if is_new:
        _append(user, _line(row), room=room, at=at)
        records.write_result(row, _WITH_OTHERS, at)
        row.refresh_from_db()
    return row


def _line(row: Delivery) -> dict[str, str]:
    content = KINDS[row.kind](MessageContext(row, row.recipient.zone if row.recipient else row.period.zone))  # type: ignore[union-attr]
    return {"title": one_line(content.subject), "url": content.button[1] if content.button else ""}


def _append(user: User, line: dict[str, str], *, room: datetime, at: datetime) -> None:
    """Into the message that still waits, unless it is full; else a new one."""
    waiting = Delivery.objects.filter(recipient=user, kind=KIND, state=Delivery.State.DUE, attempts=0)
    rows = waiting.select_for_update(of=("self",)).order_by("-created_at", "-id")
    for row in rows:
        if len(row.context["items"]) < MOST_LINES:
            row.context["items"].append(line)
            row.save(update_fields=["context"])
            return
    _queue(user, line, contact_points.after_quiet_hours(user, room), at)


def _queue(user: User, line: dict[str, str], when: datetime, at: datetime) -> None:
    route = contact_points.plan_routes(user, urgency=Delivery.Urgency.NORMAL, at=at)[0].route
    fresh = Delivery(
        recipient=user,
        kind=KIND,
        urgency=Delivery.Urgency.NORMAL,
        context={"items": [line]},
        channel=route.channel,
        address=route.address,
        point=route.point,
        created_at=at,
        intended_at=when,
        next_at=when,
    )
    fresh.dedupe_key = f"more:{user.pk}:{fresh.pk}"
    fresh.save(force_insert=True)
    hint_after_commit()
