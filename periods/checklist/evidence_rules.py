"""Evidence on a check: added, removed by who added it or an owner, and never lost from the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed
from hypercare.models import User
from periods.access.access import is_allowed
from periods.checklist import evidence as store
from periods.checklist.editing import lock_check, record_entry, require_may_work_on
from periods.checklist.state import has_evidence
from periods.models import ChecklistItem, Evidence


@contextmanager
def stored_upload(upload: store.EvidenceUpload | None) -> Iterator[store.StoredFile | None]:
    """Write an upload before any lock is taken, and take it away again when the change is refused."""
    stored = store.store_upload(upload) if upload is not None else None
    try:
        yield stored
    except BaseException:
        if stored is not None:
            store.discard_file(stored.stored_as)
        raise


def attach_evidence(
    item_id: int,
    *,
    by: User,
    at: datetime,
    evidence: str = "",
    upload: store.EvidenceUpload | None = None,
    via: str = "",
) -> ChecklistItem:
    """Add a link or a note, a file, or both, without changing the check's state: failing tests are no exception.

    Raises Invalid for nothing, a file that is not on the list, too large or over the quota; NotAllowed, Refused.
    """
    with stored_upload(upload) as stored, transaction.atomic():
        item = lock_check(item_id)
        require_may_work_on(item, by)
        said = add_rows(item, evidence, stored, by=by, at=at)
        if not said["evidence_ids"]:
            raise Invalid({"evidence": "Give a link, a note or a file."})
        record_entry(item, "checklist.evidence", by=by, at=at, via=via, **said)
        return item


def add_rows(
    item: ChecklistItem, text: str, stored: store.StoredFile | None, *, by: User, at: datetime
) -> dict[str, Any]:
    """The rows of what was given, and what the journal says of them. A text beside a file is its description."""
    rows = store.add_evidence(item, text.strip(), stored, by=by, at=at)
    said: dict[str, Any] = {"evidence": "; ".join(map(str, rows))[:500], "evidence_ids": [row.pk for row in rows]}
    for row in rows:
        if row.tests:
            said["tests"] = {name: row.tests[name] for name in ("passed", "failed", "errors", "skipped")}
        if row.sha256:
            said["sha256"] = row.sha256
    return said


def lacks_evidence(item: ChecklistItem) -> bool:
    """Whether it blocks a go, asks for evidence and has none, so that it can't be completed as it is.

    A go would rest on a word alone. Reads the evidence of the check, or what was loaded of it.
    """
    return item.blocking and bool(item.evidence_wanted) and not has_evidence(item)


def require_evidence(item: ChecklistItem) -> None:
    """Raises Invalid (`evidence`) for a check that lacks it."""
    if lacks_evidence(item):
        wanted = item.evidence_wanted[:1].lower() + item.evidence_wanted[1:]
        text = f"This check blocks a go and asks for evidence ({wanted}). Give a link, a note or a file."
        raise Invalid({"evidence": text})


@transaction.atomic
def remove_evidence(evidence_id: int, *, by: User, at: datetime, via: str = "") -> ChecklistItem:
    """Take evidence away: who added it, or an owner of the period. The record stays; a file's bytes go a day later.

    Raises AlreadyDone, NotAllowed, Refused when the period has ended.
    """
    item = lock_check(Evidence.objects.values_list("item_id", flat=True).get(pk=evidence_id))
    row = Evidence.objects.select_related("added_by").get(pk=evidence_id)
    if row.added_by_id != by.pk and not is_allowed(by, item.period, "checks.manage"):
        raise NotAllowed(f"{row.added_by or 'Somebody else'} added this. They or an owner of the period remove it.")
    if row.removed_at is not None:
        raise AlreadyDone("That evidence was removed already.")
    store.mark_removed(row, by=by, at=at)
    record_entry(
        item,
        "checklist.evidence_removed",
        by=by,
        at=at,
        via=via,
        evidence=str(row)[:500],
        evidence_ids=[row.pk],
        sha256=row.sha256,
    )
    return item
