"""A message that could not be sent: the period's journal says so, and somebody who can act is told.

The word of it goes by another channel than the one that failed, where whoever is told has one: what refused one message
may refuse the next. When it does not get through either, the sponsor hears instead of the lead. A page that reaches its
person by no way is also told to those who page (`registry.PAGE_LOST`): the next one needn't wait for their time.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from contributors import contact_points
from contributors.messaging import outbox
from contributors.models import Delivery
from hypercare import registry
from hypercare.models import User
from periods.journal import journal
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
        period,
        "message.failed",
        by=None,
        at=at,
        subject=row.subject,
        via="timer",
        who=who,
        kind_of_message=row.kind,
        channel=row.channel,
        error=row.last_error[:300],
    )
    is_word = row.kind == KIND
    if is_word and (contact_points.is_reached_otherwise(row) or row.recipient_id != period.lead_id):
        return  # After the sponsor there is nobody.
    said = {"who": who, "kind": row.kind, "error": row.last_error[:300], "channel": row.channel}
    outbox.notify(
        user=_who_can_act(period, row),
        kind=KIND,
        period=period,
        subject=row.subject,
        at=at,
        context=row.context if is_word else said,
        urgency=min(row.urgency, Delivery.Urgency.NORMAL),
        key=f"undelivered:{row.pk}",
        but=row.channel,
    )
    if row.kind == "page" and not contact_points.is_reached_otherwise(row):
        registry.resolve(registry.PAGE_LOST)(row.dedupe_key, who=who, at=at)


def _who_can_act(period: Period, row: Delivery) -> User | None:
    return period.lead if period.lead_id != row.recipient_id else period.sponsor
