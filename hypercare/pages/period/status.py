"""The status document: one period in one answer, for those who poll."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.messaging import delivery
from contributors.readiness import acknowledgements
from contributors.shifts import coverage, roster
from hypercare import api
from hypercare.engine import engine
from hypercare.models import User
from incidents.reporting import cached_counts, exit_measures, period_health
from periods import checklist
from periods.access.access import period_or_404, version_or_404
from periods.exit import criteria
from periods.models import Debrief, Period

ENGINE_S: Final = 5  # how old the word about the engine may be


class StatusReadinessOut(serializers.Serializer[Any]):
    """Checks done in percent (blockers weigh three times), open blockers, people who are ready of those who must be."""

    percent = serializers.IntegerField()
    blockers = serializers.IntegerField()
    acknowledged = serializers.IntegerField()
    required = serializers.IntegerField()  # type: ignore[assignment]  # the document's own name


class StatusOpenOut(serializers.Serializer[Any]):
    """Open incidents by severity."""

    P1 = serializers.IntegerField()
    P2 = serializers.IntegerField()
    P3 = serializers.IntegerField()
    P4 = serializers.IntegerField()


class StatusIncidentCountsOut(serializers.Serializer[Any]):
    """What is open, what of it nobody owns or is late, and what came and went in 24 hours."""

    open = StatusOpenOut()
    unowned = serializers.IntegerField()
    late = serializers.IntegerField()
    arrived_24h = serializers.IntegerField()
    resolved_24h = serializers.IntegerField()


class StatusSlaOut(serializers.Serializer[Any]):
    """Promises on P1 and P2 in 7 days; `attainment` in percent, null when nothing was due."""

    met = serializers.IntegerField()
    late = serializers.IntegerField()
    attainment = serializers.FloatField(allow_null=True)


class StatusOnDutyOut(serializers.Serializer[Any]):
    """Somebody who is on duty now."""

    role = serializers.CharField()
    person = serializers.CharField()
    until = serializers.DateTimeField()


class StatusCoverOut(serializers.Serializer[Any]):
    """Minutes below the headcount in the next 72 hours, all roles together."""

    gap_minutes_72h = serializers.IntegerField()


class StatusExitFigureOut(serializers.Serializer[Any]):
    """Exit criteria met; the verdict looks at the mandatory ones only."""

    met = serializers.IntegerField()
    total = serializers.IntegerField()
    verdict = serializers.CharField(help_text="met or not_met")


class StatusEngineOut(serializers.Serializer[Any]):
    """Whether timers run on time, and how late the oldest due one is, in seconds."""

    ok = serializers.BooleanField()
    oldest_due_s = serializers.FloatField()
    undelivered = serializers.IntegerField(help_text="Messages of this period that could not be sent.")


class StatusOut(serializers.Serializer[Any]):
    """One period in one answer. Times are RFC 3339 in UTC."""

    key = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    period_health = serializers.CharField(help_text="green, amber or red")
    health_reasons = serializers.ListField(child=serializers.CharField())
    day = serializers.IntegerField(help_text="1 on the day of go-live, 0 before it")
    days = serializers.IntegerField()
    go_live_at = serializers.DateTimeField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    readiness = StatusReadinessOut()
    incidents = StatusIncidentCountsOut()
    sla = StatusSlaOut()
    on_call = StatusOnDutyOut(many=True)
    coverage = StatusCoverOut()
    next_debrief_at = serializers.DateTimeField(allow_null=True)
    exit = StatusExitFigureOut()
    engine = StatusEngineOut()
    updated_at = serializers.DateTimeField()


@extend_schema(responses={200: StatusOut, 304: None}, summary="Status of a period", tags=["periods"])
@api_view(["GET"])
def status(request: Request, key: str) -> Response:
    """The document pollers read; `If-None-Match` answers 304 while nothing changed within the minute."""
    user, now = api.person(request), timezone.now()
    etag = api.etag_of(*version_or_404(user, key), int(now.timestamp()) // 60)
    return api.not_modified(request, etag) or Response(_current(user, key, etag, now), headers={"ETag": etag})


def _current(user: User, key: str, version: str, now: datetime) -> dict[str, Any]:
    """The document, made once for all who poll until its version ends; the engine is looked at more often."""
    found: dict[str, Any] = cached_counts.count_once(
        f"status:{version}", lambda: status_document(period_or_404(user, key), at=now)
    )
    engine_now = cached_counts.count_once(f"engine:{int(now.timestamp()) // ENGINE_S}", lambda: _engine(now))
    return {**found, "engine": {**found["engine"], **engine_now}}


def status_document(period: Period, *, at: datetime) -> dict[str, Any]:
    """The whole document; times are RFC 3339 UTC. A constant number of queries."""
    counts = exit_measures.count_incidents(period, at=at)
    gap = coverage.gap_minutes(period, start=at, end=at + timedelta(hours=72)) if not _over(period) else 0
    colour, reasons = period_health.judge_health(period, counts, gap, at=at)
    return {
        "key": period.key,
        "name": period.name,
        "status": period.status,
        "health": colour,
        "health_reasons": reasons,
        "day": period.window_day(at).number,
        "days": period.days,
        "go_live_at": period.go_live_at,
        "starts_at": period.starts_at,
        "ends_at": period.ends_at,
        "readiness": _readiness(period, at),
        "incidents": {name: counts[name] for name in ("open", "unowned", "late", "arrived_24h", "resolved_24h")},
        "sla": counts["sla"],
        "on_call": [
            {"role": shift.role.name, "person": shift.user.name, "until": shift.ends_at}
            for shift in roster.shifts_on_duty(period, at=at)
        ],
        "coverage": {"gap_minutes_72h": gap},
        "next_debrief_at": next_debrief_at(period, at=at),
        "exit": _exit(period, at),
        "engine": {**_engine(at), "undelivered": delivery.dead_letters(period).count()},
        "updated_at": at,
    }


def _over(period: Period) -> bool:
    return period.status in Period.ENDED


def _readiness(period: Period, at: datetime) -> dict[str, int]:
    checks = checklist.progress(period, at=at)
    acknowledged, required = acknowledgements.count_ready(period)
    return {
        "percent": checks.percent,
        "blockers": checks.blockers_open,
        "acknowledged": acknowledged,
        "required": required,
    }


def _exit(period: Period, at: datetime) -> dict[str, Any]:
    scored = criteria.scorecard(period, at=at)
    met = sum(row.reading.verdict == "pass" for row in scored)
    missing = any(row.criterion.mandatory and row.reading.verdict != "pass" for row in scored)
    return {"met": met, "total": len(scored), "verdict": "not_met" if missing or not scored else "met"}


def _engine(at: datetime) -> dict[str, Any]:
    found = engine.read_condition(at=at)
    return {"ok": found.ok, "oldest_due_s": round(found.overdue.total_seconds(), 1)}


def next_debrief_at(period: Period, *, at: datetime) -> datetime | None:
    """When the next debrief that is not over starts."""
    coming = Debrief.objects.filter(period=period, status__in=("scheduled", "running"), starts_at__gte=at)
    return coming.order_by("starts_at", "id").values_list("starts_at", flat=True).first()
