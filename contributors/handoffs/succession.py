"""Who takes over from whom, as the plan stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import QuerySet

from contributors.models import Shift
from contributors.people import eligibility
from hypercare.models import User
from periods.models import Period

# Who begins later than this after the end does not take over from anybody.
FOLLOWS: Final = timedelta(minutes=30)
OVERLAP: Final = timedelta(minutes=15)
MOST: Final = 500


class DutyChange(NamedTuple):
    """A duty that goes from one shift to the next."""

    outgoing: Shift
    incoming: Shift


def find_successor(shift: Shift) -> Shift | None:
    """The shift of somebody else that takes over from this one; None when its holder goes on or nobody follows."""
    around = _standing().filter(
        role_id=shift.role_id, kind=shift.kind, starts_at__lte=shift.ends_at + FOLLOWS, ends_at__gt=shift.ends_at
    )
    return _after(shift, list(around.select_related("user").order_by("starts_at", "id")[:20]))


def duty_changes_of(user: User, *, start: datetime, end: datetime) -> list[DutyChange]:
    """Duties this person gives or takes from `start` up to `end`, in periods that run, by time. Two queries."""
    near = _standing().filter(
        kind=Shift.Kind.PRIMARY, starts_at__lt=end + FOLLOWS, ends_at__gt=start, role__period__status__in=Period.LIVE
    )
    roles = list(near.filter(user=user).order_by().values_list("role_id", flat=True).distinct()[:20])
    rows = near.filter(role__in=roles).select_related("role__period", "user").order_by("starts_at", "id")
    held: dict[int, list[Shift]] = {}
    for shift in rows[:MOST]:
        held.setdefault(shift.role_id, []).append(shift)
    found = (
        DutyChange(one, after)
        for shifts in held.values()
        for one in shifts
        if start <= one.ends_at < end and (after := _after(one, shifts)) is not None
    )
    mine = (one for one in found if user.pk in (one.outgoing.user_id, one.incoming.user_id))
    return sorted(mine, key=lambda one: (one.outgoing.ends_at, one.outgoing.pk))


def _standing() -> QuerySet[Shift]:
    return eligibility.with_eligible_holder(Shift.objects.filter(cancelled_at__isnull=True))


def _after(shift: Shift, among: Sequence[Shift]) -> Shift | None:
    """Who takes over, from shifts of its role in order of their start."""
    found = [
        one
        for one in among
        if one.kind == shift.kind
        and one.starts_at > shift.starts_at
        and one.ends_at > shift.ends_at
        and one.starts_at <= shift.ends_at + FOLLOWS
    ]
    if any(one.user_id == shift.user_id and one.starts_at <= shift.ends_at for one in found):
        return None
    return next((one for one in found if one.user_id != shift.user_id), None)


def count_abrupt_changes(shifts: Sequence[Shift]) -> int:
    """How many changes of hands overlap less than a quarter of an hour (docs/domain.md section 7)."""
    held: dict[tuple[int, str], list[Shift]] = {}
    for shift in sorted(shifts, key=lambda shift: (shift.starts_at, shift.pk)):
        held.setdefault((shift.role_id, shift.kind), []).append(shift)
    return sum(_is_abrupt(shift, ordered) for ordered in held.values() for shift in ordered)


def _is_abrupt(shift: Shift, ordered: Sequence[Shift]) -> bool:
    after = [
        one
        for one in ordered
        if one.starts_at > shift.starts_at
        and one.starts_at <= shift.ends_at < one.ends_at
        and one.user_id != shift.user_id
    ]
    return bool(after) and shift.ends_at - after[0].starts_at < OVERLAP
