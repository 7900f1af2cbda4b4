"""The go/no-go meeting: what is known, who votes how, the sponsor's decision, and every decision on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.readiness import acknowledgements
from contributors.shifts import coverage
from hypercare.exceptions import Invalid, NotAllowed, Refused
from hypercare.pages.go.go_forms import DecideForm, GoRiskForm, MetForm, VoteForm
from hypercare.pages.period import overview
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.models import Incident
from periods import checklist
from periods.access.access import is_allowed, period_or_404
from periods.go import conditions, gonogo, risks
from periods.lifecycle import gates
from periods.models import ChecklistItem, GoCondition, GoDecision, GoRisk, Period

FIRST_DAYS: Final = timedelta(days=7)
MOST_OPEN: Final = 50
PARTS: Final = {"facts": "hypercare/go/_facts.html", "votes": "hypercare/go/_votes.html"}


# --- Pages ----------------------------------------------------------------------------------------


@login_required
@require_safe
def show_meeting(request: SignedInRequest, key: str) -> HttpResponse:
    """The meeting."""
    return _page(request, period_or_404(request.user, key))


@login_required
@require_safe
def meeting_panel(request: SignedInRequest, key: str, part: str) -> HttpResponse:
    """One live part; 204 while the page shows it already, the whole page without htmx."""
    period, now = period_or_404(request.user, key), timezone.now()
    if request.GET.get("v") == _version(period, now):
        return HttpResponse(status=204)
    if part not in PARTS or not is_htmx(request):
        return _page(request, period)
    return render(request, PARTS[part], _context(request, period, now))


@login_required
@require_safe
def decision(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """One decision as it was made, how its conditions went, and all others."""
    period, now = period_or_404(request.user, key), timezone.now()
    found = get_object_or_404(_decisions(period), pk=pk)
    context = {
        "period": period,
        "now": now,
        "tab": "readiness",
        "tab_counts": overview.tab_counts(period, at=now),
        "decision": found,
        "conditions": _conditions(found),
        "decisions": list(_decisions(period)),
        "turned_by": GoDecision.objects.filter(turns=found).first(),
        "waived": [row for row in found.snapshot.get("checks", []) if row.get("status") == "waived"],
        "unfinished": [row for row in found.snapshot.get("checks", []) if row.get("status") in ("open", "failed")],
    }
    return render(request, "hypercare/go/decision.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def meet_condition(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Say that a condition is met, with what shows it."""
    period, now = period_or_404(request.user, key), timezone.now()
    row = get_object_or_404(GoCondition.objects.select_related("owner", "settled_by", "decision"), pk=pk, period=period)
    row.period, form, status = period, MetForm(request.POST or None), 200
    if request.method == "POST":
        form.is_bound, status = True, 422
        if form.is_valid():
            try:
                conditions.meet_condition(row.pk, **form.cleaned_data, by=request.user, at=now)
            except NotAllowed:
                raise
            except Refused as refusal:
                status = add_errors(form, refusal)
            else:
                messages.success(request, "The condition is met.")
                return redirect("period_go", key=period.key)
    context = {
        "period": period,
        "now": now,
        "tab": "readiness",
        "tab_counts": overview.tab_counts(period, at=now),
        "row": row,
        "form": form,
        "may": conditions.may_settle(row, request.user),
        "late": row.is_late(now),
    }
    return render(request, "hypercare/go/met.html", context, status=status)


# --- Acts -----------------------------------------------------------------------------------------


@login_required
@require_POST
def vote(request: SignedInRequest, key: str) -> HttpResponse:
    """Go, or hold with a reason."""
    period, form = period_or_404(request.user, key), VoteForm(request.POST)
    if form.is_valid():
        try:
            cast = gonogo.vote(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, f"Your vote: {cast.get_choice_display().lower()}")
            return redirect(f"{reverse('period_go', kwargs={'key': period.key})}#votes")
    return _page(request, period, status=422, vote_form=form)


@login_required
@require_POST
def decide(request: SignedInRequest, key: str) -> HttpResponse:
    """The sponsor's decision; a refusal comes back on the same page with everything that was typed."""
    period, now = period_or_404(request.user, key), timezone.now()
    form, status = (DecideForm(request.POST, period=period, found=gonogo.find_blockers(period, at=now), at=now), 422)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = gonogo.decide(
                period.pk,
                outcome=data["outcome"],
                reason=data["reason"],
                conditions=form.conditions,
                go_live_at=data["go_live_at"],
                by=request.user,
                at=now,
            )
        except NotAllowed:
            raise
        except Refused as refusal:
            status = add_errors(form, refusal)
        else:
            messages.success(request, f"Decided: {made.get_outcome_display().lower()}")
            return redirect(made)
    return _page(request, period, status=status, decide_form=form)


@login_required
@require_POST
def add_risk(request: SignedInRequest, key: str) -> HttpResponse:
    """One more of the top risks."""
    period, form, status = period_or_404(request.user, key), GoRiskForm(request.POST), 422
    if form.is_valid():
        try:
            risks.add(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except NotAllowed:
            raise
        except Refused as refusal:
            status = add_errors(form, refusal)
        else:
            messages.success(request, "The risk is on the list.")
            return redirect(f"{reverse('period_go', kwargs={'key': period.key})}#risks")
    return _page(request, period, status=status, risk_form=form)


@login_required
@require_POST
def remove_risk(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Take a risk off the list."""
    period = period_or_404(request.user, key)
    row = get_object_or_404(GoRisk, pk=pk, period=period)
    risks.remove(row.pk, by=request.user, at=timezone.now())
    messages.success(request, "The risk is off the list.")
    return redirect(f"{reverse('period_go', kwargs={'key': period.key})}#risks")


# --- What the page shows --------------------------------------------------------------------------


def _page(request: SignedInRequest, period: Period, *, status: int = 200, **forms: Any) -> HttpResponse:
    now = timezone.now()
    context = _context(request, period, now)
    context |= {"tab": "readiness", "tab_counts": overview.tab_counts(period, at=now), "risk_form": GoRiskForm()}
    mine, getting_ready = context["my_vote"], context["getting_ready"]
    if context["may_vote"]:
        said = {"choice": mine.choice, "reason": mine.reason, "flip": mine.flip} if mine else {}
        context["vote_form"] = VoteForm(initial=said)
    if getting_ready and period.sponsor_id == request.user.pk:
        context["decide_form"] = DecideForm(period=period, found=context["objections"], at=now)
    context |= {name: form for name, form in forms.items() if name in context}
    return render(request, "hypercare/go/meeting.html", context, status=status)


def _version(period: Period, now: datetime) -> str:
    """What is shown depends on the journal, and on the minute, because deadlines pass by themselves."""
    return f"{period.journal_seq}.{int(now.timestamp()) // 60}"


def _context(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    getting_ready = period.status == Period.Status.READINESS
    seats = gonogo.seats_of(period)
    latest = _decisions(period).first()
    mine = period.go_votes.filter(voter=request.user, replaced_at__isnull=True).first()
    return {
        "period": period,
        "now": now,
        "version": _version(period, now),
        "getting_ready": getting_ready,
        "objections": gonogo.find_blockers(period, at=now) if getting_ready else [],
        "advice": gates.gather_advice(period, at=now),
        "seats": seats,
        "quorum": gonogo.quorum_of(seats),
        "my_vote": mine,
        "may_vote": getting_ready and any(seat.seats(request.user) for seat in seats),
        "decision": latest,
        "conditions": _conditions(latest),
        "decisions": list(_decisions(period)),
        "risks": risks.standing_risks(period),
        "may_risk": period.status in Period.PRE_LIVE and is_allowed(request.user, period, "checks.manage"),
        "people": period.memberships.filter(left_at__isnull=True).count(),
        **_checks(period, now),
        **_cover(period),
        **_defects(period),
        **_ready(period),
    }


def _ready(period: Period) -> dict[str, Any]:
    ready, required = acknowledgements.count_ready(period)
    return {"ready": ready, "required": required}


def _checks(period: Period, now: datetime) -> dict[str, Any]:
    listed = period.checklist.select_related("owner", "waived_by").prefetch_related("evidence")
    items = list(listed.order_by("position", "id"))
    rollback = [item for item in items if item.category == "Rollback"]
    return {
        "progress": checklist.progress_of(items, at=now),
        "waived": [item for item in items if item.status == ChecklistItem.Status.WAIVED],
        "rehearsals": _rehearsals(period),
        "rollback_checks": [(item, checklist.evidence_words(item)) for item in rollback],
        "accepted": next(((item, checklist.evidence_words(item)) for item in items if _is_acceptance(item)), None),
    }


def _rehearsals(period: Period) -> list[dict[str, Any]]:
    """Each rehearsal that has ended, and whether it worked in its box."""
    rows = period.rehearsals.filter(ended_at__isnull=False).order_by("-started_at", "-id")[:MOST_OPEN]
    return [{"row": row, "fits": row.holds} for row in rows]


def _cover(period: Period) -> dict[str, Any]:
    end = period.starts_at + FIRST_DAYS
    judged = coverage.judged_gaps(period, start=period.starts_at, end=end)
    # Those that stand in the way first; a gap that somebody lets stand is part of what is decided on.
    shown = sorted(judged, key=lambda one: one[1] is not None)[:MOST_OPEN]
    return {"gaps": shown, "gaps_total": len(judged)}


def _defects(period: Period) -> dict[str, Any]:
    """Open incidents, the worst first."""
    found = Incident.objects.open().filter(period=period).select_related("owner").order_by("severity", "id")
    rows = list(found[:MOST_OPEN])
    for row in rows:
        row.period = period
    return {"defects": rows}


def _is_acceptance(item: ChecklistItem) -> bool:
    """The check by which the business accepts defects with their workarounds."""
    return item.title.lower().startswith("open defects")


def _decisions(period: Period) -> Any:
    return GoDecision.objects.filter(period=period).select_related("by", "turns").order_by("-at", "-id")


def _conditions(found: GoDecision | None) -> list[GoCondition]:
    if found is None:
        return []
    rows = GoCondition.objects.filter(decision=found).select_related("owner", "settled_by")
    return list(rows.order_by("position"))
