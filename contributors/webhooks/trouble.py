"""A webhook that fails: the journal says so, and the lead is told, once a day and once when it ends for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from contributors.messaging import outbox
from contributors.models import Delivery, Webhook
from contributors.webhooks import hooks
from periods.models import Period

KIND: Final = "webhook_trouble"


def on_trouble(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer handler: turn off what answered 410, write it down, and tell the lead."""
    hook = Webhook.objects.filter(pk=args["hook"], removed_at__isnull=True).first()
    if hook is None or hook.disabled_at is not None:
        return  # Somebody has seen to it.
    if args["gone"]:
        hooks.turn_off(hook.pk, by=None, why=args["why"], at=at, via="timer")
    else:
        locked = hooks.lock_webhook(hook.pk)
        hooks.record_entry(locked, "webhook.failing", None, at, "timer", error=args["why"])
    period = Period.objects.select_related("lead").get(pk=hook.period_id)
    outbox.notify(
        user=period.lead,
        kind=KIND,
        period=period,
        subject=f"webhook:{hook.pk}",
        at=at,
        context={"name": hook.name, "address": hook.shown, "why": args["why"], "gone": args["gone"], "hook": hook.pk},
        urgency=Delivery.Urgency.NORMAL,
        key=f"{KIND}:{hook.pk}:{args['id']}",
    )
