"""Destinations that do not answer: after three time-outs in a row nobody knocks for 30 seconds.

Kept in the database, so all senders know, and a person can see it. A row exists from the first time-out to the
next answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from contributors.messaging.delivery.states import AttemptResult
from contributors.models import Breaker, Delivery

OPENS_AFTER = 3
STAYS_OPEN = timedelta(seconds=30)


def record_outcomes(outcomes: Sequence[tuple[Delivery, AttemptResult]], *, at: datetime) -> None:
    """Count time-outs, forget them after an answer. In the transaction that records the outcomes."""
    for row, result in outcomes:
        if result.no_answer:
            _count(row.address, at)
    record_answers([row.address for row, result in outcomes if not result.no_answer])


def record_answers(addresses: Collection[str]) -> None:
    """Forget their time-outs."""
    if addresses:
        Breaker.objects.filter(address__in=addresses).delete()


def _count(address: str, at: datetime) -> None:
    Breaker.objects.get_or_create(address=address, defaults={"timeouts": 0, "last_at": at})
    Breaker.objects.filter(address=address).update(timeouts=F("timeouts") + 1, last_at=at)
    silent = Q(address=address, timeouts__gte=OPENS_AFTER)
    Breaker.objects.filter(silent).update(open_until=at + STAYS_OPEN)


def silent_destinations() -> set[str]:
    """Destinations that did not answer the last time. At most 500."""
    return set(Breaker.objects.order_by("-last_at").values_list("address", flat=True)[:500])


def count_open(at: datetime) -> int:
    """How many destinations are left alone at the moment."""
    return Breaker.objects.filter(open_until__gt=at).count()
