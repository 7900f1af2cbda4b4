"""A message that could not be sent: the period's journal says so, and somebody who can act is told."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from contributors import notifications
from contributors.models import Delivery
from hypercare.models import User
from periods import journal
from periods.models import Period

KIND = "undelivered"


def on_undelivered(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer handler: record it, and tell the lead; the sponsor when the lead is the one not reached."""
    row = Delivery.objects.select_related("recipient").get(pk=uuid.UUID(args["delivery"]))
    if row.period is None:
        return
    period = Period.objects.locked().select_related("lead", "sponsor").get(pk=row.period.pk)
    who = row.recipient.name if row.recipient else row.address
    journal.record(
        period, "message.failed", by=None, at=at, subject=row.subject, via="timer",
        who=who, kind_of_message=row.kind, channel=row.channel, error=row.last_error[:300],
    )  # fmt: skip
    if row.kind == KIND:
        return  # One that says a message failed has no successor.
    notifications.notify(
        user=_who_can_act(period, row), kind=KIND, period=period, subject=row.subject, at=at,
        context={"who": who, "kind": row.kind, "error": row.last_error[:300], "channel": row.channel},
        urgency=min(row.urgency, Delivery.Urgency.NORMAL), key=f"undelivered:{row.pk}",
    )  # fmt: skip


def _who_can_act(period: Period, row: Delivery) -> User | None:
    return period.lead if period.lead_id != row.recipient_id else period.sponsor
