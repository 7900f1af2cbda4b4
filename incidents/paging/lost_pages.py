"""A page that reached its person by no way: whoever comes next needn't wait for their time."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from django.db.models import Q

from contributors import contact_points
from contributors.models import Delivery
from incidents.paging import escalation

# Of a step of a ladder: incident, round, step. Other pages have more behind it, or a word for the step.
KEY: Final = re.compile(r"page:(\d+):(\d+):(\d+)(?![\d:])")


def on_page_lost(key: str, *, who: str, at: datetime) -> None:
    """Wired: take the next step of the ladder now, unless somebody of this one was reached or it has gone on."""
    found = KEY.match(key)
    if found is None or _somebody_reached(found.group()):
        return
    incident_id, round_, step = map(int, found.groups())
    incident, reason = escalation.lock_incident(incident_id), f"The page to {who} could not be sent."
    escalation.take_step_early(incident, round_=round_, after=step, reason=reason, at=at)


def _somebody_reached(step: str) -> bool:
    """Whether a page of a step, by the beginning of its key, got through to anybody, or still may."""
    others, ways = (Q(dedupe_key__startswith=f"{step}."), Q(dedupe_key__startswith=f"{step}{contact_points.WAY}"))
    pages = Delivery.objects.filter(Q(dedupe_key=step) | others | ways)
    return pages.filter(state__in=(*Delivery.OPEN, *contact_points.REACHED)).exists()
