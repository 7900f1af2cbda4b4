"""What an incident's own page says about the outside: who reported it, what people read about it, what is known."""

from __future__ import annotations

from typing import Any, Final

from incidents.models import Incident
from incidents.stakeholders import known_errors, status_pages, subscribers, updates
from incidents.triage.permissions import IncidentRights

REPORTS_SHOWN: Final = 20


def rail_context(incident: Incident) -> dict[str, Any]:
    """Reports with their pictures, and the known error it became. Three queries."""
    found = incident.reports.prefetch_related("attachments").order_by("id")
    return {"reports": list(found[:REPORTS_SHOWN]), "known_error": known_errors.known_error_of(incident)}


def composer_context(incident: Incident, rights: IncidentRights) -> dict[str, Any]:
    """The notice that an update may go on with, and who would read it. At most three queries."""
    notice = updates.open_notice_of(incident) if rights.triage else None
    if notice is None:
        return {"notice": None}
    page = status_pages.status_page_of(incident.period)
    return {
        "notice": notice,
        "is_public": status_pages.is_open(page),
        "readers": subscribers.audience_of(notice).values("email").distinct().count(),
    }
