"""What a period promises about incidents: targets, covered hours, who is paged. Owners change it, members read it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors.views.loading import tab_counts
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest
from incidents import ladders, policies
from incidents.policy_forms import LadderForm, RollbackForm, TargetsForm
from incidents.severity import SEVERITIES
from periods.access import allowed, period_or_404
from periods.models import Period


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def targets(request: SignedInRequest, key: str) -> HttpResponse:
    """Show all of it; POST changes targets and covered hours."""
    if request.method != "POST":
        return _page(request, period_or_404(request.user, key))
    period = period_or_404(request.user, key, may="period.plan")
    form = TargetsForm(request.POST, policy=policies.of(period))
    if form.is_valid():
        try:
            policies.set_targets(
                period.pk, targets=form.targets, covered=form.covered, by=request.user, at=timezone.now()
            )
        except Invalid as error:
            form.explain(error)
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
            policies.set_ladder(
                period.pk, severity=severity, ladder=form.ladder, by=request.user, at=timezone.now()
            )
        except Invalid as error:
            form.explain(error)
        else:
            messages.success(request, f"{severity} pages as said. What runs already goes on as it began.")
            return redirect("incidents:policy", key=period.key)
    return _page(request, period, status=422, bound=form)


@login_required
@require_POST
def rollback(request: SignedInRequest, key: str) -> HttpResponse:
    """Change when a P1 asks whether to roll back."""
    period = period_or_404(request.user, key, may="period.plan")
    form = RollbackForm(request.POST, policy=policies.of(period))
    if form.is_valid():
        try:
            policies.set_rollback(period.pk, rollback=form.rollback, by=request.user, at=timezone.now())
        except Invalid as error:
            form.explain(error)
        else:
            messages.success(request, "Saved. Open P1s follow it too.")
            return redirect("incidents:policy", key=period.key)
    return _page(request, period, status=422, asking=form)


@login_required
@require_POST
def reset(request: SignedInRequest, key: str) -> HttpResponse:
    """Back to the product's own targets and ladders."""
    period = period_or_404(request.user, key, may="period.plan")
    policies.reset(period.pk, by=request.user, at=timezone.now())
    messages.success(request, "The standard targets and ladders hold again.")
    return redirect("incidents:policy", key=period.key)


def _page(
    request: SignedInRequest,
    period: Period,
    *,
    status: int = 200,
    targets: TargetsForm | None = None,
    bound: LadderForm | None = None,
    asking: RollbackForm | None = None,
) -> HttpResponse:
    now, policy = timezone.now(), policies.of(period)
    forms = [
        bound if bound and bound.severity == severity else LadderForm(period=period, severity=severity)
        for severity in SEVERITIES
    ]
    context: dict[str, Any] = {
        "period": period, "tab": "settings", "tab_counts": tab_counts(request, period, at=now),
        "policy": policy, "targets": targets or TargetsForm(policy=policy), "ladders": forms,
        "may": allowed(request.user, period, "period.plan") and not period.ended_at,
        "findings": ladders.lint(period, at=now), "problem": targets or bound or asking,
        "asking": asking or RollbackForm(policy=policy),
    }  # fmt: skip
    return render(request, "incidents/policy.html", context, status=status)
