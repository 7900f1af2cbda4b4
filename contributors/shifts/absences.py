"""When people are away: entered by themselves, seen by those who plan with them, without the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from contributors.models import Absence, Shift
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.journal import journal
from periods.models import Period

LONGEST = timedelta(days=366)


@transaction.atomic
def add(user: User, *, starts_at: datetime, ends_at: datetime, at: datetime, note: str = "", via: str = "") -> Absence:
    """Say that one is away. The journal of each period they are on duty in then says so too, without the note.

    Raises Invalid for times that cannot stand or that are said already.
    """
    _check(user, starts_at, ends_at, at)
    absence = Absence.objects.create(
        user=user, starts_at=starts_at, ends_at=ends_at, note=" ".join(note.split())[:120], created_at=at
    )
    for period in _touched(user, starts_at, ends_at):
        _journal(absence, period, "absence.added", user, at, via)
    return absence


@transaction.atomic
def cancel(absence_id: int, *, by: User, at: datetime, via: str = "") -> Absence:
    """Be there after all. Raises Refused for somebody else's, AlreadyDone for a second time."""
    absence = Absence.objects.select_for_update(of=("self",)).select_related("user").get(pk=absence_id)
    if absence.user_id != by.pk:
        raise Refused("Only the person who is away can change that.")
    if absence.cancelled_at is not None:
        raise AlreadyDone("This absence was taken back already.")
    absence.cancelled_at = at
    absence.save(update_fields=["cancelled_at"])
    for period in _touched(by, absence.starts_at, absence.ends_at):
        _journal(absence, period, "absence.cancelled", by, at, via)
    return absence


def absences_by_person(user_ids: Collection[int], *, start: datetime, end: datetime) -> dict[int, list[Absence]]:
    """Absences that touch an interval, by person, the earliest first. One query."""
    found: dict[int, list[Absence]] = {}
    rows = Absence.objects.filter(user__in=user_ids, cancelled_at__isnull=True, starts_at__lt=end, ends_at__gt=start)
    for absence in rows.order_by("starts_at", "id"):
        found.setdefault(absence.user_id, []).append(absence)
    return found


def spans_of(found: Iterable[Absence]) -> list[tuple[datetime, datetime]]:
    """When the absences are."""
    return [(one.starts_at, one.ends_at) for one in found]


def upcoming_absences(user: User, *, at: datetime) -> list[Absence]:
    """A person's own absences that are not over."""
    rows = Absence.objects.filter(user=user, cancelled_at__isnull=True, ends_at__gt=at)
    return list(rows.order_by("starts_at", "id")[:100])


def _check(user: User, starts_at: datetime, ends_at: datetime, at: datetime) -> None:
    if ends_at <= starts_at:
        raise Invalid({"ends_at": "The absence must end after it starts."})
    if ends_at <= at:
        raise Invalid({"ends_at": "This is over. Give times to come."})
    if ends_at - starts_at > LONGEST:
        raise Invalid({"ends_at": "Give a year at most."})
    if absences_by_person([user.pk], start=starts_at, end=ends_at):
        raise Invalid({"starts_at": "You have said that you are away then. Take the other one back first."})


def _touched(user: User, starts_at: datetime, ends_at: datetime) -> list[Period]:
    """Open periods in which the person has shifts then, each locked, in one order."""
    shifts = Shift.objects.filter(
        user=user, cancelled_at__isnull=True, starts_at__lt=ends_at, ends_at__gt=starts_at
    ).exclude(role__period__status__in=Period.ENDED)
    keys = sorted(set(shifts.values_list("role__period_id", flat=True)))
    return [Period.objects.locked().get(pk=pk) for pk in keys]


def _journal(absence: Absence, period: Period, kind: str, by: User, at: datetime, via: str) -> None:
    missed = Shift.objects.filter(
        role__period=period,
        user=by,
        cancelled_at__isnull=True,
        starts_at__lt=absence.ends_at,
        ends_at__gt=absence.starts_at,
    )
    journal.record(
        period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"absence:{absence.pk}",
        user=by.pk,
        person=by.name,
        title=by.name,
        starts_at=absence.starts_at.isoformat(),
        ends_at=absence.ends_at.isoformat(),
        shifts=missed.count(),
    )
