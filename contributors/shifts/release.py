"""Somebody leaves a period: what they hold is given back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from contributors.models import Membership
from contributors.people import eligibility
from contributors.people.members import _check_member, _journal_member, _require_other_owner, add_member, lock_member
from contributors.people.permissions import OWNER
from contributors.shifts.held_duties import is_only_owner, open_memberships
from contributors.shifts.roster import _cancel, _coming
from hypercare.exceptions import Refused
from hypercare.models import User

CHANGEABLE = ("right", "role", "is_deputy")


@transaction.atomic
def change_member(membership_id: int, *, by: User, at: datetime, via: str = "", **changes: Any) -> Membership:
    """Give a member another `right`, `role` (None is no duty) or part as `is_deputy`; what is left out stays.

    The coming shifts of somebody who only looks on from now on are cancelled.

    Raises Refused when nobody would own the period, Invalid for an unknown right or a role of another period, and
    TypeError for a field that is none of these.
    """
    if unknown := set(changes) - set(CHANGEABLE):
        raise TypeError(f"Not a field of a membership: {', '.join(sorted(unknown))}.")
    member = lock_member(membership_id)
    for name, value in changes.items():
        if name != "right":
            setattr(member, name, value)
    right = changes.get("right", member.right)
    _check_member(member.period, right, member.role)
    if right != Membership.Right.OWNER:
        _require_other_owner(member)
    member.right = right
    member.save(update_fields=list(CHANGEABLE))
    coming = [] if eligibility.is_eligible(member) else list(_coming(member.period, at).filter(user=member.user))
    _journal_member(member, "contributor.changed", by, at, via, ended=len(coming))
    for shift in coming:
        _cancel(shift, member.period, by, at, via)
    return member


@transaction.atomic
def remove_member(membership_id: int, *, by: User, at: datetime, via: str = "") -> Membership:
    """Release somebody: their coming shifts are cancelled. Raises Refused for the last owner and named people."""
    member = lock_member(membership_id)
    _require_removable(member)
    member.left_at = at
    member.save(update_fields=["left_at"])
    coming = _coming(member.period, at).filter(user=member.user)
    _journal_member(member, "contributor.removed", by, at, via, ended=len(coming))
    for shift in coming:
        _cancel(shift, member.period, by, at, via)
    return member


@transaction.atomic
def release_everywhere(user: User, *, by: User, at: datetime, via: str = "") -> None:
    """An account was switched off: its coming shifts are cancelled in every period that has not ended.

    A period that nobody else owns goes to whoever switched it off, so that it can be planned and run on.
    """
    for pk in open_memberships(user).values_list("pk", flat=True):
        member = lock_member(pk)
        if is_only_owner(member):
            _make_owner(member, by, at, via)
        for shift in _coming(member.period, at).filter(user=user):
            _cancel(shift, member.period, by, at, via)


def _make_owner(before: Membership, by: User, at: datetime, via: str) -> None:
    there = Membership.objects.filter(period=before.period_id, user=by, left_at__isnull=True).first()
    if there is not None:
        change_member(there.pk, right=OWNER, by=by, at=at, via=via)
    else:
        add_member(before.period_id, user=by, right=OWNER, role=None, by=by, at=at, via=via)


def _require_removable(member: Membership) -> None:
    _require_other_owner(member)
    parts = {"lead": "leads", "sponsor": "sponsors", "bau_owner": "takes over", "rollback_authority": "may roll back"}
    for field, does in parts.items():
        if getattr(member.period, f"{field}_id") == member.user_id:
            raise Refused(f"{member.user} {does} {member.period.name}. Name somebody else in the plan first.")
