"""The people of the period that a plan started from, offered once more: nobody is added who was not chosen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from contributors.models import Membership, Role
from contributors.people import members
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.access.access import require_right
from periods.models import Period, PeriodOrigin


@dataclass(frozen=True, slots=True)
class EarlierPerson:
    """Somebody of the earlier period, and the duty of the same name here, if there is one."""

    member: Membership
    role: Role | None


def source_period(period: Period, *, by: User) -> Period | None:
    """The period this one was started from, while `by` is part of it. One query."""
    origin = PeriodOrigin.objects.filter(period=period, earlier__in=Period.objects.visible_to(by))
    found = origin.select_related("earlier").first()
    return found.earlier if found else None


def suggest_people(period: Period, *, by: User) -> list[EarlierPerson]:
    """Its people who may sign in and are not part of this one, by duty and name. At most three queries."""
    earlier = source_period(period, by=by)
    if earlier is None:
        return []
    here = Membership.objects.filter(period=period, left_at__isnull=True).values("user")
    roles = {role.name: role for role in Role.objects.filter(period=period)}
    people = members.members_of(earlier.pk).filter(user__is_active=True).exclude(user__in=here)
    return [EarlierPerson(one, roles.get(one.role.name) if one.role else None) for one in people]


@transaction.atomic
def add_chosen(period_id: int, *, chosen: Collection[int], by: User, at: datetime, via: str = "") -> list[Membership]:
    """Make the chosen memberships' people part of this period, with the right and the duty they had.

    Raises NotAllowed, Refused once the period has ended, Invalid for nobody or for somebody who is not offered.
    """
    period = members.lock_open_period(period_id)
    require_right(by, period, "members.manage")
    offered = {one.member.pk: one for one in suggest_people(period, by=by)}
    if not chosen:
        raise Invalid({"people": "Tick the people to add."})
    if any(pk not in offered for pk in chosen):
        raise Invalid({"people": "Somebody is part of the period already, or left the earlier one. Look again."})
    found = [one for pk, one in offered.items() if pk in chosen]
    return [
        members.add_member(
            period.pk,
            user=one.member.user,
            right=one.member.right,
            role=one.role,
            by=by,
            at=at,
            via=via,
            is_deputy=one.member.is_deputy and one.role is not None,
        )
        for one in found
    ]
