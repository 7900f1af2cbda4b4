"""What was posted to a webhook and what became of it, as people look at it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Prefetch, Q

from contributors.messaging.delivery import history
from contributors.messaging.delivery.states import State
from contributors.models import Delivery, DeliveryAttempt, Webhook


class WebhookTally(NamedTuple):
    """How many events wait and failed, and when the last one was accepted."""

    waiting: int = 0
    failed: int = 0
    last_sent_at: datetime | None = None


def deliveries_page(hook: Webhook, after: str = "") -> history.DeliveryPage:
    """A page of a webhook's deliveries, newest first, every try loaded. Two queries."""
    tries = Prefetch("tries", DeliveryAttempt.objects.order_by("id"))
    return history.cut_page(Delivery.objects.filter(hook=hook).prefetch_related(tries), after)


def version_of(hook: Webhook) -> str:
    """Changes whenever something was queued or something became of it. Two indexed reads."""
    rows = Delivery.objects.filter(hook=hook)
    newest = rows.order_by("-created_at", "-id").values_list("pk", flat=True).first()
    tries = DeliveryAttempt.objects.filter(delivery__hook=hook)
    return f"{newest or ''}.{tries.order_by('-id').values_list('pk', flat=True).first() or 0}"


def tally_webhooks(hooks: Iterable[Webhook]) -> dict[int, WebhookTally]:
    """The figures of each webhook, by id. One query."""
    keys = [hook.pk for hook in hooks]
    counted = (
        Delivery.objects.filter(hook__in=keys)
        .order_by()
        .values_list("hook")
        .annotate(
            waiting=Count("pk", filter=Q(state__in=Delivery.OPEN)),
            failed=Count("pk", filter=Q(state=State.DEAD)),
            last=Max("sent_at"),
        )
    )
    return dict.fromkeys(keys, WebhookTally()) | {key: WebhookTally(*figures) for key, *figures in counted}
