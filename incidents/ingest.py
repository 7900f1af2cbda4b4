"""Alerts in: what a monitoring tool pushes becomes alerts, and a firing one becomes an incident.

One transaction per payload, answered after commit. A repeat of what is known to fire only touches its row;
anything else holds the period first, so parallel senders of one alert open one incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet

from contributors import links
from incidents import inputs, triage
from incidents.models import Alert, AlertSource, Incident, RejectedPayload
from incidents.sources import Reported
from periods import journal
from periods.models import Period

COMES_BACK_WITHIN: Final = timedelta(hours=24)
REJECTED_KEPT: Final = 100
REJECTED_LONGEST: Final = 64 * 1024
USE_NOTED_EVERY: Final = timedelta(minutes=1)
LEVELS: Final[dict[str, str]] = {"critical": "high", "warning": "medium", "info": "low"}
VIA: Final = "alert"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one alert: the incident it belongs to, if any."""

    fingerprint: str
    incident: str | None


def source_of(kind: str, token: str) -> AlertSource | None:
    """The source a token belongs to; None for an unknown or revoked one, or one of another kind. One query."""
    found = AlertSource.objects.filter(token_hash=links.hash_of(token), kind=kind, revoked_at__isnull=True)
    return found.select_related("period").first()


def receive(source: AlertSource, reported: Sequence[Reported], *, at: datetime) -> list[Outcome]:
    """Take in one payload, all of it or nothing; one outcome per alert, in its order."""
    return _touch(source, reported, at=at) or _take_in(source, reported, at=at)


@transaction.atomic
def reject(source: AlertSource, *, body: str, reason: str, at: datetime) -> None:
    """Keep a body that could not be read, for inspection: the newest hundred of each source."""
    body = body.replace("\x00", "")[:REJECTED_LONGEST]
    RejectedPayload.objects.create(source=source, at=at, reason=reason, body=body)
    kept = RejectedPayload.objects.filter(source=source).order_by("-id").values_list("pk", flat=True)
    RejectedPayload.objects.filter(pk__in=list(kept[REJECTED_KEPT:])).delete()


@transaction.atomic
def _touch(source: AlertSource, reported: Sequence[Reported], *, at: datetime) -> list[Outcome]:
    """The usual payload: everything in it is known to fire. Nothing is written, and [] returned, otherwise."""
    wanted = {alert.fingerprint for alert in reported}
    if len(wanted) < len(reported) or not all(alert.firing for alert in reported):
        return []
    rows = _firing(source, wanted)
    held = list(rows.select_for_update(of=("self",)).order_by("id"))
    if len(held) < len(wanted):
        return []
    _note_seen((alert.pk for alert in held), at)
    _note_use(source, at)
    incidents = {alert.fingerprint: alert.incident for alert in held}
    return [_outcome(source, alert.fingerprint, incidents[alert.fingerprint]) for alert in reported]


@transaction.atomic
def _take_in(source: AlertSource, reported: Sequence[Reported], *, at: datetime) -> list[Outcome]:
    source.period = Period.objects.locked().get(pk=source.period_id)
    firing = {
        alert.fingerprint: alert for alert in _firing(source, {alert.fingerprint for alert in reported})
    }
    outcomes = []
    for told in reported:
        known = firing.pop(told.fingerprint, None)
        alert = _told_again(known, told, source, at) if known else _told_first(told, source, at)
        if alert.ended_at is None:
            firing[told.fingerprint] = alert
        outcomes.append(_outcome(source, told.fingerprint, alert.incident))
    _note_use(source, at)
    return outcomes


def _told_again(alert: Alert, told: Reported, source: AlertSource, at: datetime) -> Alert:
    """A repeat, or the end of what fires."""
    _note_seen([alert.pk], at)
    if not told.firing:
        _clear(alert, told, source, at)
    return alert


def _told_first(told: Reported, source: AlertSource, at: datetime) -> Alert:
    """Something new; the end of what was never told is kept once, without an incident."""
    if not told.firing:
        return _kept_end(told, source, at)
    incident = _incident_for(told, source, at)
    return Alert.objects.create(source=source, incident=incident, last_seen_at=at, **_facts(told, source))


def _kept_end(told: Reported, source: AlertSource, at: datetime) -> Alert:
    before = Alert.objects.filter(source=source, fingerprint=told.fingerprint, started_at=told.started_at)
    seen = before.select_related("incident").order_by("-id").first()
    ended_at = told.ended_at or at
    return seen or Alert.objects.create(
        source=source, last_seen_at=at, ended_at=ended_at, **_facts(told, source)
    )


def _clear(alert: Alert, told: Reported, source: AlertSource, at: datetime) -> None:
    """The alert ends; its incident stays open until a person says what was wrong."""
    alert.ended_at = max(told.ended_at or at, alert.started_at)
    alert.save(update_fields=["ended_at"])
    if alert.incident:
        _journal(source.period, alert.incident, "alert.cleared", told, at)


def _incident_for(told: Reported, source: AlertSource, at: datetime) -> Incident | None:
    """The open incident of the same alert, the one resolved within a day, or a new one; none outside a live period."""
    period = source.period
    if not period.is_live:
        return None
    before = Alert.objects.filter(source=source, fingerprint=told.fingerprint, incident__isnull=False)
    last = before.select_related("incident").order_by("-id").first()
    incident = last.incident if last else None
    if incident and incident.is_open:
        _journal(period, incident, "alert.attached", told, at)
        return incident
    if incident and incident.resolved_at and at - incident.resolved_at <= COMES_BACK_WITHIN:
        return triage.reopen(incident.pk, reason=f"{told.name} fired again.", by=None, at=at, via=VIA)
    return _report(told, period, at)


def _report(told: Reported, period: Period, at: datetime) -> Incident:
    level = LEVELS.get(told.level, "medium")
    systems = {system.lower(): system for system in period.systems}
    return triage.report(
        period.pk, title=(told.summary.strip() or told.name)[:200], impact=level, urgency=level, by=None, at=at,
        description=told.description[: inputs.LONGEST_TEXT], component=systems.get(told.component.lower(), ""),
        source=Incident.Source.ALERT, alert=told.name[:200], via=VIA,
    )  # fmt: skip


def _facts(told: Reported, source: AlertSource) -> dict[str, object]:
    return {
        "period": source.period, "fingerprint": told.fingerprint, "name": told.name[:200], "summary": told.summary,
        "labels": told.labels, "annotations": told.annotations, "link": told.link, "started_at": told.started_at,
    }  # fmt: skip


def _firing(source: AlertSource, fingerprints: Iterable[str]) -> QuerySet[Alert]:
    rows = Alert.objects.filter(source=source, fingerprint__in=fingerprints, ended_at__isnull=True)
    return rows.select_related("incident")


def _note_seen(pks: Iterable[int], at: datetime) -> None:
    Alert.objects.filter(pk__in=list(pks)).update(last_seen_at=at, count=F("count") + 1)


def _note_use(source: AlertSource, at: datetime) -> None:
    """Roughly when the token was used; once a minute is enough and spares a write a payload."""
    if source.last_used_at is None or at - source.last_used_at >= USE_NOTED_EVERY:
        source.last_used_at = at
        source.save(update_fields=["last_used_at"])


def _journal(period: Period, incident: Incident, kind: str, told: Reported, at: datetime) -> None:
    incident.period = period
    journal.record(
        period, kind, by=None, at=at, subject=incident.subject, via=VIA, key=incident.key, title=incident.title,
        severity=incident.severity, alert=told.name, summary=told.summary[:500], fingerprint=told.fingerprint,
    )  # fmt: skip


def _outcome(source: AlertSource, fingerprint: str, incident: Incident | None) -> Outcome:
    return Outcome(fingerprint, f"{source.period.key}-{incident.number}" if incident else None)
