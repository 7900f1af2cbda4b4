"""Evidence as it is kept: rows, and files in a private folder under names that say nothing.

A file is known by its content, has at most ten megabytes and counts against the period's quota until its bytes are
deleted, a day after it was removed.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from hypercare.engine import timers
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.checklist import filetypes, junit
from periods.models import ChecklistItem, Evidence, Period

LARGEST: Final = 10_000_000
LONGEST_TEXT: Final = 4000
PURGE: Final = "evidence.purge"
KEPT_AFTER_REMOVAL: Final = timedelta(days=1)


@dataclass(frozen=True)
class EvidenceUpload:
    """A file as it was sent. `is_report` insists on a JUnit report."""

    name: str
    data: bytes
    is_report: bool = False


@dataclass(frozen=True)
class StoredFile:
    """A file that passed and was written."""

    file_name: str
    media_type: str
    size: int
    sha256: str
    stored_as: str
    tests: dict[str, Any] | None


def store_upload(upload: EvidenceUpload) -> StoredFile:
    """Judge a file by its content and write it. Raises Invalid (`file`) with what is wrong."""
    if not upload.data:
        raise Invalid({"file": "The file is empty."})
    if len(upload.data) > LARGEST:
        raise Invalid({"file": f"The file has more than {LARGEST // 1_000_000} MB. Link to it instead."})
    found = filetypes.file_type_of(upload.data)
    if found is None:
        raise Invalid({"file": f"This kind of file is not accepted. Use {filetypes.ACCEPTED}, or link to it."})
    tests = _tests(upload, found)
    name = secrets.token_hex(20)
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("xb") as file:
        path.chmod(0o600)
        file.write(upload.data)
    return StoredFile(
        filetypes.safe_name(upload.name, found),
        found.media_type,
        len(upload.data),
        hashlib.sha256(upload.data).hexdigest(),
        name,
        tests,
    )


def _tests(upload: EvidenceUpload, found: filetypes.FileType) -> dict[str, Any] | None:
    if not upload.is_report and not (found is filetypes.TEXT and junit.looks_like_report(upload.data)):
        return None
    try:
        return junit.parse_report(upload.data).as_json()
    except junit.UnreadableJUnitReport as error:
        raise Invalid({"file": str(error)}) from error


def path_of(stored_as: str) -> Path:
    """Where a file lies: a folder that no web server reads."""
    return Path(settings.EVIDENCE_DIR) / stored_as[:2] / stored_as


def discard_file(stored_as: str) -> None:
    """Delete the bytes of a file; deleting twice is no error."""
    path_of(stored_as).unlink(missing_ok=True)


def add_evidence(
    item: ChecklistItem, text: str, stored: StoredFile | None, *, by: User, at: datetime
) -> list[Evidence]:
    """Rows of what was given to a check of a locked period. Raises Invalid for a long text or a full quota."""
    if len(text) > LONGEST_TEXT:
        raise Invalid({"evidence": f"Use at most {LONGEST_TEXT} characters, or attach a file."})
    rows = []
    if text and stored is None:
        kind = Evidence.Kind.LINK if is_link(text) else Evidence.Kind.NOTE
        rows.append(Evidence(item=item, kind=kind, text=text, added_by=by, added_at=at))
    if stored is not None:
        _check_quota(item.period, stored.size)
        rows.append(Evidence(item=item, kind=Evidence.Kind.FILE, text=text, added_by=by, added_at=at, **vars(stored)))
    for row in rows:
        row.save(force_insert=True)
    return rows


def is_link(text: str) -> bool:
    """Whether a text is an address that may be followed."""
    return text.startswith(("https://", "http://")) and len(text.split()) == 1


def bytes_used(period: Period) -> int:
    """Bytes of the period's files that are still on the disk."""
    kept = Evidence.objects.filter(item__period=period).exclude(stored_as="")
    return kept.aggregate(sum=Sum("size"))["sum"] or 0


def _check_quota(period: Period, size: int) -> None:
    most = settings.EVIDENCE_QUOTA
    if bytes_used(period) + size > most:
        text = f"The files of {period.name} would have more than {most // 1_000_000} MB. Link to it, or remove one."
        raise Invalid({"file": text})


def mark_removed(row: Evidence, *, by: User, at: datetime) -> None:
    """Mark as removed; the bytes of a file go a day later."""
    row.removed_by, row.removed_at = by, at
    row.save(update_fields=["removed_by", "removed_at"])
    if row.stored_as:
        timers.arm(
            f"{PURGE}:{row.pk}:{at.isoformat()}",
            kind=PURGE,
            due_at=at + KEPT_AFTER_REMOVAL,
            args={"evidence": row.pk, "removed_at": at.isoformat()},
        )


def restore_removed(row: Evidence) -> bool:
    """Take a removal back; False when the bytes are gone."""
    if row.kind == Evidence.Kind.FILE and not row.stored_as:
        return False
    row.removed_by, row.removed_at = None, None
    row.save(update_fields=["removed_by", "removed_at"])
    return True


def on_purge(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001
    """Timer: delete the bytes of what is still removed. The row with its name, size and digest stays."""
    period_id = Evidence.objects.filter(pk=args["evidence"]).values_list("item__period_id", flat=True).first()
    if period_id is None:
        return
    Period.objects.locked().get(pk=period_id)
    row = Evidence.objects.get(pk=args["evidence"])
    if not row.stored_as or row.removed_at is None or row.removed_at.isoformat() != args["removed_at"]:
        return
    gone, row.stored_as = row.stored_as, ""
    row.save(update_fields=["stored_as"])

    # After the row says so: a file without a row wastes space, a row without its file would be a lie.
    def unlink() -> None:
        discard_file(gone)

    transaction.on_commit(unlink)
