"""What somebody holds of people and cover: ownership, duty, coming shifts, turns in a rotation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, QuerySet

from contributors.models import Membership, RotationTurn, Shift
from contributors.people.permissions import OWNER
from hypercare.accounts.duties import HeldDuty
from hypercare.models import User
from periods.models import Period


def open_memberships(user: User) -> QuerySet[Membership]:
    """Where somebody is part of a period that has not ended."""
    found = Membership.objects.filter(user=user, left_at__isnull=True).exclude(period__status__in=Period.ENDED)
    return found.select_related("period", "role").order_by("period_id", "id")


def is_only_owner(member: Membership) -> bool:
    """Whether nobody else with an account that is on owns the period. One query."""
    owners = Membership.objects.filter(period=member.period_id, right=OWNER, left_at__isnull=True)
    others = owners.filter(user__is_active=True).exclude(user=member.user_id)
    return member.right == OWNER and not others.exists()


def list_held(user: User, *, at: datetime) -> Iterator[HeldDuty]:
    """By period, the earliest made first."""
    shifts = Shift.objects.filter(user=user, cancelled_at__isnull=True, ends_at__gt=at)
    coming = dict(shifts.values_list("role__period").annotate(many=Count("pk")).order_by("role__period"))
    places = RotationTurn.objects.filter(user=user).values_list("rotation__role__period")
    turns = dict(places.annotate(many=Count("pk")).order_by("rotation__role__period"))
    for member in open_memberships(user):
        key = member.period.key
        if is_only_owner(member):
            yield HeldDuty(key, "Only owner", "You become an owner of the period.")
        if member.role:
            yield HeldDuty(key, f"Duty: {member.role.name}", "Pages pass it over; whoever else has this duty is asked.")
        if many := coming.get(member.period_id):
            yield HeldDuty(key, f"Coming shifts: {many}", "Cancelled; Coverage shows what is then open.")
        if many := turns.get(member.period_id):
            yield HeldDuty(key, f"Places in rotations: {many}", "Stand open; give them to somebody else in Rotations.")
