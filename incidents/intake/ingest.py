"""Alerts in: what a monitoring tool pushes becomes alerts; which incident a firing one needs, `firing.py` says.

One transaction per payload, answered after commit. A repeat of what is known to fire, and needs nothing, only touches
its row; anything else holds the period first, so parallel senders of one alert open one incident.

Messages come late and twice, and some never come: an end that was lost shows when the alert fires with a newer start,
and one that was delayed, or a firing that had ended by then, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet

from contributors.links import links
from incidents.intake import firing, severity_words
from incidents.intake.sources import ReportedAlert
from incidents.models import Alert, AlertSource, Incident, RejectedPayload
from periods.journal import journal
from periods.models import Period

REJECTED_KEPT: Final = 100
REJECTED_LONGEST: Final = 64 * 1024
USE_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class AlertOutcome:
    """What became of one alert: the incident it belongs to, if any."""

    fingerprint: str
    incident: str | None


def find_source(kind: str, token: str) -> AlertSource | None:
    """The source a token belongs to; None for an unknown or revoked one, or one of another kind. One query."""
    found = AlertSource.objects.filter(token_hash=links.hash_of(token), kind=kind, revoked_at__isnull=True)
    return found.select_related("period").first()


def receive_alerts(source: AlertSource, reported: Sequence[ReportedAlert], *, at: datetime) -> list[AlertOutcome]:
    """Take in one payload, all of it or nothing; one outcome per alert, in its order."""
    return _touch(source, reported, at=at) or _take_in(source, reported, at=at)


@transaction.atomic
def keep_rejected(source: AlertSource, *, body: str, reason: str, at: datetime) -> None:
    """Keep a body that could not be read, for inspection: the newest hundred of each source."""
    body = body.replace("\x00", "")[:REJECTED_LONGEST]
    RejectedPayload.objects.create(source=source, at=at, reason=reason, body=body)
    kept = RejectedPayload.objects.filter(source=source).order_by("-id").values_list("pk", flat=True)
    RejectedPayload.objects.filter(pk__in=list(kept[REJECTED_KEPT:])).delete()


@transaction.atomic
def _touch(source: AlertSource, reported: Sequence[ReportedAlert], *, at: datetime) -> list[AlertOutcome]:
    """The usual payload: all of it is known to fire, and needs nothing. Nothing is written, and [] returned, else."""
    told = {alert.fingerprint: alert for alert in reported}
    if len(told) < len(reported) or not all(alert.firing for alert in reported):
        return []
    held = list(_firing(source, told).select_for_update(of=("self",)).order_by("id"))
    if len(held) < len(told) or not all(_says_nothing_new(row, told, source, at) for row in held):
        return []
    _note_seen((alert.pk for alert in held), at)
    _note_use(source, reported, at)
    incidents = {alert.fingerprint: alert.incident for alert in held}
    return [_outcome(source, alert.fingerprint, incidents[alert.fingerprint]) for alert in reported]


def _says_nothing_new(row: Alert, told: Mapping[str, ReportedAlert], source: AlertSource, at: datetime) -> bool:
    return told[row.fingerprint].started_at <= row.started_at and firing.is_handled(row, source.period, at=at)


@transaction.atomic
def _take_in(source: AlertSource, reported: Sequence[ReportedAlert], *, at: datetime) -> list[AlertOutcome]:
    source.period = Period.objects.locked().get(pk=source.period_id)
    known = {alert.fingerprint: alert for alert in _firing(source, {alert.fingerprint for alert in reported})}
    outcomes = []
    for told in reported:
        row = known.pop(told.fingerprint, None)
        alert = _told_again(row, told, source, at) if row else _told_first(told, source, at)
        if alert.ended_at is None:
            known[told.fingerprint] = alert
        outcomes.append(_outcome(source, told.fingerprint, alert.incident))
    _note_use(source, reported, at)
    return outcomes


def _told_again(alert: Alert, told: ReportedAlert, source: AlertSource, at: datetime) -> Alert:
    """A repeat, the end of what fires, or its next firing where the end in between was lost."""
    alert.source, alert.period = source, source.period
    if told.firing and told.started_at > alert.started_at:
        _clear(alert, told.started_at, source, at)
        return _told_first(told, source, at)
    _note_seen([alert.pk], at)
    if told.firing and not firing.is_handled(alert, source.period, at=at):
        alert.incident = firing.ensure_incident(alert, at=at, left_out=told.left_out)
        alert.save(update_fields=["incident"])
    elif not told.firing and (told.ended_at or at) >= alert.started_at:
        _clear(alert, told.ended_at or at, source, at)
    return alert


def _told_first(told: ReportedAlert, source: AlertSource, at: datetime) -> Alert:
    """Something new, unless it has ended by what is known: an end that nobody told the beginning of is kept once."""
    if over := _ended(told, source):
        _note_seen([over.pk], at)
        return over
    alert = Alert(source=source, period=source.period, last_seen_at=at, **_facts(told))
    if told.firing:
        alert.incident = firing.ensure_incident(alert, at=at, is_new=True, left_out=told.left_out)
    else:
        alert.ended_at = told.ended_at or at
    alert.save()
    return alert


def _ended(told: ReportedAlert, source: AlertSource) -> Alert | None:
    """The firing it tells of, where that is over: the end came first, or came before."""
    same = Alert.objects.filter(source=source, fingerprint=told.fingerprint, ended_at__isnull=False)
    over = same.filter(started_at__gte=told.started_at) if told.firing else same.filter(started_at=told.started_at)
    return over.select_related("incident").order_by("-started_at", "-id").first()


def _clear(alert: Alert, ended_at: datetime, source: AlertSource, at: datetime) -> None:
    """The alert ends; its incident stays open until a person says what was wrong."""
    alert.ended_at = max(ended_at, alert.started_at)
    alert.save(update_fields=["ended_at"])
    if alert.incident:
        _journal_clear(source.period, alert.incident, alert, at)


def _facts(told: ReportedAlert) -> dict[str, Any]:
    return {
        "fingerprint": told.fingerprint,
        "name": told.name[:200],
        "summary": told.summary,
        "labels": told.labels,
        "description": told.description,
        "level": told.level[: severity_words.LONGEST],
        "component": told.component[:80],
        "annotations": told.annotations,
        "link": told.link,
        "started_at": told.started_at,
    }


def _firing(source: AlertSource, fingerprints: Iterable[str]) -> QuerySet[Alert]:
    rows = Alert.objects.filter(source=source, fingerprint__in=fingerprints, ended_at__isnull=True)
    return rows.select_related("incident")


def _note_seen(pks: Iterable[int], at: datetime) -> None:
    Alert.objects.filter(pk__in=list(pks)).update(last_seen_at=at, count=F("count") + 1)


def _note_use(source: AlertSource, reported: Sequence[ReportedAlert], at: datetime) -> None:
    """Roughly when the token was used (once a minute is enough and spares a write a payload), and what was cut off."""
    fields = []
    if source.last_used_at is None or at - source.last_used_at >= USE_NOTED_EVERY:
        source.last_used_at = at
        fields.append("last_used_at")
    left_out = max((alert.left_out for alert in reported), default=0)
    if left_out and (fields or left_out != source.left_out):
        source.left_out, source.left_out_at = left_out, at
        fields += ["left_out", "left_out_at"]
    if fields:
        source.save(update_fields=fields)


def _journal_clear(period: Period, incident: Incident, alert: Alert, at: datetime) -> None:
    incident.period = period
    journal.record(
        period,
        "alert.cleared",
        by=None,
        at=at,
        subject=incident.subject,
        via=firing.VIA,
        key=incident.key,
        title=incident.title,
        severity=incident.severity,
        alert=alert.name,
        summary=alert.summary[:500],
        fingerprint=alert.fingerprint,
    )


def _outcome(source: AlertSource, fingerprint: str, incident: Incident | None) -> AlertOutcome:
    return AlertOutcome(fingerprint, f"{source.period.key}-{incident.number}" if incident else None)
