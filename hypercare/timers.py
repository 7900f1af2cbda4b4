"""The clock: set, clear and fire timers.

A timer fires exactly once per key. Firing calls the handler and marks the row in one transaction; the
row is marked last and only if its fence still fits and nobody cleared it, so the lock order is always
subject first, timer last, and a handler that lost the race is rolled back whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from hypercare import wiring
from hypercare.models import Timer
from hypercare.queue import later

logger = logging.getLogger("hypercare.timers")

LEASE = timedelta(seconds=20)  # What a dead clock held is fired by another this much later.
FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=15)
BATCH = 50
LONGEST_S = 2.0
MOST_BATCHES = 20  # A handler that always sets a timer already due must not keep the engine here for ever.


class TimerGone(Exception):
    """The timer was cleared, moved or fired by somebody else while its handler ran."""


def arm(key: str, *, kind: str, due_at: datetime, args: dict[str, Any] | None = None) -> bool:
    """Set a timer, or move a pending or cleared one. False when the key has fired: it never fires twice.

    `args` are stored as they are now (a snapshot). Raises KeyError for a kind without a handler.
    """
    wiring.TIMER_HANDLERS[kind]
    fresh = {"kind": kind, "due_at": due_at, "args": args or {}}
    reset = {"cleared_at": None, "retry_at": None, "lease_until": None, "attempts": 0, "last_error": ""}
    timer, created = Timer.objects.get_or_create(key=key, defaults=fresh)
    moved = created or _pending_or_cleared(timer.pk).update(**fresh, **reset, fence=F("fence") + 1) == 1
    later()
    return moved


def _pending_or_cleared(pk: int) -> QuerySet[Timer]:
    return Timer.objects.filter(pk=pk, fired_at__isnull=True)


def clear(*keys: str, at: datetime) -> int:
    """Clear pending timers by key; how many were pending. A cleared timer never fires."""
    return _clear(Timer.objects.filter(key__in=keys), at)


def clear_prefix(prefix: str, *, at: datetime) -> int:
    """Clear every pending timer whose key starts with `prefix`; how many were pending."""
    return _clear(Timer.objects.filter(key__startswith=prefix), at)


def _clear(timers: QuerySet[Timer], at: datetime) -> int:
    return timers.filter(fired_at__isnull=True, cleared_at__isnull=True).update(
        cleared_at=at, fence=F("fence") + 1
    )


@transaction.atomic
def rekey(old: str, new: str, *, due_at: datetime, at: datetime) -> bool:
    """Give a pending timer a new identity and time, keeping kind and snapshot.

    Used when the thing moves (a debrief is rescheduled): the new key may fire although the old one has.
    False when there is no such timer or the new key has already fired.
    """
    timer = Timer.objects.filter(key=old).first()
    if timer is None:
        return False
    clear(old, at=at)
    return arm(new, kind=timer.kind, due_at=due_at, args=timer.args)


def due(at: datetime) -> QuerySet[Timer]:
    """Pending timers that may be fired now, most overdue first.

    Leases are compared between machines, so they are read and written on the database's clock.
    """
    return (
        Timer.objects.filter(fired_at__isnull=True, cleared_at__isnull=True, due_at__lte=at)
        .filter(Q(retry_at__isnull=True) | Q(retry_at__lte=at))
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lte=Now()))
        .order_by("due_at", "id")
    )


def oldest_due_at(at: datetime) -> datetime | None:
    """When the most overdue pending timer was due, poison rows in back-off left out."""
    return due(at).values_list("due_at", flat=True).first()


def fire_due(*, at: datetime) -> int:
    """Fire what is due, one transaction each; how many fired. Safe with any number of clocks.

    After two seconds the rest waits for the next call: what was fired is to be sent meanwhile.
    """
    fired, began = 0, monotonic()
    for _ in range(MOST_BATCHES):
        timers = _claim(at)
        fired += sum(_fire(timer, at) for timer in timers)
        if len(timers) < BATCH or monotonic() - began > LONGEST_S:
            break
    return fired


def _claim(at: datetime) -> list[Timer]:
    """Lease due rows to this clock. The fence moves on, so two clocks never share a row."""
    if not due(at).exists():
        return []  # The usual tick takes no lock: on SQLite every transaction waits for the one writer.
    with transaction.atomic():
        timers = list(due(at).select_for_update(skip_locked=True)[:BATCH])
        Timer.objects.filter(pk__in=[timer.pk for timer in timers]).update(
            lease_until=Now() + LEASE, fence=F("fence") + 1, attempts=F("attempts") + 1
        )
    for timer in timers:
        timer.fence += 1
        timer.attempts += 1
    return timers


def _fire(timer: Timer, at: datetime) -> bool:
    try:
        # Inside, because a timer may outlive its kind: then it backs off alone.
        handler: Callable[..., None] = wiring.resolve(wiring.TIMER_HANDLERS[timer.kind])
        with transaction.atomic():
            handler(timer.args, due_at=timer.due_at, at=at)
            _mark_fired(timer, at)
    except TimerGone:
        return False
    except Exception as error:  # A poison row backs off and is shown; its neighbours go on.
        logger.exception("Timer failed and will be tried again")
        _back_off(timer, at, error)
        return False
    return True


def _mark_fired(timer: Timer, at: datetime) -> None:
    """Last statement of the firing: nothing stands unless the timer is still ours and still wanted."""
    mine = Timer.objects.filter(
        pk=timer.pk, fence=timer.fence, fired_at__isnull=True, cleared_at__isnull=True
    )
    if not mine.update(fired_at=at, lease_until=None):
        raise TimerGone(timer.key)


def _back_off(timer: Timer, at: datetime, error: Exception) -> None:
    wait = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(timer.attempts - 1, 20))
    Timer.objects.filter(pk=timer.pk, fence=timer.fence, fired_at__isnull=True).update(
        retry_at=at + wait, lease_until=None, last_error=f"{type(error).__name__}: {error}"[:2000]
    )
