"""Which incident an alert that fires needs: derived from how things stand, not from the message that says it.

An alert that fires in a live period without an open incident needs one. That is looked at when it is told, whenever it
is told again, and when the period goes live; a message that was lost, or came before go-live, therefore mutes nothing.
A person who resolves an incident while its alert still fires is not fought: what merely goes on is left alone for a
quarter of an hour, and for good where the alert was judged not to be a problem. Only a repeat after that, or an alert
that cleared and fires anew, brings it back: the same incident within a day, a new one afterwards.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.db.models import Q, QuerySet

from hypercare.engine import timers
from incidents.intake import severity_words
from incidents.models import Alert, Incident
from incidents.triage import triage, validation
from periods.models import JournalEntry, Period

VIA: Final = "alert"
COMES_BACK_WITHIN: Final = timedelta(hours=24)
LEFT_ALONE: Final = timedelta(minutes=15)  # Longer than an alert takes to clear once its cause is mended.
LOOK: Final = "alert.look"
WENT_LIVE: Final = ("period.started", "period.reopened")
AT_ONCE: Final = 25  # incidents opened under one lock of the period; a report of a person waits no longer


def is_handled(alert: Alert, period: Period, *, at: datetime) -> bool:
    """Whether nothing is to be done about an alert that goes on firing. Its incident must be loaded; no query."""
    incident = alert.incident
    if not period.is_live:
        return True
    return incident is not None and (incident.is_open or _is_left_alone(incident, at))


def ensure_incident(alert: Alert, *, at: datetime, is_new: bool = False, left_out: int = 0) -> Incident | None:
    """The incident a firing alert needs: found, brought back or opened. The alert itself is not saved.

    Its period must be held. `is_new` when it fires anew, which brings back even what a person has just resolved;
    `left_out` says how many alerts of its group were not told. None outside a live period.
    """
    if not alert.period.is_live:
        return alert.incident
    incident = alert.incident or _incident_before(alert)
    if incident is None:
        return _report(alert, at, left_out)
    if incident.is_open:
        return (
            triage.record_fired_again(incident.pk, alert=_said(alert, left_out), at=at, via=VIA) if is_new else incident
        )
    if not is_new and _is_left_alone(incident, at):
        return incident
    if incident.resolved_at and at - incident.resolved_at <= COMES_BACK_WITHIN:
        how = "fired again" if is_new else "still fires"
        return triage.reopen(incident.pk, reason=f"{alert.name} {how}.", by=None, at=at, via=VIA)
    return _report(alert, at, left_out)


def _is_left_alone(incident: Incident, at: datetime) -> bool:
    """Whether a person ended it so lately, or in such a way, that its alert going on is no news."""
    if incident.ending == Incident.Ending.NOT_A_PROBLEM or incident.resolved_at is None:
        return True
    return at - incident.resolved_at < LEFT_ALONE


def _incident_before(alert: Alert) -> Incident | None:
    """The incident of the newest earlier firing of the same alert that had one."""
    same = Alert.objects.filter(source=alert.source, fingerprint=alert.fingerprint, incident__isnull=False)
    last = same.select_related("incident").order_by("-id").first()
    return last.incident if last else None


def _report(alert: Alert, at: datetime, left_out: int) -> Incident:
    period, reading = alert.period, severity_words.read_from(alert.source, alert.level)
    impact, urgency = reading.pair
    systems = {system.lower(): system for system in period.systems}
    return triage.report(
        period.pk,
        title=(alert.summary.strip() or alert.name)[:200],
        impact=impact,
        urgency=urgency,
        by=None,
        at=at,
        description=alert.description[: validation.LONGEST_TEXT],
        component=systems.get(alert.component.lower(), ""),
        source=Incident.Source.ALERT,
        alert=_said(alert, left_out),
        via=VIA,
    )


def _said(alert: Alert, left_out: int) -> dict[str, Any]:
    """What the journal keeps of an alert."""
    reading = severity_words.read_from(alert.source, alert.level)
    return {
        "alert": alert.name,
        "summary": alert.summary[:500],
        "fingerprint": alert.fingerprint,
        **({} if reading.is_known else {"unknown_severity": severity_words.describe_unknown(alert.level)}),
        **({"left_out": left_out} if left_out else {}),
    }


# --- When the period goes live ------------------------------------------------------------------


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: once the period is live, what fires already is looked at. A replay finds it met."""
    if entry.kind in WENT_LIVE:
        _look_later(entry.period_id, since=entry.pk, turn=0, at=at)


def on_recheck(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  a handler
    """Timer handler: meet what fires and has no open incident, some of it at a time so that people get a turn."""
    period = Period.objects.locked().get(pk=args["period"])
    found = (alert for alert in _unmet(period).iterator() if not is_handled(alert, period, at=at))
    unmet = list(islice(found, AT_ONCE + 1))
    for alert in unmet[:AT_ONCE]:
        alert.period = period
        alert.incident = ensure_incident(alert, at=at)
        alert.save(update_fields=["incident"])
    if len(unmet) > AT_ONCE:
        _look_later(period.pk, since=args["since"], turn=args["turn"] + 1, at=at)


def _unmet(period: Period) -> QuerySet[Alert]:
    """What fires by the word of a source that is still trusted, without an open incident; the oldest first."""
    firing = Alert.objects.filter(period=period, ended_at__isnull=True, source__revoked_at__isnull=True)
    needy = firing.filter(Q(incident__isnull=True) | Q(incident__resolved_at__isnull=False))
    return needy.select_related("source", "incident").order_by("started_at", "id")


def _look_later(period_id: int, *, since: int, turn: int, at: datetime) -> None:
    args = {"period": period_id, "since": since, "turn": turn}
    timers.arm(f"{LOOK}:{period_id}:{since}:{turn}", kind=LOOK, due_at=at, args=args)
