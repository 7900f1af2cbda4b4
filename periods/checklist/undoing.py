"""Undo: the journal entry of a change says what it was before, so it can be put back while nobody went on from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, NotAllowed, Refused
from hypercare.models import User
from periods.access.access import is_allowed
from periods.checklist import evidence
from periods.checklist.editing import (
    FIELDS,
    by_whom_and_when,
    field_from_json,
    lock_check,
    lock_period,
    put_fields,
    record_entry,
)
from periods.models import Evidence, JournalEntry, Period

UNDONE: Final = "checklist.undone"
KINDS: Final = (
    "checklist.completed",
    "checklist.failed",
    "checklist.waived",
    "checklist.reopened",
    "checklist.set_aside",
    "checklist.assigned",
    "checklist.added",
    "checklist.evidence",
    "checklist.evidence_removed",
)
FARTHEST: Final = 400  # Entries of one bulk change lie next to each other.


@transaction.atomic
def undo_change(period_id: int, seq: int, *, by: User, at: datetime, via: str = "") -> list[str]:
    """Take back the change of a journal entry, and all of its bulk change; titles of the checks.

    By who made it or an owner of the period, once, and only while nothing happened to the checks since.
    Raises AlreadyDone, Refused naming what was changed by whom, NotAllowed.
    """
    period = lock_period(period_id)
    entry = JournalEntry.objects.filter(period=period, seq=seq, kind__in=KINDS).first()
    if entry is None:
        raise Refused("There is nothing to undo there.")
    if entry.actor_id != by.pk and not is_allowed(by, period, "checks.manage"):
        raise NotAllowed("Only who made a change, or an owner of the period, takes it back.")
    entries = _together(period, entry)
    _check_untouched(entries)
    return [_undo_one(one, by=by, at=at, via=via) for one in entries]


def _together(period: Period, entry: JournalEntry) -> list[JournalEntry]:
    batch = entry.data.get("batch")
    if not batch:
        return [entry]
    near = JournalEntry.objects.filter(period=period, seq__range=(entry.seq - FARTHEST, entry.seq + FARTHEST))
    return [one for one in near.filter(kind__in=KINDS).order_by("seq") if one.data.get("batch") == batch]


def _check_untouched(entries: Sequence[JournalEntry]) -> None:
    reasons = []
    for entry in entries:
        later = JournalEntry.objects.filter(period=entry.period_id, subject=entry.subject, seq__gt=entry.seq)
        newest = later.select_related("actor").order_by("-seq").first()
        if newest is None:
            continue
        if newest.kind == UNDONE and newest.data.get("undoes") == entry.seq:
            raise AlreadyDone(f"That was undone{by_whom_and_when(newest.actor, newest.at)}.")
        reasons.append(
            f"“{entry.data.get('title', '')}” was changed{by_whom_and_when(newest.actor, newest.at)} since. "
            "Look at it first."
        )
    if reasons:
        raise Refused(*reasons)


def _undo_one(entry: JournalEntry, *, by: User, at: datetime, via: str) -> str:
    item = lock_check(int(entry.subject.partition(":")[2]))
    if entry.kind == "checklist.added":
        record_entry(item, UNDONE, by=by, at=at, via=via, undoes=entry.seq, what=entry.kind)
        item.delete()
        return item.title
    was = {name: value for name, value in entry.data.get("was", {}).items() if name in FIELDS}
    put_fields(item, {name: field_from_json(name, value) for name, value in was.items()}, at=at)
    _undo_evidence(entry, by=by, at=at)
    record_entry(item, UNDONE, by=by, at=at, via=via, undoes=entry.seq, what=entry.kind)
    return item.title


def _undo_evidence(entry: JournalEntry, *, by: User, at: datetime) -> None:
    rows = Evidence.objects.filter(pk__in=entry.data.get("evidence_ids", []), item=int(entry.subject.partition(":")[2]))
    for row in rows.order_by("pk"):
        if entry.kind != "checklist.evidence_removed":
            evidence.mark_removed(row, by=by, at=at)
        elif not evidence.restore_removed(row):
            raise Refused(f"The bytes of {row.file_name} were deleted a day after it was removed. Attach it again.")
