"""A shift, or a part of it, changes hands: what the holder keeps, what the other gets, and what rotations must know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from contributors.models import Override, Shift
from contributors.people import members
from contributors.shifts import roster, suitability
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.access.access import is_allowed, require_right
from periods.journal import journal
from periods.models import Period


@transaction.atomic
def replace(
    shift_id: int, *, to: User, starts_at: datetime, ends_at: datetime, by: User, at: datetime, via: str = ""
) -> Shift:
    """Put somebody else on duty for a shift or a part of it, as whoever plans decides. Both are told.

    Raises NotAllowed, Refused, AlreadyDone, and Invalid for times outside the shift and what `fitness` refuses.
    """
    period, shift = _locked(shift_id, at)
    require_right(by, period, "shifts.manage")
    if to.pk == shift.user_id:
        raise Invalid({"user": f"{to} has this shift already. Choose somebody else."})
    if not members.members_of(period.pk).filter(user=to).exists():
        raise Invalid({"user": f"{to} is not part of {period.name}. Add them first."})
    start = max(starts_at, at) if shift.starts_at <= at else starts_at
    return _give(shift, period, to, (start, ends_at), by, at, via)


@transaction.atomic
def take_over_now(shift_id: int, *, by: User, at: datetime, via: str = "") -> Shift:
    """Take over a running shift from this instant to its end. Anybody who works in the period may; the holder is told.

    Raises NotAllowed, Refused for a shift that does not run, AlreadyDone for one's own, Invalid from `fitness`.
    """
    period, shift = _locked(shift_id, at)
    if not is_allowed(by, period, "incidents.work"):
        raise NotAllowed(f"Your part in {period.name} does not include duty. {period.lead} can change that.")
    if shift.user_id == by.pk:
        raise AlreadyDone("You are on duty here already.")
    if not shift.covers(at):
        raise Refused("This shift has not begun. Ask its holder to swap instead.")
    return _give(shift, period, by, (at, shift.ends_at), by, at, via)


def _locked(shift_id: int, at: datetime) -> tuple[Period, Shift]:
    period = members.lock_open_period(Shift.objects.values_list("role__period_id", flat=True).get(pk=shift_id))
    shift = Shift.objects.select_related("role__period", "user").get(pk=shift_id)
    require_standing(shift, at)
    return period, shift


def _give(
    shift: Shift, period: Period, to: User, span: tuple[datetime, datetime], by: User, at: datetime, via: str
) -> Shift:
    holder = shift.user
    _require_inside(shift, *span)
    warnings = suitability.require_suitable(period, shift.role, to, *span, kind=shift.kind)
    taken = reassign_part(shift, start=span[0], end=span[1], to=to, by=by, at=at, warnings=warnings)
    record_reassignment(taken, period, holder, by=by, at=at, via=via)
    return taken[0]


def require_standing(shift: Shift, at: datetime) -> None:
    """Raise AlreadyDone for a cancelled shift, Refused for one that is over."""
    if shift.cancelled_at is not None:
        raise AlreadyDone(f"This shift of {shift.user} was cancelled.")
    if shift.ends_at <= at:
        raise Refused("This shift is over. What was worked stays in the plan.")


def record_reassignment(
    shifts: Sequence[Shift], period: Period, giver: User | None, *, by: User, at: datetime, via: str = "", **more: Any
) -> None:
    """The journal entry of a duty that changed hands; `user` has it now, `from_user` had it."""
    taken = shifts[0]
    journal.record(
        period,
        "shift.covered",
        by=by,
        at=at,
        via=via,
        subject=f"shift:{taken.pk}",
        user=taken.user_id,
        person=taken.user.name,
        role=taken.role.name,
        title=f"{taken.user.name} on {taken.role.name}",
        starts_at=taken.starts_at.isoformat(),
        ends_at=shifts[-1].ends_at.isoformat(),
        what="added",
        from_user=giver.pk if giver else None,
        warnings=taken.warnings,
        **more,
    )


def reassign_part(
    shift: Shift, *, start: datetime, end: datetime, to: User, by: User, at: datetime, warnings: Sequence[str] = ()
) -> list[Shift]:
    """Give [start, end) of a shift to somebody, in the caller's transaction, its period's row held.

    No instant is without a holder or has two. The holder's first remaining part keeps the row, and so its identity
    in calendars; a shift given away whole is cancelled there. Of a turn of days the other gets a shift a day, in
    order. Raises Invalid for times outside the shift.
    """
    _require_inside(shift, start, end)
    roster.check_overlap(shift.role, to, start, end)
    before, after = (shift.starts_at, start), (end, shift.ends_at)
    left = [span for span in (before, after) if span[0] < span[1]]
    if shift.rotation_id is not None:
        Override.objects.create(
            role=shift.role,
            kind=Override.Kind.REPLACE,
            duty=shift.kind,
            starts_at=start,
            ends_at=end,
            instead_of=shift.user,
            user=to,
            made_at=at,
            made_by=by,
        )
    _keep(shift, left, at)
    return [
        Shift.objects.create(
            role=shift.role,
            user=to,
            kind=shift.kind,
            starts_at=begin,
            ends_at=min(begin + roster.LONGEST_SHIFT, end),
            is_override=True,
            warnings=list(warnings),
        )
        for begin in _days(start, end)
    ]


def _days(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += roster.LONGEST_SHIFT


def _keep(shift: Shift, left: Sequence[tuple[datetime, datetime]], at: datetime) -> None:
    """The row keeps the first part that is left, or is cancelled; a second part is a row of its own."""
    shift.revision += 1
    if left:
        shift.starts_at, shift.ends_at = left[0]
    else:
        shift.cancelled_at = at
    shift.save(update_fields=["starts_at", "ends_at", "cancelled_at", "revision"])
    for start, end in left[1:]:
        Shift.objects.create(
            role=shift.role,
            user=shift.user,
            kind=shift.kind,
            starts_at=start,
            ends_at=end,
            is_override=shift.is_override,
            rotation_id=shift.rotation_id,
        )


def _require_inside(shift: Shift, start: datetime, end: datetime) -> None:
    if not shift.starts_at <= start < end <= shift.ends_at:
        raise Invalid({"starts_at": "Choose times within the shift."})
