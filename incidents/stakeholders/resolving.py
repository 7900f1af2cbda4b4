"""The end of an incident as people tell it: how it ended and, where something remains, the known error it leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from hypercare.models import User
from incidents.models import Incident
from incidents.shared.locking import lock
from incidents.stakeholders import known_errors
from incidents.triage import triage


@transaction.atomic
def resolve_incident(
    incident_id: int, *, by: User, at: datetime, known_error: bool = False, via: str = "", **ending: Any
) -> Incident:
    """Resolve it as `triage.resolve` does; `known_error` keeps its workaround for whoever meets it next.

    Raises what `triage.resolve` and `known_errors.from_incident` raise.
    """
    after = triage.resolve(incident_id, **ending, by=by, at=at, via=via)
    if not known_error:
        return after
    known_errors.from_incident(incident_id, workaround=ending.get("workaround", ""), by=by, at=at, via=via)
    return lock(incident_id)
