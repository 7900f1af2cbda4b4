"""The command centre: one period at a glance, what needs a human first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors.messaging import delivery
from contributors.readiness import acknowledgements
from contributors.shifts import coverage, roster
from hypercare.models import User
from hypercare.pages.home.attention import build_strip
from hypercare.pages.home.todo import PROMISE_NEAR
from hypercare.pages.period import activity as sentences
from hypercare.pages.period import charts, stepper
from hypercare.ui import verdicts
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.lists import presenters
from incidents.models import Incident
from incidents.paging import rollback
from incidents.reporting import cached_counts, exit_measures
from incidents.stakeholders import updates
from incidents.triage import problems as problem_records
from periods import checklist
from periods.access.access import is_allowed, period_or_404
from periods.exit import criteria
from periods.journal import journal
from periods.models import ChecklistItem, Debrief, GoDecision, Period

SHOWN_INCIDENTS, SHOWN_ACTIVITY, SHOWN_GAPS, SHOWN_CHECKS = 4, 8, 5, 6
MOST_LOOKED_AT = 200  # open incidents whose clocks are read for the attention strip
OPEN_CAP = "open_low_within_cap"
MOST_UNDELIVERED = 50


@login_required
@require_safe
def overview(request: SignedInRequest, key: str) -> HttpResponse:
    """The whole page."""
    period = period_or_404(request.user, key)
    return render(request, "hypercare/period/overview.html", page_context(period, request.user, timezone.now()))


@login_required
@require_safe
def overview_panel(request: SignedInRequest, key: str, panel: str) -> HttpResponse:
    """One panel; 204 while its version is the one the page already shows. The whole page without htmx."""
    period, now = period_or_404(request.user, key), timezone.now()
    if panel not in PANELS:
        raise Http404
    if not is_htmx(request):
        return render(request, "hypercare/period/overview.html", page_context(period, request.user, now))
    if request.GET.get("v") == version_of(period, now):
        return HttpResponse(status=204)
    context = {**shared_context(period, now), **PANELS[panel](period, request.user, now)}
    return render(request, f"hypercare/period/_overview_{panel}.html", context)


@login_required
@require_safe
def activity(request: SignedInRequest, key: str) -> HttpResponse:
    """The journal in words, newest first."""
    period = period_or_404(request.user, key)
    context = {
        "period": period,
        "tab": "overview",
        "tab_counts": tab_counts(period, at=timezone.now()),
        "activity": sentences.describe_entries(journal.newest_entries(period)),
        "may_read_deliveries": is_allowed(request.user, period, "contacts.view"),
        "undelivered": delivery.dead_letters(period)[:MOST_UNDELIVERED],
    }
    return render(request, "hypercare/period/activity.html", context)


def version_of(period: Period, now: datetime) -> str:
    """What the shown data depends on: the journal and the minute."""
    return f"{period.journal_seq}.{int(now.timestamp()) // 60}"


def shared_context(period: Period, now: datetime) -> dict[str, Any]:
    """What every panel needs."""
    return {
        "now": now,
        "period": period,
        "version": version_of(period, now),
        "before": period.status in Period.PRE_LIVE,
    }


def page_context(period: Period, user: User, now: datetime) -> dict[str, Any]:
    """Context of the whole page: that of all its panels."""
    incidents, gaps = open_incidents(period), coverage.upcoming_gaps(period, at=now)
    scored = criteria.scorecard(period, at=now)
    checks = checklist.progress(period, at=now)
    context = {
        **shared_context(period, now),
        "tab": "overview",
        "may_log": period.is_live and is_allowed(user, period, "incidents.report"),
        "may_post": period.is_live and is_allowed(user, period, "updates.post"),
        **_attention(period, incidents, gaps, now),
        **_incidents(period, incidents, user, now),
        **_charts(period, scored, now),
        **_criteria(scored),
        **readiness_panel(period, user, now, checks=checks),
        **coverage_panel(period, user, now, gaps=gaps),
        **on_now_panel(period, user, now),
        **activity_panel(period, user, now),
    }
    context["journey"] = stepper.build_journey(period, context["decision"], at=now)
    counts = context["open_counts"]
    context["tab_counts"] = _tab_counts(checks, len(gaps), counts, exit_figure(period, scored))
    return context


# --- Panels -------------------------------------------------------------------------------------


def attention_panel(period: Period, user: User, now: datetime) -> dict[str, Any]:  # noqa: ARG001  one shape
    """What needs a human."""
    return _attention(period, open_incidents(period), coverage.upcoming_gaps(period, at=now), now)


def incidents_panel(period: Period, user: User, now: datetime) -> dict[str, Any]:
    """The open incidents, the most severe first."""
    return _incidents(period, open_incidents(period), user, now)


def charts_panel(period: Period, user: User, now: datetime) -> dict[str, Any]:  # noqa: ARG001  one shape
    """Arrivals and burn-down."""
    return _charts(period, criteria.scorecard(period, at=now), now)


def criteria_panel(period: Period, user: User, now: datetime) -> dict[str, Any]:  # noqa: ARG001  one shape
    """Exit criteria, unmet first."""
    return _criteria(criteria.scorecard(period, at=now))


def readiness_panel(
    period: Period,
    user: User,  # noqa: ARG001  one shape for all panels
    now: datetime,
    *,
    checks: checklist.ChecklistProgress | None = None,
) -> dict[str, Any]:
    """How ready checks and people are, what still blocks, and the decision."""
    ready, required = acknowledgements.count_ready(period)
    still = ChecklistItem.objects.filter(period=period, status__in=ChecklistItem.STANDING).select_related("owner")
    first = still.order_by("-blocking", "due_at", "id")
    return {
        "checks": checks or checklist.progress(period, at=now),
        "ready": ready,
        "problems": acknowledgements.open_problems(period),
        "required": required,
        "blocking": [(item, item.is_late(now)) for item in first[:SHOWN_CHECKS]],
        "decision": GoDecision.objects.filter(period=period).select_related("by").order_by("-at", "-id").first(),
    }


def coverage_panel(
    period: Period,
    user: User,  # noqa: ARG001  one shape for all panels
    now: datetime,
    *,
    gaps: list[coverage.RoleGap] | None = None,
) -> dict[str, Any]:
    """Gaps of the coming week, or of the first week after go-live."""
    found = coverage.upcoming_gaps(period, at=now) if gaps is None else gaps
    week = coverage.week_looked_at(period, at=now)
    return {"gaps": found[:SHOWN_GAPS], "gaps_total": len(found), "gaps_week": week}


def on_now_panel(period: Period, user: User, now: datetime) -> dict[str, Any]:  # noqa: ARG001  one shape
    """Who is on duty, and the next debrief."""
    on_now = roster.shifts_on_duty(period, at=now)
    coming = Debrief.objects.filter(
        period=period, status__in=("scheduled", "running"), starts_at__gte=now - timedelta(minutes=30)
    ).select_related("period", "chair")
    return {
        "on_now": on_now,
        "on_until": min((shift.ends_at for shift in on_now), default=None),
        "next_debrief": coming.order_by("starts_at", "id").first(),
    }


def activity_panel(period: Period, user: User, now: datetime) -> dict[str, Any]:  # noqa: ARG001  one shape
    """The last things that happened."""
    return {"activity": sentences.describe_entries(journal.newest_entries(period)[:SHOWN_ACTIVITY])}


PANELS: dict[str, Callable[[Period, User, datetime], dict[str, Any]]] = {
    "attention": attention_panel,
    "incidents": incidents_panel,
    "charts": charts_panel,
    "criteria": criteria_panel,
    "readiness": readiness_panel,
    "coverage": coverage_panel,
    "on_now": on_now_panel,
    "activity": activity_panel,
}


def open_incidents(period: Period) -> list[Incident]:
    """Open incidents with their owner, the most severe and oldest first; at most 200. One query."""
    found = Incident.objects.open().filter(period=period).select_related("owner")
    incidents = list(found.order_by("severity", "reported_at", "id")[:MOST_LOOKED_AT])
    for incident in incidents:
        incident.period = period
    return incidents


def _attention(period: Period, incidents: list[Incident], gaps: list[Any], now: datetime) -> dict[str, Any]:
    if period.status in Period.ENDED:  # What stayed open was handed over: nobody is late here any more.
        return {"attention": {"shown": [], "more": 0}}
    undelivered = delivery.dead_letters(period).count()
    problems = acknowledgements.open_problems(period) if period.status in Period.PRE_LIVE else []
    found = build_strip(
        period,
        incidents,
        gaps,
        at=now,
        undelivered=undelivered,
        problems=problems,
        rollbacks=rollback.open_decisions_in(period) if period.is_live else [],
        patterns=problem_records.suggest_problems(period, at=now) if period.is_live else [],
        promises=updates.promised_notices(period, before=now + PROMISE_NEAR),
    )
    return {"attention": found}


def _incidents(period: Period, incidents: list[Incident], user: User, now: datetime) -> dict[str, Any]:
    counts = open_counts(period)
    total = sum(counts.values())
    rows = [presenters.present_row(incident, at=now, viewer=user) for incident in incidents[:SHOWN_INCIDENTS]]
    return {"rows": rows, "open_counts": counts, "open_total": total, "more_incidents": total - len(rows)}


def open_counts(period: Period) -> dict[str, int]:
    """How many are open, by severity. One query."""
    rows = Incident.objects.open().filter(period=period).values(level=F("severity")).annotate(n=Count("id"))
    found = {row["level"]: row["n"] for row in rows.order_by("level")}
    return {str(level): found.get(level, 0) for level in Incident.Severity}


def _charts(period: Period, scored: list[criteria.ScoredCriterion], now: datetime) -> dict[str, Any]:
    if period.status in Period.PRE_LIVE or period.status == Period.Status.CANCELLED:
        return {}
    agreed = [row.criterion.threshold for row in scored if row.criterion.code == OPEN_CAP]
    cap = next((exit_measures.OPEN_LOW_CAP if one is None else one for one in agreed), None)
    return charts.build_charts(period, cap=cap, at=min(now, period.ended_at or now))


def _criteria(scored: list[criteria.ScoredCriterion]) -> dict[str, Any]:
    """Unmet first; among them the mandatory ones."""
    standing = {"fail": 0, "unknown": 1, "pass": 2}
    rows = sorted(scored, key=lambda row: (standing[row.reading.verdict], not row.criterion.mandatory))
    return {
        "scored": rows,
        "criteria_met": sum(row.reading.verdict == "pass" for row in scored),
        "criteria_states": [verdicts.SHOWN[row.reading.verdict].segment for row in reversed(rows)],
    }


# --- Tabs ---------------------------------------------------------------------------------------


def tab_counts(period: Period, *, at: datetime) -> dict[str, Any]:
    """The small figures on the tabs, counted once per version of the period and minute."""
    key = f"tabs:{period.pk}:{cached_counts.minute_stamp([period], at=at)}"
    found: dict[str, Any] = cached_counts.count_once(key, lambda: _counted_tabs(period, at))
    return found


def _counted_tabs(period: Period, at: datetime) -> dict[str, Any]:
    scored = criteria.scorecard(period, at=at)
    gaps = len(coverage.upcoming_gaps(period, at=at))
    return _tab_counts(checklist.progress(period, at=at), gaps, open_counts(period), exit_figure(period, scored))


def exit_figure(period: Period, scored: list[criteria.ScoredCriterion]) -> str:
    """`3/8` criteria met; empty before go-live, when “no P1 is open” says nothing yet."""
    if not scored or period.status in Period.PRE_LIVE:
        return ""
    return f"{sum(row.reading.verdict == 'pass' for row in scored)}/{len(scored)}"


def _tab_counts(
    checks: checklist.ChecklistProgress, gaps: int, counts: dict[str, int], exit_review: str
) -> dict[str, Any]:
    return {
        "readiness": f"{checks.percent} %" if checks.total else "",
        "coverage_gaps": gaps,
        "incidents": sum(counts.values()),
        "incidents_red": counts["P1"] > 0,
        "exit": exit_review,
    }
