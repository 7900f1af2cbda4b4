"""What tests of incident pages say often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from incidents.models import Incident
from incidents.triage import triage
from periods.models import Period

HTMX = {"HTTP_HX_REQUEST": "true"}


def reported(period: Period, title: str = "Invoices issued twice", minutes: int = 5, **fields: Any) -> Incident:
    """An incident from the domain, reported some minutes ago."""
    levels = {"impact": "medium", "urgency": "medium", **fields}
    return triage.report(
        period.pk, title=title, by=period.lead, at=timezone.now() - timedelta(minutes=minutes), **levels
    )


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())
