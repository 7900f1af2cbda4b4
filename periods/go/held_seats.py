"""What somebody holds of a plan and its go: the parts they are named for, and conditions they answer for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import Count, Q

from hypercare.accounts.duties import HeldDuty
from hypercare.models import User
from periods.models import GoCondition, Period

PARTS: Final = {
    "lead": "Lead",
    "sponsor": "Sponsor",
    "bau_owner": "BAU owner",
    "rollback_authority": "Decides on rollback",
}


def list_held(user: User, *, at: datetime) -> Iterator[HeldDuty]:  # noqa: ARG001  as every room is asked
    """By period, the earliest made first."""
    named = Q(*((part, user) for part in PARTS), _connector=Q.OR)
    for period in Period.objects.filter(named).exclude(status__in=Period.ENDED).order_by("pk"):
        parts = [words for part, words in PARTS.items() if getattr(period, f"{part}_id") == user.pk]
        yield HeldDuty(
            period.key, ", ".join(parts), "Vote, signature and decision wait until the plan names somebody else."
        )
    conditions = GoCondition.objects.filter(owner=user, state=GoCondition.State.OPEN)
    running = conditions.exclude(period__status__in=Period.ENDED).values_list("period__key")
    for key, many in running.annotate(many=Count("pk")).order_by("period__key"):
        yield HeldDuty(key, f"Open conditions of the go: {many}", "Stay open; one not met in time ends the go.")
