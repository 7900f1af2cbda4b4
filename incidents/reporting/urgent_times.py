"""What incidents ask of those on duty."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Incident
from periods.models import Period


def report_times(period: Period, *, start: datetime, end: datetime) -> list[datetime]:
    """When the P1 and P2 incidents of an interval were reported, the earliest first. One query."""
    found = Incident.objects.filter(
        period=period, severity__in=("P1", "P2"), reported_at__gte=start, reported_at__lt=end
    )
    return list(found.order_by("reported_at", "id").values_list("reported_at", flat=True))
