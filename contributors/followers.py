"""Who takes over from whom, as the plan stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from contributors.models import Shift

FOLLOWS: Final = timedelta(
    minutes=30
)  # Who begins later than this after the end does not take over from anybody.
OVERLAP: Final = timedelta(minutes=15)


def follower(shift: Shift) -> Shift | None:
    """The shift of somebody else that takes over from this one; None when its holder goes on or nobody follows."""
    around = Shift.objects.filter(
        role_id=shift.role_id, kind=shift.kind, cancelled_at__isnull=True, starts_at__lte=shift.ends_at + FOLLOWS,
        ends_at__gt=shift.ends_at, starts_at__gt=shift.starts_at, user__is_active=True,
    ).exclude(pk=shift.pk)  # fmt: skip
    found = list(around.select_related("user").order_by("starts_at", "id")[:20])
    if any(one.user_id == shift.user_id and one.starts_at <= shift.ends_at for one in found):
        return None
    return next((one for one in found if one.user_id != shift.user_id), None)


def abrupt(shifts: Sequence[Shift]) -> int:
    """How many changes of hands overlap less than a quarter of an hour (docs/domain.md section 7)."""
    count = 0
    ordered = sorted(shifts, key=lambda shift: (shift.starts_at, shift.pk))
    for shift in ordered:
        after = [one for one in ordered if one.role_id == shift.role_id and one.kind == shift.kind
                 and one.starts_at > shift.starts_at and one.starts_at <= shift.ends_at < one.ends_at
                 and one.user_id != shift.user_id]  # fmt: skip
        count += bool(after) and shift.ends_at - after[0].starts_at < OVERLAP
    return count
