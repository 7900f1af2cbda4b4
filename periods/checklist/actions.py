"""Working on a check: complete, fail, waive, open again, set aside, assign. Each can be undone while nobody went on."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.access.access import require_right
from periods.checklist import due_dates, evidence, evidence_rules
from periods.checklist.editing import (
    SETTLED,
    by_whom_and_when,
    change_check,
    check_owner,
    checked_due_date,
    lock_check,
    require_may_work_on,
)
from periods.models import ChecklistItem, Period

Status = ChecklistItem.Status


class KeepAsIs(Enum):
    """Leave it as it is, where None means nobody."""

    IT = "keep"


KEEP: Final = KeepAsIs.IT


def complete(
    item_id: int,
    *,
    by: User,
    at: datetime,
    evidence: str = "",
    upload: evidence.EvidenceUpload | None = None,
    via: str = "",
) -> ChecklistItem:
    """Done, with evidence (a link, a note or a file) where there is some.

    One's own check or one without owner; an owner of the period any. One that blocks a go and asks for evidence is not
    done without any (Invalid, `evidence`). Raises AlreadyDone, NotAllowed, Refused, Invalid.
    """
    with evidence_rules.stored_upload(upload) as stored, transaction.atomic():
        item = lock_check(item_id)
        require_may_work_on(item, by)
        if item.status == Status.DONE:
            raise AlreadyDone(f"“{item.title}” was completed{by_whom_and_when(item.done_by, item.done_at)}.")
        said = evidence_rules.add_rows(item, evidence, stored, by=by, at=at)
        evidence_rules.require_evidence(item)
        values = {**SETTLED, "status": Status.DONE, "done_by": by, "done_at": at}
        return change_check(item, "checklist.completed", by=by, at=at, via=via, values=values, **said)


@transaction.atomic
def fail(item_id: int, *, note: str, by: User, at: datetime, via: str = "") -> ChecklistItem:
    """It was tried and did not hold; blocks as open does until it is done. Who may complete it may say so.

    Raises Invalid without a note, AlreadyDone, NotAllowed, Refused for a check that is set aside.
    """
    item = lock_check(item_id)
    require_may_work_on(item, by)
    if not note.strip():
        raise Invalid({"note": "Say what failed, so that somebody can put it right."})
    if item.status == Status.FAILED:
        raise AlreadyDone(f"“{item.title}” was marked failed{by_whom_and_when(item.failed_by, item.failed_at)}.")
    if item.status == Status.NOT_APPLICABLE:
        raise Refused(f"“{item.title}” does not apply. Open it again first.")
    values = {**SETTLED, "status": Status.FAILED, "failure": note.strip(), "failed_by": by, "failed_at": at}
    return change_check(item, "checklist.failed", by=by, at=at, via=via, values=values, note=note.strip())


@transaction.atomic
def waive(item_id: int, *, reason: str, expires_at: datetime, by: User, at: datetime, via: str = "") -> ChecklistItem:
    """An approved exception with a reason, until `expires_at`: approved by an owner of the period or the sponsor.

    Raises Invalid without a reason or for an end that is past, AlreadyDone for a check that is done.
    """
    item = lock_check(item_id)
    if by.pk != item.period.sponsor_id:
        require_right(by, item.period, "checks.manage")
    if item.status == Status.DONE:
        whose = by_whom_and_when(item.done_by, item.done_at)
        raise AlreadyDone(f"“{item.title}” was completed{whose}, so nothing is to waive.")
    _check_waiver(reason, expires_at, at)
    values = {
        **SETTLED,
        "status": Status.WAIVED,
        "waived_by": by,
        "waiver_reason": reason.strip(),
        "waiver_expires_at": expires_at,
    }
    return change_check(
        item,
        "checklist.waived",
        by=by,
        at=at,
        via=via,
        values=values,
        reason=reason.strip(),
        expires_at=expires_at.isoformat(),
    )


def _check_waiver(reason: str, expires_at: datetime, at: datetime) -> None:
    if not reason.strip():
        raise Invalid({"reason": "Say why it can wait, and what is done instead."})
    if expires_at <= at:
        raise Invalid({"expires_at": "A waiver must end later than now."})


def on_waiver_end(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001
    """Timer: the check is open again, and the journal says so. Nothing when it was settled otherwise meanwhile."""
    found = ChecklistItem.objects.filter(pk=args["check"]).values_list("period_id", flat=True).first()
    if found is None or Period.objects.locked().get(pk=found).status in Period.ENDED:
        return
    item = lock_check(args["check"])
    ends_at = datetime.fromisoformat(args["ends_at"])
    if item.status != Status.WAIVED or item.waiver_expires_at != ends_at:
        return
    said = {"reason": item.waiver_reason, "waived_by": str(item.waived_by or ""), "ended_at": args["ends_at"]}
    values = {**SETTLED, "status": Status.OPEN}
    change_check(item, "checklist.waiver_ended", by=None, at=at, via="timer", values=values, **said)


@transaction.atomic
def reopen(item_id: int, *, by: User, at: datetime, via: str = "", batch: str = "") -> ChecklistItem:
    """Open again what was done, failed, waived or set aside; the evidence stays. Raises AlreadyDone when it is open."""
    item = lock_check(item_id)
    require_may_work_on(item, by)
    if item.status == Status.OPEN:
        raise AlreadyDone(f"“{item.title}” is open already.")
    before, values = item.status, {**SETTLED, "status": Status.OPEN}
    return change_check(item, "checklist.reopened", by=by, at=at, via=via, batch=batch, values=values, before=before)


@transaction.atomic
def set_aside(item_id: int, *, reason: str, by: User, at: datetime, via: str = "", batch: str = "") -> ChecklistItem:
    """Not applicable to this release: an owner of the period says why; it no longer counts."""
    item = lock_check(item_id)
    require_right(by, item.period, "checks.manage")
    if not reason.strip():
        raise Invalid({"reason": "Say why it does not apply."})
    if item.status == Status.NOT_APPLICABLE:
        raise AlreadyDone(f"“{item.title}” is set aside already.")
    values = {**SETTLED, "status": Status.NOT_APPLICABLE}
    return change_check(
        item, "checklist.set_aside", by=by, at=at, via=via, batch=batch, values=values, reason=reason.strip()
    )


@transaction.atomic
def assign(
    item_id: int,
    *,
    by: User,
    at: datetime,
    owner: User | KeepAsIs | None = KEEP,
    due_at: datetime | None = None,
    due: due_dates.DueDate | None = None,
    via: str = "",
    batch: str = "",
) -> ChecklistItem:
    """Name who does it (None is nobody) and, if given, by when: as a moment or as days from go-live.

    Saying what holds already changes nothing. Raises Invalid for somebody outside the period, NotAllowed, Refused.
    """
    item = lock_check(item_id)
    require_right(by, item.period, "checks.manage")
    who = item.owner if isinstance(owner, KeepAsIs) else owner
    check_owner(item.period, who)
    if due_at is not None:
        due = checked_due_date(due_at, item.period)
    values: dict[str, Any] = {"owner": who}
    if due is not None:
        values |= {"due_days": due.days, "due_time": due.time}
    if all(getattr(item, name) == value for name, value in values.items()):
        return item
    when = due.at(item.period.go_live_at, item.period.zone) if due else item.due_at
    return change_check(
        item,
        "checklist.assigned",
        by=by,
        at=at,
        via=via,
        batch=batch,
        values=values,
        owner=who.name if who else "",
        user=who.pk if who else None,
        due_at=when.isoformat(),
    )
