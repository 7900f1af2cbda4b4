"""What somebody holds of incidents: those they own that are not resolved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count

from hypercare.accounts.duties import HeldDuty
from hypercare.models import User
from incidents.models import Incident
from periods.models import Period


def list_held(user: User, *, at: datetime) -> Iterator[HeldDuty]:  # noqa: ARG001  as every room is asked
    """By period."""
    incidents = Incident.objects.filter(owner=user, resolved_at__isnull=True)
    running = incidents.exclude(period__status__in=Period.ENDED).values_list("period__key")
    for key, many in running.annotate(many=Count("pk")).order_by("period__key"):
        yield HeldDuty(
            key, f"Open incidents: {many}", "Stay theirs, with what was promised for them; name another owner."
        )
