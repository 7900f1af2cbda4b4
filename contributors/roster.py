"""Who is part of a period, who is on duty when, and who answers a page.

Every change locks the period first, writes its rows and one journal entry. Inviting only records that
somebody was asked: the mail is made by whoever reads the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet

from contributors import fitness, intervals
from contributors.models import Membership, Override, Role, Shift
from hypercare.errors import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods import journal, wallclock
from periods.models import Period

LONGEST_SHIFT = timedelta(hours=24)
DUTIES_AHEAD = timedelta(days=30)
MOST_DUTIES = 200


# --- Members ------------------------------------------------------------------------------------


@transaction.atomic
def add_member(
    period_id: int,
    *,
    user: User,
    right: str,
    role: Role | None,
    by: User,
    at: datetime,
    is_deputy: bool = False,
    via: str = "",
) -> Membership:
    """Make somebody part of a period. Raises AlreadyDone for a member, Invalid for an unknown right or role."""
    period = open_period(period_id)
    _check_member(period, right, role)
    there = Membership.objects.filter(period=period, user=user, left_at__isnull=True).first()
    if there is not None:
        raise AlreadyDone(f"{user} is already part of {period.name}, as {there.get_right_display().lower()}.")
    member = Membership.objects.create(
        period=period, user=user, right=right, role=role, is_deputy=is_deputy, joined_at=at
    )
    _journal_member(member, "contributor.added", by, at, via)
    return member


@transaction.atomic
def invite(membership_id: int, *, by: User, at: datetime, via: str = "") -> Membership:
    """Ask a member whether they are ready; asking again is a reminder and is recorded as one."""
    member = locked_member(membership_id)
    again = member.invited_at is not None
    member.invited_at = at
    member.save(update_fields=["invited_at"])
    _journal_member(member, "contributor.invited", by, at, via, again=again)
    return member


def invite_all(period_id: int, *, by: User, at: datetime, via: str = "") -> list[Membership]:
    """Invite every member with a duty role who has not been asked yet; who they were."""
    waiting = members(period_id).filter(invited_at__isnull=True, role__isnull=False)
    return invite_each([member.pk for member in waiting], by=by, at=at, via=via)


@transaction.atomic
def invite_each(membership_ids: Iterable[int], *, by: User, at: datetime, via: str = "") -> list[Membership]:
    """Invite or remind these members, all or none."""
    return [invite(pk, by=by, at=at, via=via) for pk in sorted(membership_ids)]


@transaction.atomic
def change_member(
    membership_id: int,
    *,
    right: str,
    role: Role | None,
    by: User,
    at: datetime,
    is_deputy: bool = False,
    via: str = "",
) -> Membership:
    """Give a member another right or duty role. Raises Refused when nobody would own the period."""
    member = locked_member(membership_id)
    _check_member(member.period, right, role)
    if right != Membership.Right.OWNER:
        _require_other_owner(member)
    member.right, member.role, member.is_deputy = right, role, is_deputy
    member.save(update_fields=["right", "role", "is_deputy"])
    _journal_member(member, "contributor.changed", by, at, via)
    return member


@transaction.atomic
def remove_member(membership_id: int, *, by: User, at: datetime, via: str = "") -> Membership:
    """Release somebody: their coming shifts are cancelled. Raises Refused for the last owner and named people."""
    member = locked_member(membership_id)
    _require_removable(member)
    member.left_at = at
    member.save(update_fields=["left_at"])
    _journal_member(member, "contributor.removed", by, at, via)
    coming = Shift.objects.filter(
        role__period=member.period, user=member.user, cancelled_at__isnull=True, ends_at__gt=at
    )
    for shift in coming.select_related("role", "user").order_by("starts_at", "id"):
        _cancel(shift, member.period, by, at, via)
    return member


def members(period_id: int) -> QuerySet[Membership]:
    """The people of a period, by role and name."""
    return (
        Membership.objects.filter(period=period_id, left_at__isnull=True)
        .select_related("user", "role", "period")
        .order_by("role__position", "is_deputy", "user__name", "id")
    )


def person_for(*, email: str, name: str) -> User:
    """The person with this address; made without a password, so for links only, when there is none."""
    address = email.strip().lower()
    fresh = {"name": " ".join(name.split()) or address.partition("@")[0], "password": make_password(None)}
    return User.objects.get_or_create(email=address, defaults=fresh)[0]


@transaction.atomic
def add_person(
    period_id: int,
    *,
    email: str,
    name: str,
    right: str,
    role: Role | None,
    by: User,
    at: datetime,
    is_deputy: bool = False,
    via: str = "",
) -> Membership:
    """Add somebody by address. A person who is refused as a member is not made either."""
    open_period(period_id)
    user = person_for(email=email, name=name)
    return add_member(
        period_id, user=user, right=right, role=role, is_deputy=is_deputy, by=by, at=at, via=via
    )


def locked_member(membership_id: int) -> Membership:
    """A member with the period's row held. Raises Refused for somebody who left or when it has ended."""
    period_id = Membership.objects.values_list("period_id", flat=True).get(pk=membership_id)
    period = open_period(period_id)
    member = Membership.objects.select_related("user", "role").get(pk=membership_id)
    if member.left_at is not None:
        raise Refused(f"{member.user} is no longer part of {period.name}.")
    member.period = period
    return member


def open_period(period_id: int) -> Period:
    """A period with its row held. Raises Refused once it has ended."""
    period: Period = Period.objects.locked().get(pk=period_id)
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its people and shifts stay as they were.")
    return period


def _check_member(period: Period, right: str, role: Role | None) -> None:
    if right not in Membership.Right.values:
        raise Invalid({"right": f"“{right}” is not a right. Choose owner, support, contributor or viewer."})
    if role is not None and role.period_id != period.pk:
        raise Invalid({"role": f"{role} is not a role of {period.name}."})


def _require_other_owner(member: Membership) -> None:
    others = members(member.period_id).filter(right=Membership.Right.OWNER).exclude(pk=member.pk)
    if member.right == Membership.Right.OWNER and not others.exists():
        raise Refused(
            f"{member.user} is the only owner of {member.period.name}. Make somebody else owner first."
        )


def _require_removable(member: Membership) -> None:
    _require_other_owner(member)
    parts = {
        "lead": "leads",
        "sponsor": "sponsors",
        "bau_owner": "takes over",
        "rollback_authority": "may roll back",
    }
    for field, does in parts.items():
        if getattr(member.period, f"{field}_id") == member.user_id:
            raise Refused(f"{member.user} {does} {member.period.name}. Name somebody else in the plan first.")


def _journal_member(member: Membership, kind: str, by: User, at: datetime, via: str, **more: Any) -> None:
    journal.record(
        member.period, kind, by=by, at=at, subject=f"member:{member.pk}", via=via, user=member.user_id,
        person=member.user.name, title=member.user.name, right=member.right,
        role=member.role.name if member.role else "", **more,
    )  # fmt: skip


# --- Shifts -------------------------------------------------------------------------------------


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
    period = open_period(Role.objects.values_list("period_id", flat=True).get(pk=role_id))
    role = Role.objects.get(pk=role_id)
    check_times(period, starts_at, ends_at)
    _check_kind_and_person(period, kind, user)
    check_overlap(role, user, starts_at, ends_at)
    warnings = fitness.require(period, role, user, starts_at, ends_at, kind=kind)
    shift = Shift.objects.create(
        role=role, user=user, kind=kind, starts_at=starts_at, ends_at=ends_at, is_override=is_override,
        warnings=warnings,
    )  # fmt: skip
    _journal_shift(shift, period, "shift.added", by, at, via)
    return shift


@transaction.atomic
def cancel_shift(shift_id: int, *, by: User, at: datetime, via: str = "") -> Shift:
    """Take a shift out of the plan; calendars are told. Raises AlreadyDone for a second time."""
    period = open_period(Shift.objects.values_list("role__period_id", flat=True).get(pk=shift_id))
    shift = Shift.objects.select_related("role", "user").get(pk=shift_id)
    if shift.cancelled_at is not None:
        raise AlreadyDone(f"This shift of {shift.user} is cancelled already.")
    if shift.ends_at <= at:
        raise Refused("This shift is over. What was worked stays in the plan.")
    if shift.rotation_id is not None:
        # Or the next change of the rotation would bring it back.
        Override.objects.create(
            role=shift.role, kind=Override.Kind.REMOVE, duty=shift.kind, starts_at=shift.starts_at,
            ends_at=shift.ends_at, instead_of=shift.user, made_at=at, made_by=by,
        )  # fmt: skip
    _cancel(shift, period, by, at, via)
    return shift


def _cancel(shift: Shift, period: Period, by: User, at: datetime, via: str) -> None:
    shift.cancelled_at = at
    shift.revision += 1
    shift.save(update_fields=["cancelled_at", "revision"])
    _journal_shift(shift, period, "shift.cancelled", by, at, via)


def window(period: Period) -> tuple[datetime, datetime]:
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
    first, last = window(period)
    if starts_at < first:
        raise Invalid(
            {"starts_at": f"The shift must start on the day of go-live, {_day(first, period)}, or later."}
        )
    if ends_at > last:
        final = _day(last - timedelta(microseconds=1), period)
        raise Invalid({"ends_at": f"The shift must end on the period's last day, {final}, or before."})


def _day(at: datetime, period: Period) -> str:
    return f"{at.astimezone(period.zone):%a %-d %b}"


def _check_kind_and_person(period: Period, kind: str, user: User) -> None:
    if kind not in Shift.Kind.values:
        raise Invalid({"kind": f"“{kind}” is not a kind of shift. Choose primary or deputy."})
    if not members(period.pk).filter(user=user).exists():
        raise Invalid({"user": f"{user} is not part of {period.name}. Add them first."})


def check_overlap(role: Role, user: User, starts_at: datetime, ends_at: datetime) -> None:
    """Raise Invalid when the person is on in this role then already."""
    clash = standing(starts_at, ends_at).filter(role=role, user=user).order_by("starts_at", "id").first()
    if clash is not None:
        zone = role.period.zone
        start, end = clash.starts_at.astimezone(zone), clash.ends_at.astimezone(zone)
        raise Invalid(
            {"starts_at": f"{user} is already on {role} from {start:%a %-d %b %H:%M} to {end:%a %H:%M}."}
        )


def _journal_shift(shift: Shift, period: Period, kind: str, by: User, at: datetime, via: str) -> None:
    journal.record(
        period, kind, by=by, at=at, subject=f"shift:{shift.pk}", via=via, user=shift.user_id,
        person=shift.user.name, role=shift.role.name, title=f"{shift.user.name} on {shift.role.name}",
        starts_at=shift.starts_at.isoformat(), ends_at=shift.ends_at.isoformat(),
        what="cancelled" if shift.cancelled_at else "added", warnings=shift.warnings,
    )  # fmt: skip


# --- Questions ----------------------------------------------------------------------------------


def standing(start: datetime, end: datetime) -> QuerySet[Shift]:
    """Shifts that touch an interval and are not cancelled."""
    return Shift.objects.filter(cancelled_at__isnull=True, starts_at__lt=end, ends_at__gt=start)


def shifts(period: Period, *, start: datetime, end: datetime) -> list[Shift]:
    """The period's shifts that touch an interval, by role and time, role and person loaded. Three queries.

    Each role and each person is one object, however many shifts they have: a long window has thousands.
    """
    found = standing(start, end).filter(role__period=period).prefetch_related("role", "user")
    return list(found.order_by("role__position", "role_id", "starts_at", "id"))


def on_duty(period: Period, *, at: datetime) -> list[Shift]:
    """Who is on at an instant, by role, primary before deputy, role and person loaded. One query."""
    on = Shift.objects.filter(
        role__period=period,
        cancelled_at__isnull=True,
        starts_at__lte=at,
        ends_at__gt=at,
        user__is_active=True,
    )
    return list(on.select_related("role", "user").order_by("role__position", "-kind", "starts_at", "id"))


def duties(user: User, *, at: datetime) -> list[Shift]:
    """A person's shifts of the next 30 days, the running one first, in periods that have not ended. At most 200."""
    mine = standing(at, at + DUTIES_AHEAD).filter(user=user, role__period__in=Period.objects.visible_to(user))
    current = mine.exclude(role__period__status__in=Period.ENDED)
    return list(current.select_related("role__period").order_by("starts_at", "id")[:MOST_DUTIES])


def hours(period: Period, *, start: datetime, end: datetime) -> dict[int, float]:
    """Hours on duty per person (user id) within an interval; time in two roles at once counts once."""
    return hours_in(shifts(period, start=start, end=end), start=start, end=end)


def hours_in(found: Iterable[Shift], *, start: datetime, end: datetime) -> dict[int, float]:
    """The same from shifts that are loaded already."""
    spans: dict[int, list[intervals.Span]] = {}
    for shift in found:
        spans.setdefault(shift.user_id, []).append((shift.starts_at, shift.ends_at))
    worked = {user: intervals.union(intervals.clip(held, start, end)) for user, held in spans.items()}
    return {user: intervals.total_minutes(held) / 60 for user, held in worked.items() if held}
