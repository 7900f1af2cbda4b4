"""Incidents that a title may be about, so that one trouble is not logged twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from incidents.models import Incident
from incidents.triage import title_similarity
from periods.models import Period

WITHIN: Final = timedelta(days=14)
AMONG: Final = 500


def find_duplicates(period: Period, title: str, *, at: datetime) -> list[Incident]:
    """The likeliest of those that are open or were reported in the last 14 days, duplicates left out. One query."""
    recent = Q(resolved_at__isnull=True) | Q(reported_at__gt=at - WITHIN)
    found = Incident.objects.filter(recent, period=period, duplicate_of__isnull=True).select_related("owner")
    rows = list(found.order_by("-reported_at", "-id")[:AMONG])
    for row in rows:
        row.period = period
    return title_similarity.best_matches(title, rows)
