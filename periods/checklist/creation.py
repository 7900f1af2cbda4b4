"""Making the list: from a template, with owners by role and due days counted from go-live, or one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from periods.access.access import require_right
from periods.checklist import due_dates
from periods.checklist.editing import check_owner, checked_due_date, lock_period, record_entry
from periods.journal import journal
from periods.models import ChecklistItem, Period
from periods.template_files.checklist import CHECKLIST, ROLES, BuiltInCheck

# Owner codes of the template that name a person of the plan; the others are found among the role holders.
NAMED: Final[dict[str, str]] = {"HL": "lead", "EACH": "lead", "SP": "sponsor", "BO": "bau_owner", "RM": "created_by"}


@transaction.atomic
def make_checklist(
    period: Period, *, by: User | None, at: datetime, via: str = "", checks: Sequence[BuiltInCheck] = CHECKLIST
) -> list[ChecklistItem]:
    """Copy a template's checks (the built-in ones unless told) into the period: owners by role, due from go-live.

    Raises AlreadyDone when the period has checks, Refused when it has ended.
    """
    period = lock_period(period.pk)
    if period.checklist.exists():
        raise AlreadyDone(f"{period.name} has a checklist already. Add single checks to it.")
    owners = _owners(period)
    rows = [_row(period, check, position, owners) for position, check in enumerate(checks, start=1)]
    made = ChecklistItem.objects.bulk_create(rows)
    journal.record(period, "checklist.created", by=by, at=at, via=via, checks=len(made))
    return made


def _row(period: Period, check: BuiltInCheck, position: int, owners: dict[str, User]) -> ChecklistItem:
    due = _due(period, check.due_days)
    return ChecklistItem(
        period=period,
        position=position,
        category=check.category,
        title=check.title,
        owner_role=check.owner_role,
        owner=owners.get(check.owner_role),
        due_at=due.at(period.go_live_at, period.zone),
        due_days=due.days,
        due_time=due.time,
        blocking=check.blocking,
        evidence_wanted=check.evidence,
    )


def _due(period: Period, due_days: int) -> due_dates.DueDate:
    """Five in the afternoon of the period's zone, so many days from go-live, and never after it."""
    due = due_dates.DueDate(due_days, due_dates.USUAL_TIME)
    return due if due.at(period.go_live_at, period.zone) <= period.go_live_at else due_dates.DueDate(0)


def _owners(period: Period) -> dict[str, User]:
    """Owner code → person: the named people, then the first holder of a duty role with that code."""
    found = {code: getattr(period, field) for code, field in NAMED.items() if getattr(period, field) is not None}
    holders = period.memberships.filter(left_at__isnull=True, role__isnull=False).select_related("user", "role")
    for member in holders.order_by("is_deputy", "role__position", "id"):
        if member.role is not None:
            found.setdefault(member.role.code, member.user)
    return found


def shift_due_dates(period: Period) -> int:
    """Count every due time anew from the go-live, inside the caller's step; how many. Waivers end when they end."""
    items = list(period.checklist.order_by("id"))
    for item in items:
        item.due_at = due_dates.DueDate(item.due_days, item.due_time).at(period.go_live_at, period.zone)
    ChecklistItem.objects.bulk_update(items, ["due_at"], batch_size=500)
    return len(items)


@transaction.atomic
def add_check(
    period_id: int,
    *,
    title: str,
    by: User,
    at: datetime,
    category: str = "Preparation",
    owner: User | None = None,
    due_at: datetime | None = None,
    due: due_dates.DueDate | None = None,
    blocking: bool = False,
    evidence_wanted: str = "",
    owner_role: str = "",
    via: str = "",
) -> ChecklistItem:
    """One more check, due at go-live unless told (a moment, or days from go-live).

    Raises NotAllowed, Invalid, Refused.
    """
    period = lock_period(period_id)
    require_right(by, period, "checks.manage")
    title, category = " ".join(title.split()), " ".join(category.split())
    _check_new(title, category, owner_role)
    check_owner(period, owner)
    if due is None:
        due = checked_due_date(due_at, period) if due_at else due_dates.DueDate(0)
    last = period.checklist.aggregate(last=Max("position"))["last"] or 0
    item = ChecklistItem.objects.create(
        period=period,
        position=last + 1,
        category=category,
        title=title,
        owner=owner,
        blocking=blocking,
        due_at=due.at(period.go_live_at, period.zone),
        due_days=due.days,
        due_time=due.time,
        evidence_wanted=evidence_wanted.strip()[:80],
        owner_role=owner_role,
    )
    record_entry(item, "checklist.added", by=by, at=at, via=via, blocking=blocking)
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
