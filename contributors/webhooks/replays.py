"""Sending again what a receiver did not get: one event, or everything that failed since a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from contributors.models import Delivery, Webhook
from contributors.webhooks import events
from contributors.webhooks.hooks import lock_webhook, record_entry
from hypercare.engine.hints import hint_after_commit
from hypercare.exceptions import AlreadyDone, Refused
from hypercare.models import User

MOST_AT_ONCE: Final = 500
State = Delivery.State
NOT_ARRIVED: Final = (State.DEAD, State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True)
class Replayed:
    """How many events were queued again, and whether more are left to ask for."""

    count: int
    more: bool


@transaction.atomic
def replay(hook_id: int, pk: UUID, *, by: User, at: datetime, via: str = "") -> Delivery:
    """Queue one event again, under the same `webhook-id`, so that a receiver that has it knows.

    Raises Delivery.DoesNotExist for another webhook's, Refused while it is still on its way, AlreadyDone.
    """
    hook = _working(hook_id)
    old = Delivery.objects.get(pk=pk, hook=hook)
    if old.state in Delivery.OPEN:
        raise Refused("It is still on its way. Wait for what becomes of it.")
    if old.retried_at is not None:
        raise AlreadyDone("It was sent again already. See what became of that one.")
    (row,) = _again(hook, [old], at)
    record_entry(hook, "webhook.replayed", by, at, via, count=1, delivery=str(row.pk))
    hint_after_commit()
    return row


@transaction.atomic
def replay_since(hook_id: int, *, since: datetime, by: User, at: datetime, via: str = "") -> Replayed:
    """Queue again what should have gone out since a moment and did not arrive, the oldest first.

    At most 500 in a call; what was sent again before is left out. Raises Refused when there is nothing.
    """
    hook = _working(hook_id)
    lost = Delivery.objects.filter(hook=hook, state__in=NOT_ARRIVED, intended_at__gte=since, retried_at=None)
    found = list(lost.order_by("intended_at", "id")[: MOST_AT_ONCE + 1])
    if not found:
        raise Refused("Nothing failed since then, or it was sent again already.")
    chosen = _again(hook, found[:MOST_AT_ONCE], at)
    record_entry(hook, "webhook.replayed", by, at, via, count=len(chosen), since=since.isoformat())
    hint_after_commit()
    return Replayed(len(chosen), len(found) > len(chosen))


def _again(hook: Webhook, old: list[Delivery], at: datetime) -> list[Delivery]:
    """New rows under the same identity. The webhook is locked, so nobody else does the same at this moment."""
    rows = []
    for one in old:
        # The same key as for a dead letter sent again from the Deliveries page: whoever is first.
        row = events.unsaved_delivery(hook, f"again:{one.pk}", {}, meant_at=at, at=at)
        row.context = one.context
        rows.append(row)
    Delivery.objects.filter(pk__in=[one.pk for one in old]).update(retried_at=at)
    return Delivery.objects.bulk_create(rows)


def _working(hook_id: int) -> Webhook:
    hook = lock_webhook(hook_id)
    if not hook.works:
        raise Refused(f"“{hook.name}” is off. Turn it on first.")
    return hook
