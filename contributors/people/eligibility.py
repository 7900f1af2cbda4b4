"""Who may be on duty: an active person whose part in the period includes work. Nobody else is anybody's cover.

Rotations and shifts are made for people; whether they still may be on duty is asked here, whenever cover is made,
counted, shown as on call or paged.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from contributors.models import Membership, Shift
from contributors.people.permissions import RIGHTS
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Period

WORKS: Final = tuple(sorted(RIGHTS["incidents.work"]))


def is_eligible(member: Membership) -> bool:
    """Whether a member, with their account loaded, may be on duty."""
    return member.left_at is None and member.right in WORKS and member.user.is_active


def eligible_ids(period: Period | int) -> set[int]:
    """The ids of all who may be on duty in a period. One query."""
    return set(_members(period).filter(left_at__isnull=True).values_list("user_id", flat=True))


def _members(period: Period | int) -> QuerySet[Membership]:
    return Membership.objects.filter(period=period, right__in=WORKS, user__is_active=True)


def with_eligible_holder(shifts: QuerySet[Shift]) -> QuerySet[Shift]:
    """Those shifts whose holder may be on duty. What was over before somebody left is still theirs."""
    holder = Membership.objects.filter(period=OuterRef("role__period"), user=OuterRef("user"), right__in=WORKS)
    then = Q(left_at__isnull=True) | Q(left_at__gte=OuterRef("ends_at"))
    return shifts.filter(Exists(holder.filter(then)), user__is_active=True)


def shifts_with_eligible_holder(period: Period, shifts: list[Shift]) -> list[Shift]:
    """The same of a period's shifts that are loaded already. One query."""
    left = dict(_members(period).order_by("id").values_list("user_id", "left_at"))
    return [shift for shift in shifts if shift.user_id in left and _was_there(left[shift.user_id], shift.ends_at)]


def _was_there(left_at: datetime | None, until: datetime) -> bool:
    return left_at is None or left_at >= until


def require_eligible(period: Period, user: User) -> None:
    """Raise Invalid, naming the person's field, for somebody who can't be on duty. One query."""
    if user.pk not in eligible_ids(period):
        raise Invalid({"user": explain_ineligible(user, period)})


def explain_ineligible(user: User, period: Period) -> str:
    """Why somebody can't be on duty, and what to do about it. One query."""
    if not user.is_active:
        return f"{user}’s account is switched off. Choose somebody else."
    if Membership.objects.filter(period=period, user=user, left_at__isnull=True).exists():
        return f"{user} only looks on in {period.name}. Give them another part in it first."
    return f"{user} is not part of {period.name}. Add them first."
