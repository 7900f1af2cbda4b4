"""What somebody holds of debriefs: actions and follow-ups that are still to be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count

from hypercare.accounts.duties import HeldDuty
from hypercare.models import User
from periods.models import Action, Period


def list_held(user: User, *, at: datetime) -> Iterator[HeldDuty]:  # noqa: ARG001  as every room is asked
    """By period."""
    actions = Action.objects.filter(owner=user, done_at__isnull=True)
    running = actions.exclude(period__status__in=Period.ENDED).values_list("period__key")
    for key, many in running.annotate(many=Count("pk")).order_by("period__key"):
        yield HeldDuty(key, f"Open actions: {many}", "Stay open under this name, and nobody is reminded of them.")
