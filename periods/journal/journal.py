"""The journal: record what happened, hand it to those who listen, prove nobody altered it.

Each entry holds the SHA-256 of the one before it, per period, so editing, removing or reordering a row
breaks the chain. The period's `journal_seq` is also the version that live panels poll for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import transaction

from hypercare import registry
from hypercare.engine import retries
from hypercare.engine.hints import hint_after_commit
from hypercare.models import User
from periods.models import JournalEntry, Period

BATCH = 200
TOGETHER = 25  # entries in one transaction: what their consumers hold is not held for long
SETBACKS = "journal:"  # what the keys of its setbacks begin with


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something to be recorded: `subject` is like `incident:36`, `data` must be JSON."""

    kind: str
    subject: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def record(
    period: Period, kind: str, *, by: User | None, at: datetime, subject: str = "", via: str = "", **data: Any
) -> JournalEntry:
    """Append one entry in the caller's transaction. `data` must be JSON; `subject` is like `incident:36`.

    Holds the period's row until the transaction ends, which keeps the chain in one order.
    """
    return record_all(period, [NewEntry(kind, subject, data)], by=by, at=at, via=via)[0]


@transaction.atomic(savepoint=False)
def record_all(
    period: Period, events: Sequence[NewEntry], *, by: User | None, at: datetime, via: str = ""
) -> list[JournalEntry]:
    """Append entries in their order, as `record` does each. Three statements however many they are."""
    seq, head = Period.objects.locked().values_list("journal_seq", "journal_head").get(pk=period.pk)
    entries, at = [], at.astimezone(UTC)
    for number, event in enumerate(events, start=seq + 1):
        # As it will be read back, or the hash would not hold: moments in UTC, data as JSON knows it.
        entry = JournalEntry(
            period=period,
            seq=number,
            kind=event.kind,
            subject=event.subject,
            actor=by,
            via=via,
            at=at,
            data=json.loads(json.dumps(event.data)),
            prev_hash=head,
        )
        entry.hash = head = digest(entry)
        entries.append(entry)
    JournalEntry.objects.bulk_create(entries)
    period.journal_seq, period.journal_head = seq + len(entries), head
    Period.objects.filter(pk=period.pk).update(journal_seq=period.journal_seq, journal_head=head)
    hint_after_commit()
    return entries


def digest(entry: JournalEntry) -> str:
    """SHA-256 over the entry's canonical JSON and the hash before it, as 64 hexadecimal digits."""
    body = [
        entry.prev_hash,
        entry.period_id,
        entry.seq,
        entry.kind,
        entry.subject,
        entry.actor_id,
        entry.via,
        entry.at.isoformat(),
        entry.data,
    ]
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def dispatch_entries(*, at: datetime) -> int:
    """Hand each new entry to every consumer, in order; how many were handed on.

    Neighbours of one period share a transaction. A consumer that fails holds up neither the others nor the next
    entry: it is noted in the same transaction as a setback, and tried again with growing pauses until it goes through.
    """
    new = JournalEntry.objects.filter(dispatched_at__isnull=True).order_by("id").values_list("period", "pk")
    done = 0
    for _, neighbours in groupby(list(new[:BATCH]), key=itemgetter(0)):
        pks = [pk for _, pk in neighbours]
        done += sum(_hand_on(pks[n : n + TOGETHER], at) for n in range(0, len(pks), TOGETHER))
    return done + retries.retry_due(SETBACKS, _try_again, at=at)


@transaction.atomic
def _hand_on(pks: Sequence[int], at: datetime) -> int:
    waiting = JournalEntry.objects.filter(pk__in=pks, dispatched_at__isnull=True).order_by("id")
    mine = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True))
    _tell(mine, at)
    return JournalEntry.objects.filter(pk__in=mine).update(dispatched_at=at)


def _tell(pks: Sequence[int], at: datetime) -> None:
    """All entries to all consumers; else entry by entry; else consumer by consumer, with a setback for who fails."""
    if retries.attempt_together(partial(_tell_all, pks, at)):
        return
    if len(pks) > 1:
        for pk in pks:
            _tell([pk], at)
        return
    for path in registry.JOURNAL_CONSUMERS:
        rest = f"{pks[0]}:{path}"
        retries.attempt_work(f"{SETBACKS}{rest}", partial(_try_again, rest, at), at=at)


def _tell_all(pks: Sequence[int], at: datetime) -> None:
    entries = JournalEntry.objects.filter(pk__in=pks).select_related("period", "actor").order_by("id")
    for entry in entries:
        for path in registry.JOURNAL_CONSUMERS:
            registry.resolve(path)(entry, at=at)


def _try_again(rest: str, at: datetime) -> None:
    """A consumer's work, by what stands behind the prefix of its setback; nothing of an earlier try is in memory."""
    pk, _, path = rest.partition(":")
    if path in registry.JOURNAL_CONSUMERS:  # A newer version may no longer know it.
        registry.resolve(path)(JournalEntry.objects.get(pk=pk), at=at)


def verify_chain(period: Period) -> Iterator[str]:
    """Yield a sentence for each place where the chain does not hold; nothing when it does."""
    head, expected = "", 1
    for entry in JournalEntry.objects.filter(period=period).order_by("seq").iterator():
        if entry.seq != expected:
            yield f"{period.key}: entry {expected} is missing."
        if entry.prev_hash != head or digest(entry) != entry.hash:
            yield f"{period.key}: entry {entry.seq} ({entry.kind}) was altered."
        head, expected = entry.hash, entry.seq + 1
    if (head, expected - 1) != (period.journal_head, period.journal_seq):
        yield f"{period.key}: the last entries are missing."


def newest_entries(period: Period, *, subject: str = "") -> list[JournalEntry]:
    """Entries of a period, or of one subject in it, newest first, actor and period loaded. At most 200."""
    entries = JournalEntry.objects.filter(period=period).select_related("actor", "period").order_by("-seq")
    return list((entries.filter(subject=subject) if subject else entries)[:200])
