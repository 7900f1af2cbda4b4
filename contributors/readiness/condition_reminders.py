"""Reminding the owner of a condition before its deadline, while it is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contributors.messaging import outbox
from contributors.models import Delivery
from periods.models import GoCondition, Period


def on_soon(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    """Timer: tell the owner, or the lead where the owner has left, that a condition is open and when it is due."""
    period = Period.objects.locked().select_related("lead").get(pk=args["period"])
    row = GoCondition.objects.select_related("owner").get(pk=args["condition"])
    if row.state != GoCondition.State.OPEN or row.due_at <= at:
        return
    said = {"condition": row.pk, "text": row.text, "due_at": row.due_at.isoformat(), "owner": row.owner.name}
    key = f"condition_soon:{row.pk}:{due_at.isoformat()}"
    for person in (row.owner, period.lead):
        sent = outbox.notify(
            user=person,
            kind="condition_soon",
            period=period,
            subject=f"condition:{row.pk}",
            context=said,
            urgency=Delivery.Urgency.NORMAL,
            at=at,
            key=key,
            not_after=row.due_at,
        )
        if sent is not None:
            return
