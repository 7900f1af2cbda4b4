"""The exit review: close or extend, on evidence, with two signatures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hypercare.exceptions import Invalid
from hypercare.pages.period import charts, overview
from hypercare.ui import verdicts
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from incidents.models import Incident
from incidents.triage import triage
from periods.access.access import is_allowed, period_or_404
from periods.exit import criteria, readings
from periods.lifecycle import gates, lifecycle, transition_checks, transitions
from periods.models import ExitCriterion, ExitSignature, Period

MOST_OPEN = 100
LONGEST_EXTENSION = timedelta(days=14)


class SignForm(forms.Form):
    """A signature, with a reason where something is not met."""

    comment = forms.CharField(
        label="Comment",
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        help_text="Needed while a mandatory criterion is not met: say why that is accepted.",
    )


class ExtendForm(forms.Form):
    """How long, and why."""

    reason = forms.CharField(label="Why", max_length=2000, widget=forms.Textarea({"rows": 2}))
    ends_at = forms.DateTimeField(
        label="Ends",
        widget=forms.DateTimeInput({"type": "datetime-local"}),
        help_text="At most 14 days later, twice. In your time zone.",
    )


class CriterionForm(forms.Form):
    """A manual criterion, decided with evidence; one that is open again needs none."""

    verdict = forms.ChoiceField(
        label="Is it met?",
        choices=[("pass", "Met"), ("fail", "Not met"), ("unknown", "Unknown")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether it is met."},
    )
    evidence = forms.CharField(label="Evidence", max_length=2000, help_text="A link, or what you saw.", required=False)


class TakeOverTeamForm(forms.Form):
    """The team that takes an open incident."""

    team = forms.CharField(label="Goes to", max_length=120)


@dataclass(frozen=True)
class ExitSuggestion:
    """What the numbers say, in one line and one reason."""

    tone: str
    title: str
    reason: str


@dataclass(frozen=True)
class ScorecardRow(criteria.ScoredCriterion):
    """A line of the scorecard: the criterion, its reading, and the values of the days before and of now."""

    values: list[float]

    @property
    def target(self) -> str:
        """What meets it."""
        return criteria.target_of(self.criterion)


@login_required
@require_safe
def exit_review(request: SignedInRequest, key: str) -> HttpResponse:
    """The whole page."""
    return _page(request, period_or_404(request.user, key))


@login_required
@require_POST
def sign(request: SignedInRequest, key: str, role: str) -> HttpResponse:
    """Sign as the BAU owner or the sponsor."""
    period, form = period_or_404(request.user, key), SignForm(request.POST)
    if form.is_valid():
        try:
            lifecycle.sign(period.pk, role=role, by=request.user, at=timezone.now(), **form.cleaned_data)
        except Invalid as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, "Signed.")
            return redirect("period_exit", key=period.key)
    return _page(request, period, status=422, sign_form=form)


@login_required
@require_POST
def extend(request: SignedInRequest, key: str) -> HttpResponse:
    """Go on for a while, with the reason on record."""
    period, form = period_or_404(request.user, key), ExtendForm(request.POST)
    if form.is_valid():
        try:
            lifecycle.extend(period.pk, by=request.user, at=timezone.now(), **form.cleaned_data)
        except Invalid as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, "The period goes on. Everybody is told.")
            return redirect(period)
    return _page(request, period, status=422, extend_form=form)


@login_required
@require_POST
def close(request: SignedInRequest, key: str) -> HttpResponse:
    """End the period, on both signatures."""
    period = period_or_404(request.user, key)
    lifecycle.close(period.pk, by=request.user, at=timezone.now(), summary=request.POST.get("summary", "")[:5000])
    messages.success(request, f"{period.name} is closed and handed over.")
    return redirect(period)


@login_required
@require_POST
def open_review(request: SignedInRequest, key: str) -> HttpResponse:
    """Open the review before the end date, when it is earned."""
    period = period_or_404(request.user, key)
    lifecycle.review(period.pk, by=request.user, at=timezone.now())
    return redirect("period_exit", key=period.key)


@login_required
@require_POST
def set_criterion(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Decide a manual criterion."""
    period, form = period_or_404(request.user, key), CriterionForm(request.POST)
    row = get_object_or_404(ExitCriterion, pk=pk, period=period)
    if not form.is_valid():
        return _page(request, period, status=422, criterion_form=form, criterion_open=row.pk)
    try:
        criteria.decide_manually(row.pk, by=request.user, at=timezone.now(), **form.cleaned_data)
    except Invalid as error:
        return _page(request, period, status=add_errors(form, error), criterion_form=form, criterion_open=row.pk)
    return redirect("period_exit", key=period.key)


@login_required
@require_POST
def hand_over(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Name the team that takes an incident which stays open."""
    period, form = period_or_404(request.user, key, may="incidents.triage"), TakeOverTeamForm(request.POST)
    incident = get_object_or_404(Incident, period=period, number=number)
    if not form.is_valid():
        return _page(request, period, status=422, hand_form=form)
    triage.transfer_to_bau(incident.pk, team=form.cleaned_data["team"], by=request.user, at=timezone.now())
    return redirect("period_exit", key=period.key)


def suggest_ending(period: Period, scored: list[criteria.ScoredCriterion], *, at: datetime) -> ExitSuggestion:
    """Close when every mandatory criterion is met, else go on, named by what is missing."""
    missing = [row.criterion.title for row in scored if row.blocks]
    if not scored:
        return ExitSuggestion("warn", "No exit criteria", "Without criteria nothing says when to stop.")
    if not missing:
        return ExitSuggestion("accent", "Suggested: close", "Every mandatory criterion is met.")
    named = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    if period.status != Period.Status.EXIT_REVIEW and at < period.ends_at:
        return ExitSuggestion("info", "Too early to decide", f"Not yet met: {named}.")
    return ExitSuggestion("warn", "Suggested: extend", f"Not yet met: {named}.")


def _page(request: SignedInRequest, period: Period, *, status: int = 200, **forms_: Any) -> HttpResponse:
    now = timezone.now()
    scored = criteria.scorecard(period, at=now)
    still_open = Incident.objects.open().filter(period=period).select_related("owner").order_by("severity", "id")
    signatures = {
        row.role: row
        for row in ExitSignature.objects.filter(period=period, voided_at__isnull=True).select_related("by")
    }
    transition: Literal["close", "review"] = "close" if period.status == Period.Status.EXIT_REVIEW else "review"
    context = {
        **_charts(period, now),
        "period": period,
        "now": now,
        "tab": "exit",
        "tab_counts": overview.tab_counts(period, at=now),
        "scored": _rows(scored, readings.trends(period)),
        "met": sum(row.reading.verdict == "pass" for row in scored),
        "states": [verdicts.SHOWN[row.reading.verdict].segment for row in scored],
        "still_open": _named(period, still_open[:MOST_OPEN]),
        "signers": _signers(period, signatures, request),
        "suggestion": suggest_ending(period, scored, at=now),
        "objections": gates.find_blockers(period, transition, at=now) if period.is_live else [],
        "in_review": period.status == Period.Status.EXIT_REVIEW,
        "people": period.memberships.filter(left_at__isnull=True).count(),
        "may_decide": is_allowed(request.user, period, "period.run"),
        "may_write_lessons": (period.is_live or period.status in Period.ENDED)
        and is_allowed(request.user, period, "lessons.write"),
        "may_close": transitions.may_take(period, "close", request.user),
        "may_open": transitions.may_take(period, "review", request.user),
        "may_extend": transitions.may_take(period, "extend", request.user),
        "can_extend": period.extensions < transition_checks.MOST_EXTENSIONS,
        "unmet": [row for row in scored if row.reading.verdict != "pass"],
        "may_hand_over": is_allowed(request.user, period, "incidents.triage"),
        "sign_form": SignForm(),
        "extend_form": ExtendForm(),
        "criterion_form": CriterionForm(),
        "hand_form": TakeOverTeamForm(),
        **forms_,
    }
    return render(request, "hypercare/exit/review.html", context, status=status)


def _rows(scored: list[criteria.ScoredCriterion], trends: dict[str, list[float]]) -> list[ScorecardRow]:
    """The scorecard, unmet first, each with its days and its value now."""
    unmet_first = sorted(scored, key=lambda row: (row.reading.verdict == "pass", row.criterion.position))
    return [ScorecardRow(one.criterion, one.reading, _line(one, trends)) for one in unmet_first]


def _line(one: criteria.ScoredCriterion, trends: dict[str, list[float]]) -> list[float]:
    before = trends.get(one.criterion.code, [])
    values = before if one.reading.value is None else [*before, one.reading.value]
    return values if len(values) > 1 else []


def _charts(period: Period, now: datetime) -> dict[str, Any]:
    if period.status in Period.PRE_LIVE or period.status == Period.Status.CANCELLED:
        return {}
    return charts.build_charts(period, cap=None, at=min(now, period.ended_at or now))


def _named(period: Period, incidents: Any) -> list[Incident]:
    rows = list(incidents)
    for row in rows:
        row.period = period
    return rows


def _signers(period: Period, signatures: dict[str, ExitSignature], request: SignedInRequest) -> list[dict[str, Any]]:
    people = ((ExitSignature.Role.SPONSOR, period.sponsor), (ExitSignature.Role.BAU_OWNER, period.bau_owner))
    return [
        {
            "role": role.value,
            "label": role.label,
            "person": person,
            "signature": signatures.get(role.value),
            "mine": person is not None and person.pk == request.user.pk,
        }
        for role, person in people
    ]
