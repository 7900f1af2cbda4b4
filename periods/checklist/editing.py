"""What every change of a check shares: the locks, who may, and the one journal entry that can take it back."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, Final

from hypercare.engine import timers
from hypercare.exceptions import Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.access.access import is_allowed
from periods.checklist import due_dates
from periods.journal import journal
from periods.models import ChecklistItem, Period

WAIVER: Final = "checklist.waiver"
# What a change may touch and undoing it puts back. `due_at` follows from the two due columns and go-live.
FIELDS: Final = (
    "status",
    "owner",
    "due_days",
    "due_time",
    "done_at",
    "done_by",
    "failure",
    "failed_at",
    "failed_by",
    "waived_by",
    "waiver_reason",
    "waiver_expires_at",
)
PEOPLE: Final = ("owner", "done_by", "failed_by", "waived_by")
MOMENTS: Final[dict[str, type[datetime] | type[time]]] = {
    "due_time": time,
    "done_at": datetime,
    "failed_at": datetime,
    "waiver_expires_at": datetime,
}
SETTLED: Final[dict[str, Any]] = {
    "done_at": None,
    "done_by": None,
    "failure": "",
    "failed_at": None,
    "failed_by": None,
    "waived_by": None,
    "waiver_reason": "",
    "waiver_expires_at": None,
}


def lock_period(period_id: int) -> Period:
    """The period, locked. Raises Refused when it has ended."""
    period: Period = Period.objects.locked().get(pk=period_id)
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its checks stay as they were.")
    return period


def lock_check(item_id: int) -> ChecklistItem:
    """The check with its locked period, which holds back everybody else. Raises Refused when that has ended."""
    period = lock_period(ChecklistItem.objects.values_list("period_id", flat=True).get(pk=item_id))
    item: ChecklistItem = ChecklistItem.objects.select_related("owner", "done_by", "failed_by").get(pk=item_id)
    item.period = period
    return item


def change_check(
    item: ChecklistItem,
    kind: str,
    *,
    by: User | None,
    at: datetime,
    via: str,
    batch: str = "",
    values: dict[str, Any],
    **said: Any,
) -> ChecklistItem:
    """Set fields of a locked check and write its journal entry, which keeps what the fields were."""
    was = {name: field_as_json(item, name) for name in values if getattr(item, name) != values[name]}
    put_fields(item, values, at=at)
    more = {"batch": batch} if batch else {}
    record_entry(item, kind, by=by, at=at, via=via, was=was, **more, **said)
    return item


def put_fields(item: ChecklistItem, values: dict[str, Any], *, at: datetime) -> None:
    """Set and save fields; the due instant and the end of a waiver follow."""
    before = item.waiver_expires_at
    for name, value in values.items():
        setattr(item, name, value)
    due = due_dates.DueDate(item.due_days, item.due_time)
    item.due_at = due.at(item.period.go_live_at, item.period.zone)
    item.save(update_fields=[*values, "due_at"])
    _watch_waiver(item, before, at)


def field_as_json(item: ChecklistItem, name: str) -> Any:
    """A field as JSON."""
    value = getattr(item, f"{name}_id" if name in PEOPLE else name)
    return value.isoformat() if name in MOMENTS and value is not None else value


def field_from_json(name: str, value: Any) -> Any:
    """A field from JSON. A person who is gone is nobody."""
    if value is None:
        return None
    if name in PEOPLE:
        return User.objects.filter(pk=value).first()
    return MOMENTS[name].fromisoformat(value) if name in MOMENTS else value


def _watch_waiver(item: ChecklistItem, before: datetime | None, at: datetime) -> None:
    """A timer at the end of the waiver, and none for one that no longer stands.

    One that is due by now is left to fire: it sees for itself, and may be what is firing.
    """
    now = item.waiver_expires_at
    if before is not None and before != now and before > at:
        timers.clear(_key(item, before), at=at)
    if item.status == ChecklistItem.Status.WAIVED and now is not None:
        args = {"check": item.pk, "ends_at": now.isoformat()}
        timers.arm(_key(item, now), kind=WAIVER, due_at=now, args=args)


def _key(item: ChecklistItem, ends_at: datetime) -> str:
    return f"{WAIVER}:{item.pk}:{ends_at.astimezone(UTC).isoformat()}"


def may_work_on(item: ChecklistItem, by: User) -> bool:
    """Whether the person may complete or open a check: their own, one nobody owns, or any for an owner."""
    if is_allowed(by, item.period, "checks.manage"):
        return True
    return item.owner_id in (None, by.pk) and is_allowed(by, item.period, "checks.complete")


def require_may_work_on(item: ChecklistItem, by: User) -> None:
    """Raise NotAllowed unless the person may work on the check."""
    if not may_work_on(item, by):
        whose = item.owner or "an owner"
        raise NotAllowed(f"“{item.title}” is {whose}’s check. They or an owner of the period tick it.")


def checked_due_date(moment: datetime, period: Period) -> due_dates.DueDate:
    """The due that means a moment. Raises Invalid for one too far from go-live."""
    try:
        return due_dates.due_date_of(moment, period.go_live_at, period.zone)
    except due_dates.UnreadableDueDate as error:
        raise Invalid({"due_at": str(error)}) from error


def check_owner(period: Period, owner: User | None) -> None:
    """Raise Invalid for somebody who is not part of the period."""
    if owner is not None and not period.memberships.filter(user=owner, left_at__isnull=True).exists():
        raise Invalid({"owner": f"{owner} is not part of {period.name}. Add them first."})


def by_whom_and_when(user: User | None, at: datetime | None) -> str:
    """ " by Maja at 06:00 UTC on 11 Nov 2026", as the end of a sentence."""
    return (f" by {user}" if user else "") + (f" at {at:%H:%M UTC on %d %b %Y}" if at else "")


def record_entry(item: ChecklistItem, kind: str, *, by: User | None, at: datetime, via: str, **data: Any) -> None:
    """The journal entry of a check."""
    journal.record(
        item.period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"check:{item.pk}",
        title=item.title,
        category=item.category,
        **data,
    )
