"""Who hears that the alert of an open incident cleared and fires anew, and how often while it flaps.

- People are being paged about it: the ladder runs, and more would be noise.
- It was mitigated: it hurts again, so a P1 or P2 pages its owner and, unless they answer, the ladder.
- Somebody works on it: they hear, at any hour where it is a P1 or P2. Where they can't be reached: the ladder.

While an alert flaps whoever works on it hears once in ten minutes; each firing stays in the journal with how many there
were. What somebody mitigated meanwhile is never held back: then a person, not the flapping, made it news.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from contributors import contact_points
from contributors.messaging import outbox
from contributors.models import Delivery
from incidents.models import Incident
from incidents.paging import escalation, escalation_targets, sla_alerts
from periods.models import JournalEntry

KIND: Final = "incident_fires_again"
FIRED: Final = "alert.attached"
TOLD_EVERY: Final = timedelta(minutes=10)


def notify_fired_again(incident: Incident, *, was_calm: bool, alert: str, at: datetime) -> dict[str, Any]:
    """Tell whoever is to hear; what the journal says of it. The incident is held and already as it is now.

    `told` is `owner`, `paged` or empty; `times` counts the firings of the last ten minutes, this one included.
    """
    lately = _lately(incident, at)
    times = len(lately) + 1
    if was_calm:
        told = _page(incident, alert, at) or _mention(incident, alert, times, at)
    elif escalation.is_running(incident) or any(entry.data.get("told") for entry in lately):
        told = ""
    else:
        told = _mention(incident, alert, times, at) or _page(incident, alert, at)
    return {"told": told, "times": times, "minutes": int(TOLD_EVERY.total_seconds() // 60)}


def _lately(incident: Incident, at: datetime) -> list[JournalEntry]:
    entries = JournalEntry.objects.filter(period=incident.period_id, subject=incident.subject, kind=FIRED)
    return list(entries.filter(at__gt=at - TOLD_EVERY, at__lte=at))


def _page(incident: Incident, alert: str, at: datetime) -> str:
    """The owner, then the ladder; nothing where nobody is paged about such an incident."""
    if not escalation_targets.ladder_for_incident(incident).steps:
        return ""
    escalation.start(incident, at=at, first=incident.owner, note=f"{alert} cleared and fires again.")
    sla_alerts.forgive_silence(incident, at=at)
    return "paged"


def _mention(incident: Incident, alert: str, times: int, at: datetime) -> str:
    """The owner, if they can be reached: at once for what people are paged about."""
    urgent = bool(escalation_targets.ladder_for_incident(incident).steps)
    if urgent and incident.owner and contact_points.find_unreachable([incident.owner]):
        return ""
    queued = outbox.notify(
        user=incident.owner,
        kind=KIND,
        period=incident.period,
        subject=incident.subject,
        at=at,
        context={**sla_alerts.incident_context(incident), "alert": alert, "times": times, "at": at.isoformat()},
        urgency=Delivery.Urgency.PAGE if urgent else Delivery.Urgency.NORMAL,
        key=f"{FIRED}:{incident.pk}:{at.isoformat()}",
    )
    return "owner" if queued else ""
