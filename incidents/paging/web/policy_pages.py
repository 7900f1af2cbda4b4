"""What a period promises about incidents: targets, covered hours, who is paged. Owners change it, members read it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors.web.loading import tab_counts
from hypercare.exceptions import Invalid
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from incidents.paging import escalation_policies, escalation_targets
from incidents.paging.web.policy_forms import LadderForm, RollbackTimesForm, TargetsForm
from incidents.shared.severity import SEVERITIES
from periods.access.access import is_allowed, period_or_404
from periods.models import Period


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def targets(request: SignedInRequest, key: str) -> HttpResponse:
    """Show all of it; POST changes targets and covered hours."""
    if request.method != "POST":
        return _page(request, period_or_404(request.user, key))
    period = period_or_404(request.user, key, may="period.plan")
    form = TargetsForm(request.POST, policy=escalation_policies.policy_of(period))
    if form.is_valid():
        try:
            escalation_policies.change_policy(
                period.pk, targets=form.targets, covered=form.covered, by=request.user, at=timezone.now()
            )
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, "Targets saved. Open incidents follow them from their report on.")
            return redirect("incidents:policy", key=period.key)
    return _page(request, period, status=422, targets=form)


@login_required
@require_POST
def ladder(request: SignedInRequest, key: str, severity: str) -> HttpResponse:
    """Change who is paged about one severity."""
    period = period_or_404(request.user, key, may="period.plan")
    if severity not in SEVERITIES:
        raise Http404("No such severity.")
    form = LadderForm(request.POST, period=period, severity=severity)
    if form.is_valid():
        try:
            escalation_policies.change_policy(
                period.pk, ladders={severity: form.ladder}, by=request.user, at=timezone.now()
            )
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{severity} pages as said. What runs already goes on as it began.")
            return redirect("incidents:policy", key=period.key)
    return _page(request, period, status=422, bound=form)


@login_required
@require_POST
def rollback(request: SignedInRequest, key: str) -> HttpResponse:
    """Change when a P1 asks whether to roll back."""
    period = period_or_404(request.user, key, may="period.plan")
    form = RollbackTimesForm(request.POST, policy=escalation_policies.policy_of(period))
    if form.is_valid():
        try:
            escalation_policies.change_policy(period.pk, rollback=form.rollback, by=request.user, at=timezone.now())
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, "Saved. Open P1s follow it too.")
            return redirect("incidents:policy", key=period.key)
    return _page(request, period, status=422, asking=form)


@login_required
@require_POST
def reset(request: SignedInRequest, key: str) -> HttpResponse:
    """Back to the product's own targets and ladders."""
    period = period_or_404(request.user, key, may="period.plan")
    escalation_policies.reset_policy(period.pk, by=request.user, at=timezone.now())
    messages.success(request, "The standard targets and ladders hold again.")
    return redirect("incidents:policy", key=period.key)


def _page(
    request: SignedInRequest,
    period: Period,
    *,
    status: int = 200,
    targets: TargetsForm | None = None,
    bound: LadderForm | None = None,
    asking: RollbackTimesForm | None = None,
) -> HttpResponse:
    now, policy = timezone.now(), escalation_policies.policy_of(period)
    forms = [
        bound if bound and bound.severity == severity else LadderForm(period=period, severity=severity)
        for severity in SEVERITIES
    ]
    context: dict[str, Any] = {
        "period": period,
        "tab": "settings",
        "tab_counts": tab_counts(request, period, at=now),
        "policy": policy,
        "targets": targets or TargetsForm(policy=policy),
        "ladders": forms,
        "may": is_allowed(request.user, period, "period.plan") and not period.ended_at,
        "findings": escalation_targets.find_unreachable_steps(period, at=now),
        "problem": targets or bound or asking,
        "asking": asking or RollbackTimesForm(policy=policy),
    }
    return render(request, "incidents/paging/policy.html", context, status=status)
