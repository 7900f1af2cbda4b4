"""Figures that are shown on every page, counted once per version of a period instead of once per page.

Whatever changes an incident writes a journal entry in the same transaction, so a period's journal number names a
state of its incidents: a figure kept under that number can be younger than it says, never older. What passes with
time alone (a deadline) adds the minute to its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any, Final

from django.core.cache import cache
from django.db.models import Count, Q

from incidents.models import Incident
from periods.models import Period

KEPT_S: Final = 600
PATIENCE_S: Final = 20
MANY: Final = 500  # incidents of a period from which figures are kept for a minute

_counting: dict[str, Lock] = {}


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """How many incidents of a period are open, by severity."""

    p1: int = 0
    p2: int = 0
    p3: int = 0
    p4: int = 0

    @property
    def open(self) -> int:
        """All of them."""
        return self.p1 + self.p2 + self.p3 + self.p4


def open_counts_of(periods: Iterable[Period]) -> Mapping[int, OpenCounts]:
    """Open incidents by period id, for every period given. At most one query, of the partial index of open ones."""
    keys = {f"open:{period.pk}:{period.journal_seq}": period.pk for period in periods}
    found: dict[str, tuple[int, ...]] = cache.get_many(keys)
    missing = {key: pk for key, pk in keys.items() if key not in found}
    if missing:
        counted = _counted(missing.values())
        fresh = {key: counted.get(pk, ()) for key, pk in missing.items()}
        cache.set_many(fresh, KEPT_S)
        found |= fresh
    return {pk: OpenCounts(*found[key]) for key, pk in keys.items()}


def _counted(periods: Iterable[int]) -> dict[int, tuple[int, ...]]:
    rows = Incident.objects.open().filter(period__in=list(periods)).values("period_id")
    levels = {f"n{level}": Count("id", filter=Q(severity=level)) for level in Incident.Severity.values}
    found = rows.annotate(**levels).order_by("period_id").values_list("period_id", *levels)
    return {pk: tuple(counts) for pk, *counts in found}


def count_once(key: str, count: Callable[[], Any]) -> Any:
    """What `count` says, asked again only under another key. The key names the version counted.

    Of the threads of a process that ask at the same time one counts, and the others wait for it, though not for ever.
    """
    found = cache.get(key)
    if found is None:
        with _alone(key):
            found = cache.get(key)
            if found is None:
                found = count()
                cache.set(key, found, KEPT_S)
    return found


@contextmanager
def _alone(key: str) -> Iterator[None]:
    lock = _counting.setdefault(key, Lock())
    held = lock.acquire(timeout=PATIENCE_S)
    try:
        yield
    finally:
        if held:
            _counting.pop(key, None)
            lock.release()


def minute_stamp(periods: Iterable[Period], *, at: datetime) -> str:
    """The state of some periods in this minute, as a short text."""
    said = ",".join(f"{period.pk}.{period.journal_seq}" for period in periods)
    return f"{sha256(said.encode()).hexdigest()[:24]}:{int(at.timestamp()) // 60}"


def is_costly_to_count(period: Period) -> bool:
    """Whether counting everything of a period again would be felt."""
    return period.next_incident_number > MANY


def count_while_unchanged(name: str, period: Period, at: datetime, count: Callable[[], Any]) -> Any:
    """Counted once per version and minute where there is much to count, each time where there is little."""
    return count_once(f"{name}:{minute_stamp([period], at=at)}", count) if is_costly_to_count(period) else count()
