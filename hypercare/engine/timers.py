"""The clock: set, clear and fire timers.

A timer fires exactly once per key. Firing calls the handler and marks the row in one transaction; the
row is marked last and only if its fence still fits and nobody cleared it, so the lock order is always
subject first, timer last, and a handler that lost the race is rolled back whole. Timers of a kind whose handler
takes many are fired together, and each by itself where that did not go through.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from hypercare import registry
from hypercare.engine.hints import hint_after_commit
from hypercare.models import Timer

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)  # What a dead clock held is fired by another this much later.
FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=15)
BATCH = 50
LONGEST_S = 2.0
MOST_BATCHES = 20  # A handler that always sets a timer already due must not keep the engine here for ever.


class TimerGone(Exception):
    """The timer was cleared, moved or fired by somebody else while its handler ran."""


class TimerSpec(NamedTuple):
    """A timer to be set: `args` are JSON, stored as they are now (a snapshot)."""

    key: str
    kind: str
    due_at: datetime
    args: dict[str, Any]


class Firing(NamedTuple):
    """One of many timers that a handler is given: its snapshot, and when it was due."""

    args: dict[str, Any]
    due_at: datetime


def arm(key: str, *, kind: str, due_at: datetime, args: dict[str, Any] | None = None) -> bool:
    """Set a timer, or move a pending or cleared one. False when the key has fired: it never fires twice.

    `args` are stored as they are now (a snapshot). Raises KeyError for a kind without a handler.
    """
    _handler(kind)
    fresh = {"kind": kind, "due_at": due_at, "args": args or {}}
    reset = {"cleared_at": None, "retry_at": None, "lease_until": None, "attempts": 0, "last_error": ""}
    timer, created = Timer.objects.get_or_create(key=key, defaults=fresh)
    moved = created or _pending_or_cleared(timer.pk).update(**fresh, **reset, fence=F("fence") + 1) == 1
    hint_after_commit()
    return moved


def arm_all(wanted: Sequence[TimerSpec]) -> int:
    """Set many timers, each as `arm` does; how many are set. Two statements where none of them exists yet.

    Raises IntegrityError when somebody else sets one of them for the first time meanwhile.
    """
    for timer in wanted:
        _handler(timer.kind)
    known = set(Timer.objects.filter(key__in=[timer.key for timer in wanted]).values_list("key", flat=True))
    fresh = [Timer(**timer._asdict()) for timer in wanted if timer.key not in known]
    Timer.objects.bulk_create(fresh)
    moved = [
        arm(timer.key, kind=timer.kind, due_at=timer.due_at, args=timer.args) for timer in wanted if timer.key in known
    ]
    hint_after_commit()
    return len(fresh) + sum(moved)


def _handler(kind: str) -> str:
    """The path of the function behind a kind. Raises KeyError when there is none."""
    return registry.TIMER_HANDLERS_OF_MANY.get(kind) or registry.TIMER_HANDLERS[kind]


def _pending_or_cleared(pk: int) -> QuerySet[Timer]:
    return Timer.objects.filter(pk=pk, fired_at__isnull=True)


def clear(*keys: str, at: datetime) -> int:
    """Clear pending timers by key; how many were pending. A cleared timer never fires."""
    return _clear(Timer.objects.filter(key__in=keys), at)


def clear_prefix(prefix: str, *, at: datetime) -> int:
    """Clear every pending timer whose key starts with `prefix`; how many were pending."""
    return _clear(Timer.objects.filter(key__startswith=prefix), at)


def _clear(timers: QuerySet[Timer], at: datetime) -> int:
    return timers.filter(fired_at__isnull=True, cleared_at__isnull=True).update(cleared_at=at, fence=F("fence") + 1)


def due_timers(at: datetime) -> QuerySet[Timer]:
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
    return due_timers(at).values_list("due_at", flat=True).first()


def fire_due(*, at: datetime) -> int:
    """Fire what is due; how many fired. Safe with any number of clocks.

    After two seconds the rest waits for the next call: what was fired is to be sent meanwhile.
    """
    fired, began = 0, monotonic()
    for _ in range(MOST_BATCHES):
        timers = _claim(at)
        fired += _fire_all(timers, at)
        if len(timers) < BATCH or monotonic() - began > LONGEST_S:
            break
    return fired


def _claim(at: datetime) -> list[Timer]:
    """Lease due rows to this clock. The fence moves on, so two clocks never share a row."""
    if not due_timers(at).exists():
        return []  # The usual tick takes no lock: on SQLite every transaction waits for the one writer.
    with transaction.atomic():
        timers = list(due_timers(at).select_for_update(skip_locked=True)[:BATCH])
        Timer.objects.filter(pk__in=[timer.pk for timer in timers]).update(
            lease_until=Now() + LEASE, fence=F("fence") + 1, attempts=F("attempts") + 1
        )
    for timer in timers:
        timer.fence += 1
        timer.attempts += 1
    return timers


def _fire_all(timers: Sequence[Timer], at: datetime) -> int:
    """One transaction each, or one for all of a kind whose handler takes many."""
    alone: list[Timer] = []
    groups: dict[str, list[Timer]] = defaultdict(list)
    for timer in timers:
        (groups[timer.kind] if timer.kind in registry.TIMER_HANDLERS_OF_MANY else alone).append(timer)
    fired = sum(_fire(timer, at) for timer in alone)
    for group in groups.values():
        together = len(group) > 1 and _fire_together(group, at)
        fired += len(group) if together else sum(_fire(timer, at) for timer in group)
    return fired


def _fire_together(timers: Sequence[Timer], at: datetime) -> bool:
    """False, and nothing stands, when one of them could not be fired: the others must not wait for it."""
    try:
        fire_timers(timers, at=at)
    except Exception:
        logger.warning("Timers that were fired together failed; now each by itself", exc_info=True)
        return False
    return True


@transaction.atomic
def fire_timers(timers: Sequence[Timer], *, at: datetime) -> None:
    """Call the handler of one timer, or of several of a kind that takes many, and mark them.

    Raises TimerGone when one is no longer as it was read.
    """
    kind = timers[0].kind
    handler: Callable[..., None] = registry.resolve(_handler(kind))
    if kind in registry.TIMER_HANDLERS_OF_MANY:
        handler([Firing(timer.args, timer.due_at) for timer in timers], at=at)
    else:
        (timer,) = timers
        handler(timer.args, due_at=timer.due_at, at=at)
    _mark_fired(timers, at)


def _fire(timer: Timer, at: datetime) -> bool:
    try:
        fire_timers([timer], at=at)  # A timer may outlive its kind: then it backs off alone.
    except TimerGone:
        return False
    except Exception as error:  # A poison row backs off and is shown; its neighbours go on.
        logger.exception("Timer failed and will be tried again")
        _back_off(timer, at, error)
        return False
    return True


def _mark_fired(timers: Sequence[Timer], at: datetime) -> None:
    """Last statements of the firing: nothing stands unless every timer is still ours and still wanted."""
    by_fence: dict[int, list[int]] = defaultdict(list)
    for timer in timers:
        by_fence[timer.fence].append(timer.pk)
    wanted = Timer.objects.filter(fired_at__isnull=True, cleared_at__isnull=True)
    marked = sum(
        wanted.filter(pk__in=pks, fence=fence).update(fired_at=at, lease_until=None) for fence, pks in by_fence.items()
    )
    if marked < len(timers):
        raise TimerGone(", ".join(timer.key for timer in timers)[:200])


def _back_off(timer: Timer, at: datetime, error: Exception) -> None:
    wait = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(timer.attempts - 1, 20))
    Timer.objects.filter(pk=timer.pk, fence=timer.fence, fired_at__isnull=True).update(
        retry_at=at + wait, lease_until=None, last_error=f"{type(error).__name__}: {error}"[:2000]
    )
