"""The plan wizard: change, risk, window, people, checks, review. Nobody is told anything before readiness opens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.people import earlier_people, members
from contributors.shifts import roles
from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid, NotAllowed, Refused
from hypercare.models import User
from hypercare.pages.planning import plan_forms, plan_start, plan_steps
from hypercare.pages.planning.plan_steps import STEPS, WizardStep
from hypercare.pages.planning.suggestion import PlanSuggestion, suggest_plan
from hypercare.web.requests import SignedInRequest
from periods.access.access import period_or_404
from periods.models import Period, PlanDraft
from periods.planning import drafts, scoring, workdays

# --- Views --------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start_plan(request: SignedInRequest) -> HttpResponse:
    """The first step of a plan that is not there yet; the draft is made when it is sent."""
    _require_planner(request.user)
    draft = None if request.method == "POST" else drafts.find(None, "change", by=request.user)
    form = plan_forms.ChangeForm(
        request.POST if request.method == "POST" else None,
        initial=plan_forms.change_initial(None, request.user.timezone),
    )
    if draft is not None:
        plan_forms.fill_form(form, draft.data)
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            plan, start = plan_steps.new_plan_fields(form, request.user), request.POST.get("start", "")
            made = plan_start.create_draft(start, plan, by=request.user, at=timezone.now())
            drafts.drop(None, "change", by=request.user)
            return redirect("periods:plan", key=made.key, step="risk")
        except Refused as error:
            status = plan_forms.explain(form, error)
    context = {
        "form": form,
        "step": STEPS["change"],
        "steps": _rail(None, "change"),
        "period": None,
        "draft": draft,
        "saved_at": draft.saved_at if draft else None,
        "regions": _regions(form),
        **plan_start.start_options(request, draft),
    }
    return render(request, "hypercare/planning/change.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: SignedInRequest, key: str, step: str) -> HttpResponse:
    """One step of a draft (or of a plan that is not live yet)."""
    period, chosen = _planned(request, key), _step(step)
    if request.method != "POST":
        draft = drafts.find(period, chosen.key, by=request.user)
        draft = draft if draft and plan_steps.draft_differs(chosen, period, draft) else None
        return _page(request, period, chosen, plan_steps.form_of(chosen, period, draft), 200, draft=draft)
    form = chosen.form(period, request.POST)
    status = 200 if form.is_valid() else 422
    if status == 200:
        try:
            chosen.save(period, form, request.user, timezone.now())
            drafts.drop(period, chosen.key, by=request.user)
            return _onward(request, period, chosen)
        except Refused as error:
            status = plan_forms.explain(form, error)
            period.refresh_from_db()
    return _page(request, period, chosen, form, status)


@login_required
@require_POST
def keep_draft(request: SignedInRequest, key: str, step: str) -> HttpResponse:
    """Keep what is typed as a draft, and answer with the panel for it. The plan itself does not change."""
    period, chosen = _planned(request, key), _step(step)
    context: dict[str, Any] = {"period": period, "live": True, **_keep(request, period, chosen)}
    if chosen.key == "risk":
        form = plan_steps.risk_form(period, request.POST)
        context["suggestion"] = _suggest(period, form, request.user)
    return render(request, "hypercare/planning/_live.html", context)


@login_required
@require_POST
def live_new(request: SignedInRequest) -> HttpResponse:
    """The same for a plan that is not there yet."""
    _require_planner(request.user)
    context = {"period": None, "live": True, **_keep(request, None, STEPS["change"])}
    return render(request, "hypercare/planning/_live.html", context)


@login_required
@require_POST
def discard(request: SignedInRequest, key: str, step: str) -> HttpResponse:
    """Forget what was typed on a step; the plan stands."""
    period, chosen = _planned(request, key), _step(step)
    drafts.drop(period, chosen.key, by=request.user)
    return redirect("periods:plan", key=period.key, step=chosen.key)


@login_required
@require_POST
def discard_new(request: SignedInRequest) -> HttpResponse:
    """The same for a plan that is not there yet."""
    drafts.drop(None, "change", by=request.user)
    return redirect("periods:new")


@login_required
@require_safe
def regions(request: SignedInRequest) -> HttpResponse:
    """Names of the regions of a country, to choose from while typing."""
    found = workdays.regions(request.GET.get("country", ""))
    return render(request, "hypercare/planning/_regions.html", {"regions": found.values()})


@login_required
@require_POST
def add_person(request: SignedInRequest, key: str) -> HttpResponse:
    """Somebody by address, with what they may and their duty; not told yet."""
    period = period_or_404(request.user, key, may="members.manage")
    form = plan_forms.NewPersonForm(request.POST, period=period)
    status = 422
    if form.is_valid():
        try:
            member = members.add_person(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
            messages.success(request, f"{member.user} added. Nobody is told before you invite.")
            return redirect("periods:plan", key=period.key, step="people")
        except Refused as error:
            status = plan_forms.explain(form, error)
    people = STEPS["people"]
    return _page(request, period, people, people.form(period, None), status, person_form=form)


@login_required
@require_POST
def add_earlier(request: SignedInRequest, key: str) -> HttpResponse:
    """The people who were ticked among those of the period that this one started from; not told yet."""
    period = period_or_404(request.user, key, may="members.manage")
    chosen = {number for pk in request.POST.getlist("people") if (number := number_of(pk))}
    try:
        added = earlier_people.add_chosen(period.pk, chosen=chosen, by=request.user, at=timezone.now())
    except Invalid as error:
        people = STEPS["people"]
        form, problem = people.form(period, None), " ".join(error.reasons)
        return _page(request, period, people, form, 422, earlier_problem=problem)
    count = "1 person" if len(added) == 1 else f"{len(added)} people"
    messages.success(request, f"{count} added. Nobody is told before you invite.")
    return redirect("periods:plan", key=period.key, step="people")


@login_required
@require_POST
def add_role(request: SignedInRequest, key: str) -> HttpResponse:
    """One duty by hand, or all that the answers suggest."""
    period, now = period_or_404(request.user, key, may="members.manage"), timezone.now()
    if "suggested" in request.POST:
        roles.add_suggested_roles(period.pk, by=request.user, at=now)
        return redirect("periods:plan", key=period.key, step="people")
    form, status = plan_forms.RoleForm(request.POST), 422
    if form.is_valid():
        try:
            roles.add_role(period.pk, **form.cleaned_data, by=request.user, at=now)
            return redirect("periods:plan", key=period.key, step="people")
        except Refused as error:
            status = plan_forms.explain(form, error)
    people = STEPS["people"]
    return _page(request, period, people, people.form(period, None), status, role_form=form)


# --- What views share ---------------------------------------------------------------------------


def _require_planner(user: User) -> None:
    if not user.may_plan:
        raise NotAllowed("Opening a period is for people who may plan. Ask an administrator for that right.")


def _planned(request: SignedInRequest, key: str) -> Period:
    period = period_or_404(request.user, key, may="period.plan")
    if period.status not in Period.PRE_LIVE:
        raise Refused(f"{period.name} is past go-live, so its plan no longer changes.")
    return period


def _step(key: str) -> WizardStep:
    if key not in STEPS:
        raise Http404("No such step.")
    return STEPS[key]


def _onward(request: SignedInRequest, period: Period, chosen: WizardStep) -> HttpResponse:
    if chosen.key == "review":
        messages.success(request, "The plan is finished. Nobody was told yet.")
        return redirect("period_settings", key=period.key)
    return redirect("periods:plan", key=period.key, step=chosen.next)


def _page(
    request: SignedInRequest,
    period: Period,
    chosen: WizardStep,
    form: forms.Form,
    status: int,
    *,
    draft: PlanDraft | None = None,
    **more: Any,
) -> HttpResponse:
    context = {
        "period": period,
        "step": chosen,
        "steps": _rail(period, chosen.key),
        "form": form,
        "draft": draft,
        "suggestion": _suggest(period, _risk_as_typed(period, form, draft), request.user),
        "saved_at": draft.saved_at if draft else _saved_at(period),
        "regions": _regions(form),
        "place": workdays.place_name(period.country, period.subdivision),
        **chosen.shows(period),
        **plan_steps.personal_context(request.user, chosen.key, period),
        **more,
    }
    return render(request, f"hypercare/planning/{chosen.key}.html", context, status=status)


def _risk_as_typed(period: Period, form: forms.Form, draft: PlanDraft | None) -> plan_forms.RiskQuestionsForm | None:
    """The questions as they are on this page: just sent, or half typed; None where the plan's own answers count."""
    if isinstance(form, plan_forms.RiskQuestionsForm) and form.is_bound:
        return form
    if draft is None or draft.step != "risk":
        return None
    return plan_steps.risk_form(period, plan_forms.draft_as_post(draft.data))


def _suggest(period: Period, form: plan_forms.RiskQuestionsForm | None, by: User) -> PlanSuggestion:
    if form is None:
        return suggest_plan(
            period,
            period.answers,
            period.critical_cycles,
            by=by,
            model=scoring.model_of(period),
            first_release=period.first_release,
            emergency=period.emergency,
        )
    form.is_valid()
    data = getattr(form, "cleaned_data", {})
    return suggest_plan(
        period,
        form.answers(),
        form.cycle_rows(spare=0),
        by=by,
        model=form.model,
        first_release=data.get("first_release", False),
        emergency=data.get("emergency", False),
    )


def _keep(request: SignedInRequest, period: Period | None, chosen: WizardStep) -> dict[str, Any]:
    """The draft, or in words why it is not kept; the panel answers all the same."""
    now = timezone.now()
    try:
        drafts.keep(period, chosen.key, _typed(request.POST), by=request.user, at=now)
    except Refused as error:
        return {"not_kept": str(error)}
    return {"saved_at": now}


def _typed(post: QueryDict) -> dict[str, list[str]]:
    return {name: values for name, values in post.lists() if name != "csrfmiddlewaretoken"}


def _regions(form: forms.Form) -> list[str]:
    if "country" not in form.fields:
        return []
    return list(workdays.regions(str(form["country"].value() or "")).values())


def _saved_at(period: Period) -> datetime | None:
    at: datetime | None = period.journal.order_by("-seq").values_list("at", flat=True).first()
    return at


def _rail(period: Period | None, current: str) -> list[dict[str, Any]]:
    done = plan_steps.finished_steps(period, timezone.now()) if period else set()
    return [
        {"key": one.key, "label": one.label, "done": one.key in done, "now": one.key == current}
        for one in STEPS.values()
    ]
