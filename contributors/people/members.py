"""Members of a period: added, invited, given another right or duty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet

from contributors.models import Membership, Role
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.journal import journal
from periods.models import Period


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
    period = lock_open_period(period_id)
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
    member = lock_member(membership_id)
    again = member.invited_at is not None
    member.invited_at = at
    member.save(update_fields=["invited_at"])
    _journal_member(member, "contributor.invited", by, at, via, again=again)
    return member


def invite_all(period_id: int, *, by: User, at: datetime, via: str = "") -> list[Membership]:
    """Invite every member with a duty role who has not been asked yet; who they were."""
    waiting = duty_holders(period_id).filter(invited_at__isnull=True)
    return invite_members([member.pk for member in waiting], by=by, at=at, via=via)


@transaction.atomic
def invite_members(membership_ids: Iterable[int], *, by: User, at: datetime, via: str = "") -> list[Membership]:
    """Invite or remind these members, all or none."""
    return [invite(pk, by=by, at=at, via=via) for pk in sorted(membership_ids)]


@transaction.atomic
def invite_waiting(period_id: int, *, by: User, at: datetime, via: str = "") -> list[Membership]:
    """Invite every member who takes part and has not been asked yet, with or without a duty; who they were."""
    return invite_members([member.pk for member in uninvited_members(period_id)], by=by, at=at, via=via)


def uninvited_members(period_id: int) -> QuerySet[Membership]:
    """Members who take part and were not asked yet, by name."""
    return members_of(period_id).filter(invited_at__isnull=True).exclude(right=Membership.Right.VIEWER)


def duty_holders(period_id: int) -> QuerySet[Membership]:
    """Members with a duty role, by role and name. Who only watches holds none, whatever the plan says."""
    return members_of(period_id).filter(role__isnull=False).exclude(right=Membership.Right.VIEWER)


def members_of(period_id: int) -> QuerySet[Membership]:
    """The people of a period, by role and name."""
    return (
        Membership.objects.filter(period=period_id, left_at__isnull=True)
        .select_related("user", "role", "period")
        .order_by("role__position", "is_deputy", "user__name", "id")
    )


def get_or_create_person(*, email: str, name: str, timezone: str = "") -> User:
    """The person with this address; made without a password, so for links only, when there is none."""
    address = email.strip().lower()
    fresh = {"name": " ".join(name.split()) or address.partition("@")[0], "password": make_password(None)}
    fresh |= {"timezone": timezone} if timezone else {}
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
    timezone: str = "",
    via: str = "",
) -> Membership:
    """Add somebody by address. A person who is refused as a member is not made either.

    Who is new here gets the time zone; somebody who has an account keeps theirs.
    """
    lock_open_period(period_id)
    user = get_or_create_person(email=email, name=name, timezone=timezone)
    return add_member(period_id, user=user, right=right, role=role, is_deputy=is_deputy, by=by, at=at, via=via)


def lock_member(membership_id: int) -> Membership:
    """A member with the period's row held. Raises Refused for somebody who left or when it has ended."""
    period_id = Membership.objects.values_list("period_id", flat=True).get(pk=membership_id)
    period = lock_open_period(period_id)
    member = Membership.objects.select_related("user", "role").get(pk=membership_id)
    if member.left_at is not None:
        raise Refused(f"{member.user} is no longer part of {period.name}.")
    member.period = period
    return member


def lock_open_period(period_id: int) -> Period:
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
    others = members_of(member.period_id).filter(right=Membership.Right.OWNER).exclude(pk=member.pk)
    if member.right == Membership.Right.OWNER and not others.exists():
        raise Refused(f"{member.user} is the only owner of {member.period.name}. Make somebody else owner first.")


def _journal_member(member: Membership, kind: str, by: User, at: datetime, via: str, **more: Any) -> None:
    journal.record(
        member.period,
        kind,
        by=by,
        at=at,
        subject=f"member:{member.pk}",
        via=via,
        user=member.user_id,
        person=member.user.name,
        title=member.user.name,
        right=member.right,
        role=member.role.name if member.role else "",
        duty=member.role.code if member.role else "",
        **more,
    )
