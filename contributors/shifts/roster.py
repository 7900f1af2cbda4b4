"""Who is part of a period, who is on duty when, and who answers a page.

Every change locks the period first, writes its rows and one journal entry. Inviting only records that
somebody was asked: the mail is made by whoever reads the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import QuerySet

from contributors.models import Override, Role, Shift
from contributors.people import eligibility
from contributors.people.members import lock_open_period, members_of
from contributors.shifts import intervals, suitability
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.calendar import wallclock
from periods.journal import journal
from periods.models import Period

LONGEST_SHIFT = timedelta(hours=24)
DUTIES_AHEAD = timedelta(days=30)
MOST_DUTIES = 200


def _coming(period: Period, at: datetime) -> QuerySet[Shift]:
    """Standing shifts that are not over, the next first."""
    found = Shift.objects.filter(role__period=period, cancelled_at__isnull=True, ends_at__gt=at)
    return found.select_related("role", "user").order_by("starts_at", "id")


def cancel_unheld_shifts(period: Period, *, at: datetime) -> int:
    """Cancel the coming shifts of whoever can't be on duty, such as a person whose account was switched off.

    How many they were. The caller holds the period's row.
    """
    coming = _coming(period, at)
    lost = list(coming.exclude(pk__in=eligibility.with_eligible_holder(coming).order_by().values("pk")))
    for shift in lost:
        _cancel(shift, period, None, at, "timer")
    return len(lost)


@transaction.atomic
def assign_shift(
    role_id: int,
    *,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    kind: str = Shift.Kind.PRIMARY,
    by: User,
    at: datetime,
    is_override: bool = False,
    via: str = "",
) -> Shift:
    """Put a member on duty from `starts_at` up to `ends_at`. Two roles at once are allowed, and shown as that.

    Raises Invalid for times that cannot stand, a stranger, a second shift in the same role, and what `fitness`
    refuses; what it warns of is kept with the shift.
    """
    period = lock_open_period(Role.objects.values_list("period_id", flat=True).get(pk=role_id))
    role = Role.objects.get(pk=role_id)
    check_times(period, starts_at, ends_at)
    _check_kind_and_person(period, kind, user)
    check_overlap(role, user, starts_at, ends_at)
    warnings = suitability.require_suitable(period, role, user, starts_at, ends_at, kind=kind)
    shift = Shift.objects.create(
        role=role,
        user=user,
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        is_override=is_override,
        warnings=warnings,
    )
    _journal_shift(shift, period, "shift.added", by, at, via)
    return shift


@transaction.atomic
def cancel_shift(shift_id: int, *, by: User, at: datetime, via: str = "") -> Shift:
    """Take a shift out of the plan; calendars are told. Raises AlreadyDone for a second time."""
    period = lock_open_period(Shift.objects.values_list("role__period_id", flat=True).get(pk=shift_id))
    shift = Shift.objects.select_related("role", "user").get(pk=shift_id)
    if shift.cancelled_at is not None:
        raise AlreadyDone(f"This shift of {shift.user} is cancelled already.")
    if shift.ends_at <= at:
        raise Refused("This shift is over. What was worked stays in the plan.")
    if shift.rotation_id is not None:
        # Or the next change of the rotation would bring it back.
        Override.objects.create(
            role=shift.role,
            kind=Override.Kind.REMOVE,
            duty=shift.kind,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            instead_of=shift.user,
            made_at=at,
            made_by=by,
        )
    _cancel(shift, period, by, at, via)
    return shift


def _cancel(shift: Shift, period: Period, by: User | None, at: datetime, via: str) -> None:
    shift.cancelled_at = at
    shift.revision += 1
    shift.save(update_fields=["cancelled_at", "revision"])
    _journal_shift(shift, period, "shift.cancelled", by, at, via)


def roster_window(period: Period) -> tuple[datetime, datetime]:
    """When shifts may lie: from midnight before go-live to midnight after the end, in the period's zone."""
    first = wallclock.local_day(min(period.go_live_at, period.starts_at), period.zone)
    last = wallclock.local_day(period.ends_at - timedelta(microseconds=1), period.zone)
    midnight = time(0)
    return (
        wallclock.instant(first, midnight, period.zone),
        wallclock.instant(last + timedelta(days=1), midnight, period.zone),
    )


def check_times(period: Period, starts_at: datetime, ends_at: datetime) -> None:
    """Raise Invalid for times at which no shift of the period can lie."""
    if ends_at <= starts_at:
        raise Invalid({"ends_at": "The shift must end after it starts."})
    if ends_at - starts_at > LONGEST_SHIFT:
        raise Invalid({"ends_at": "A shift lasts 24 hours at most. Split it in two."})
    first, last = roster_window(period)
    if starts_at < first:
        raise Invalid({"starts_at": f"The shift must start on the day of go-live, {_day(first, period)}, or later."})
    if ends_at > last:
        final = _day(last - timedelta(microseconds=1), period)
        raise Invalid({"ends_at": f"The shift must end on the period's last day, {final}, or before."})


def _day(at: datetime, period: Period) -> str:
    return f"{at.astimezone(period.zone):%a %-d %b}"


def _check_kind_and_person(period: Period, kind: str, user: User) -> None:
    if kind not in Shift.Kind.values:
        raise Invalid({"kind": f"“{kind}” is not a kind of shift. Choose primary or deputy."})
    if not members_of(period.pk).filter(user=user).exists():
        raise Invalid({"user": f"{user} is not part of {period.name}. Add them first."})


def check_overlap(role: Role, user: User, starts_at: datetime, ends_at: datetime) -> None:
    """Raise Invalid when the person is on in this role then already."""
    clash = standing_shifts(starts_at, ends_at).filter(role=role, user=user).order_by("starts_at", "id").first()
    if clash is not None:
        zone = role.period.zone
        start, end = clash.starts_at.astimezone(zone), clash.ends_at.astimezone(zone)
        raise Invalid({"starts_at": f"{user} is already on {role} from {start:%a %-d %b %H:%M} to {end:%a %H:%M}."})


def _journal_shift(shift: Shift, period: Period, kind: str, by: User | None, at: datetime, via: str) -> None:
    journal.record(
        period,
        kind,
        by=by,
        at=at,
        subject=f"shift:{shift.pk}",
        via=via,
        user=shift.user_id,
        person=shift.user.name,
        role=shift.role.name,
        title=f"{shift.user.name} on {shift.role.name}",
        starts_at=shift.starts_at.isoformat(),
        ends_at=shift.ends_at.isoformat(),
        what="cancelled" if shift.cancelled_at else "added",
        warnings=shift.warnings,
    )


def standing_shifts(start: datetime, end: datetime) -> QuerySet[Shift]:
    """Shifts that touch an interval and are not cancelled."""
    return Shift.objects.filter(cancelled_at__isnull=True, starts_at__lt=end, ends_at__gt=start)


def shifts_of_period(period: Period, *, start: datetime, end: datetime) -> list[Shift]:
    """The period's shifts that touch an interval, by role and time, role and person loaded. Three queries.

    Each role and each person is one object, however many shifts they have: a long window has thousands.
    """
    found = standing_shifts(start, end).filter(role__period=period).prefetch_related("role", "user")
    return list(found.order_by("role__position", "role_id", "starts_at", "id"))


def shifts_on_duty(period: Period, *, at: datetime) -> list[Shift]:
    """Who is on at an instant, by role, primary before deputy, role and person loaded. One query."""
    on = eligibility.with_eligible_holder(
        Shift.objects.filter(role__period=period, cancelled_at__isnull=True, starts_at__lte=at, ends_at__gt=at)
    )
    return list(on.select_related("role", "user").order_by("role__position", "-kind", "starts_at", "id"))


def duties_of(user: User, *, at: datetime) -> list[Shift]:
    """A person's shifts of the next 30 days, the running one first, in periods that have not ended. At most 200."""
    mine = standing_shifts(at, at + DUTIES_AHEAD).filter(user=user, role__period__in=Period.objects.visible_to(user))
    current = mine.exclude(role__period__status__in=Period.ENDED)
    return list(current.select_related("role__period").order_by("starts_at", "id")[:MOST_DUTIES])


def hours_of_shifts(found: Iterable[Shift], *, start: datetime, end: datetime) -> dict[int, float]:
    """Hours on duty per person (user id) within an interval; time in two roles at once counts once."""
    spans: dict[int, list[intervals.Span]] = {}
    for shift in found:
        spans.setdefault(shift.user_id, []).append((shift.starts_at, shift.ends_at))
    worked = {user: intervals.union(intervals.clip(held, start, end)) for user, held in spans.items()}
    return {user: intervals.total_minutes(held) / 60 for user, held in worked.items() if held}
