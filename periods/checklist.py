"""Checks before go-live: made from the template, owned, done with evidence, or waived for a while with a reason.

Every change locks the period, then the check. A waiver is approved, reasoned and expires; waived is not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Max

from hypercare.errors import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods import journal, wallclock
from periods.access import allowed, require
from periods.models import ChecklistItem, Period
from periods.templates_library.checklist import CHECKLIST, ROLES, Check

Status = ChecklistItem.Status
DUE_TIME: Final = time(17, 0)
BLOCKER_WEIGHT: Final = 3
# Owner codes of the template that name a person of the plan; the others are found among the role holders.
NAMED: Final[dict[str, str]] = {
    "HL": "lead",
    "EACH": "lead",
    "SP": "sponsor",
    "BO": "bau_owner",
    "RM": "created_by",
}


@dataclass(frozen=True)
class Progress:
    """How far the checks are. `percent` weighs a blocker three times; waived counts as not done."""

    percent: int
    done: int
    total: int
    blockers_open: int
    late: int
    waived: int = 0
    without_evidence: int = 0


def progress(period: Period, *, at: datetime) -> Progress:
    """Where the checks stand at an instant; one query. Nothing applicable is 0 %."""
    return progress_of(list(period.checklist.all()), at=at)


def progress_of(items: Sequence[ChecklistItem], *, at: datetime) -> Progress:
    """The same for loaded checks: Σ weight done ÷ Σ weight applicable (docs/domain.md §6)."""
    applicable = [item for item in items if item.status != Status.NOT_APPLICABLE]
    done = [item for item in applicable if item.status == Status.DONE]
    whole = sum(map(_weight, applicable))
    return Progress(
        percent=100 * sum(map(_weight, done)) // whole if whole else 0,
        done=len(done),
        total=len(applicable),
        blockers_open=sum(item.blocking and bool(blocks(item, at)) for item in applicable),
        late=sum(item.is_late(at) for item in applicable),
        waived=sum(item.status == Status.WAIVED for item in applicable),
        without_evidence=sum(bool(item.evidence_wanted) and not item.evidence for item in done),
    )


def _weight(item: ChecklistItem) -> int:
    return BLOCKER_WEIGHT if item.blocking else 1


def blocks(item: ChecklistItem, at: datetime) -> str:
    """Why a check stands open, as the end of a sentence; empty when it is done, waived or not applicable."""
    if item.status == Status.OPEN:
        return "is not done"
    expiry = item.waiver_expires_at
    if item.status == Status.WAIVED and expiry is not None and expiry <= at:
        return "was waived, and the waiver has expired"
    return ""


# --- Making the list ----------------------------------------------------------------------------


@transaction.atomic
def instantiate(
    period: Period, *, by: User | None, at: datetime, via: str = "", checks: Sequence[Check] = CHECKLIST
) -> list[ChecklistItem]:
    """Copy a template's checks (the built-in ones unless told) into the period: owners by role, due from go-live.

    Raises AlreadyDone when the period has checks, Refused when it has ended.
    """
    period = _locked_period(period.pk)
    if period.checklist.exists():
        raise AlreadyDone(f"{period.name} has a checklist already. Add single checks to it.")
    owners = _owners(period)
    rows = [_row(period, check, position, owners) for position, check in enumerate(checks, start=1)]
    made = ChecklistItem.objects.bulk_create(rows)
    journal.record(period, "checklist.created", by=by, at=at, via=via, checks=len(made))
    return made


def _row(period: Period, check: Check, position: int, owners: dict[str, User]) -> ChecklistItem:
    return ChecklistItem(
        period=period, position=position, category=check.category, title=check.title, owner_role=check.owner_role,
        owner=owners.get(check.owner_role), due_at=_due_at(period, check.due_days), blocking=check.blocking,
        evidence_wanted=check.evidence,
    )  # fmt: skip


def _due_at(period: Period, due_days: int) -> datetime:
    """Five in the afternoon of the period's zone, so many days from go-live, and never after it."""
    day = wallclock.local_day(period.go_live_at, period.zone) + timedelta(days=due_days)
    return min(wallclock.instant(day, DUE_TIME, period.zone), period.go_live_at)


def _owners(period: Period) -> dict[str, User]:
    """Owner code → person: the named people, then the first holder of a duty role with that code."""
    found = {
        code: getattr(period, field) for code, field in NAMED.items() if getattr(period, field) is not None
    }
    holders = period.memberships.filter(left_at__isnull=True, role__isnull=False).select_related(
        "user", "role"
    )
    for member in holders.order_by("is_deputy", "role__position", "id"):
        if member.role is not None:
            found.setdefault(member.role.code, member.user)
    return found


def shift(period: Period, delta: timedelta) -> int:
    """Move every due time with the go-live, inside the caller's step; how many. Waivers end when they end."""
    return period.checklist.update(due_at=F("due_at") + delta)


@transaction.atomic
def add(
    period_id: int, *, title: str, by: User, at: datetime, category: str = "Preparation", owner: User | None = None,
    due_at: datetime | None = None, blocking: bool = False, evidence_wanted: str = "", owner_role: str = "",
    via: str = "",
) -> ChecklistItem:  # fmt: skip
    """One more check, due at go-live unless told. Raises NotAllowed, Invalid, Refused."""
    period = _locked_period(period_id)
    require(by, period, "checks.manage")
    title, category = " ".join(title.split()), " ".join(category.split())
    _check_new(title, category, owner_role)
    _check_owner(period, owner)
    last = period.checklist.aggregate(last=Max("position"))["last"] or 0
    item = ChecklistItem.objects.create(
        period=period,
        position=last + 1,
        category=category,
        title=title,
        owner=owner,
        blocking=blocking,
        due_at=due_at or period.go_live_at,
        evidence_wanted=evidence_wanted.strip()[:80],
        owner_role=owner_role,
    )
    _journal(item, "checklist.added", by, at, via, blocking=blocking)
    return item


def _check_new(title: str, category: str, owner_role: str) -> None:
    errors: dict[str, Any] = {}
    if not 0 < len(title) <= 200:
        errors["title"] = "Say what is to be checked, in 1 to 200 characters."
    if not 0 < len(category) <= 40:
        errors["category"] = "Name a category, in 1 to 40 characters."
    if owner_role and owner_role not in ROLES:
        errors["owner_role"] = f"“{owner_role}” is not an owner code. Use {', '.join(ROLES)}."
    if errors:
        raise Invalid(errors)


# --- Working on it ------------------------------------------------------------------------------


@transaction.atomic
def complete(item_id: int, *, by: User, at: datetime, evidence: str = "", via: str = "") -> ChecklistItem:
    """Done, with evidence (a link or a note) where there is some.

    One's own check or one without owner; an owner of the period any. Raises AlreadyDone, NotAllowed, Refused.
    """
    item = _locked(item_id)
    _require_mine(item, by)
    if item.status == Status.DONE:
        raise AlreadyDone(f"“{item.title}” was completed{_who(item.done_by, item.done_at)}.")
    item.status, item.done_by, item.done_at = Status.DONE, by, at
    item.evidence = evidence.strip() or item.evidence
    item.save(update_fields=["status", "done_by", "done_at", "evidence"])
    _journal(item, "checklist.completed", by, at, via, evidence=item.evidence)
    return item


@transaction.atomic
def attach(item_id: int, *, evidence: str, by: User, at: datetime, via: str = "") -> ChecklistItem:
    """Add or replace the evidence of a check without changing its state. Raises Invalid when it is empty."""
    item = _locked(item_id)
    _require_mine(item, by)
    if not evidence.strip():
        raise Invalid({"evidence": "Give a link or a note."})
    item.evidence = evidence.strip()
    item.save(update_fields=["evidence"])
    _journal(item, "checklist.evidence", by, at, via, evidence=item.evidence)
    return item


@transaction.atomic
def waive(
    item_id: int, *, reason: str, expires_at: datetime, by: User, at: datetime, via: str = ""
) -> ChecklistItem:
    """An approved exception with a reason, until `expires_at`: by an owner of the period or the sponsor.

    Raises Invalid without a reason or for an end that is past, AlreadyDone for a check that is done.
    """
    item = _locked(item_id)
    if by.pk != item.period.sponsor_id:
        require(by, item.period, "checks.manage")
    if item.status == Status.DONE:
        raise AlreadyDone(
            f"“{item.title}” was completed{_who(item.done_by, item.done_at)}, so nothing is to waive."
        )
    _check_waiver(reason, expires_at, at)
    item.status, item.waived_by = Status.WAIVED, by
    item.waiver_reason, item.waiver_expires_at = reason.strip(), expires_at
    item.save(update_fields=["status", "waived_by", "waiver_reason", "waiver_expires_at"])
    _journal(
        item, "checklist.waived", by, at, via, reason=item.waiver_reason, expires_at=expires_at.isoformat()
    )
    return item


def _check_waiver(reason: str, expires_at: datetime, at: datetime) -> None:
    if not reason.strip():
        raise Invalid({"reason": "Say why it can wait, and what is done instead."})
    if expires_at <= at:
        raise Invalid({"expires_at": "A waiver must end later than now."})


@transaction.atomic
def reopen(item_id: int, *, by: User, at: datetime, via: str = "") -> ChecklistItem:
    """Open again what was done, waived or set aside; the evidence stays. Raises AlreadyDone when it is open."""
    item = _locked(item_id)
    _require_mine(item, by)
    if item.status == Status.OPEN:
        raise AlreadyDone(f"“{item.title}” is open already.")
    before = item.status
    _clear(item, Status.OPEN)
    _journal(item, "checklist.reopened", by, at, via, before=before)
    return item


@transaction.atomic
def set_aside(item_id: int, *, reason: str, by: User, at: datetime, via: str = "") -> ChecklistItem:
    """Not applicable to this release: an owner of the period says why; it no longer counts."""
    item = _locked(item_id)
    require(by, item.period, "checks.manage")
    if not reason.strip():
        raise Invalid({"reason": "Say why it does not apply."})
    if item.status == Status.NOT_APPLICABLE:
        raise AlreadyDone(f"“{item.title}” is set aside already.")
    _clear(item, Status.NOT_APPLICABLE)
    _journal(item, "checklist.set_aside", by, at, via, reason=reason.strip())
    return item


def _clear(item: ChecklistItem, status: Status) -> None:
    item.status, item.done_at, item.done_by = status, None, None
    item.waived_by, item.waiver_reason, item.waiver_expires_at = None, "", None
    item.save(
        update_fields=["status", "done_at", "done_by", "waived_by", "waiver_reason", "waiver_expires_at"]
    )


@transaction.atomic
def assign(
    item_id: int, *, by: User, at: datetime, owner: User | None, due_at: datetime | None = None, via: str = ""
) -> ChecklistItem:
    """Name who does it (or nobody) and, if given, by when. Raises Invalid for somebody outside the period."""
    item = _locked(item_id)
    require(by, item.period, "checks.manage")
    _check_owner(item.period, owner)
    item.owner, item.due_at = owner, due_at or item.due_at
    item.save(update_fields=["owner", "due_at"])
    _journal(
        item, "checklist.assigned", by, at, via, owner=owner.name if owner else "", user=owner.pk if owner else None,
        due_at=item.due_at.isoformat(),
    )  # fmt: skip
    return item


# --- What they share ----------------------------------------------------------------------------


def _locked_period(period_id: int) -> Period:
    period: Period = Period.objects.locked().get(pk=period_id)
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its checks stay as they were.")
    return period


def _locked(item_id: int) -> ChecklistItem:
    period = _locked_period(ChecklistItem.objects.values_list("period_id", flat=True).get(pk=item_id))
    item = ChecklistItem.objects.select_related("owner", "done_by").get(pk=item_id)
    item.period = period
    return item


def may_work_on(item: ChecklistItem, by: User) -> bool:
    """Whether the person may complete or open a check: their own, one nobody owns, or any for an owner."""
    if allowed(by, item.period, "checks.manage"):
        return True
    return item.owner_id in (None, by.pk) and allowed(by, item.period, "checks.complete")


def _require_mine(item: ChecklistItem, by: User) -> None:
    if not may_work_on(item, by):
        whose = item.owner or "an owner"
        raise NotAllowed(f"“{item.title}” is {whose}’s check. They or an owner of the period tick it.")


def _check_owner(period: Period, owner: User | None) -> None:
    if owner is not None and not period.memberships.filter(user=owner, left_at__isnull=True).exists():
        raise Invalid({"owner": f"{owner} is not part of {period.name}. Add them first."})


def _who(user: User | None, at: datetime | None) -> str:
    return (f" by {user}" if user else "") + (f" at {at:%H:%M UTC on %d %b %Y}" if at else "")


def _journal(item: ChecklistItem, kind: str, by: User, at: datetime, via: str, **data: Any) -> None:
    journal.record(
        item.period, kind, by=by, at=at, via=via, subject=f"check:{item.pk}", title=item.title,
        category=item.category, **data,
    )  # fmt: skip
