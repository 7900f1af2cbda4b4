"""The plan wizard: change, risk, window, people, checks, review. Nobody is told anything before readiness opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors import duties, roster
from contributors.models import Role
from hypercare.errors import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.http import SignedInRequest
from hypercare.models import User
from hypercare.pages import plan_forms
from hypercare.pages.suggestion import Suggestion, suggest
from periods import checklist, gates, lifecycle, planning, wallclock
from periods.access import period_or_404
from periods.models import Period
from periods.templates_library.checklist import CHECKLIST

UNTIL_SCORED: Final = timedelta(days=14)
CHANGE_FIELDS: Final = ("name", "systems", "timezone", "country", "subdivision", "summary")
FIRST_RELEASE: Final = "It is the product's first release."
EMERGENCY: Final = "It is an emergency release."
# Which step puts an objection right; the people step for all others.
PUT_RIGHT: Final = {
    "plan.go_live_past": "change",
    "plan.no_score": "risk",
    "plan.window_unexplained": "window",
    "plan.no_normal": "window",
    "plan.no_criterion": "checks",
}


@dataclass(frozen=True)
class Step:
    """One page of the wizard."""

    key: str
    label: str
    next: str
    form: Callable[[Period, Any], forms.Form]
    save: Callable[[Period, Any, User, datetime], None]


# --- Views --------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """The first step of a plan that is not there yet; the draft is made when it is sent."""
    if not request.user.may_plan:
        raise NotAllowed("Opening a period is for people who may plan. Ask an administrator for that right.")
    initial = plan_forms.change_initial(None, request.user.timezone)
    form = plan_forms.ChangeForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            return redirect("periods:plan", key=_create(form, request.user, timezone.now()).key, step="risk")
        except Refused as error:
            status = plan_forms.explain(form, error)
    context = {"form": form, "step": STEPS["change"], "steps": _rail(None, "change"), "period": None}
    return render(request, "hypercare/plan/change.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: SignedInRequest, key: str, step: str) -> HttpResponse:
    """One step of a draft (or of a plan that is not live yet)."""
    period, chosen = _planned(request, key), STEPS.get(step)
    if chosen is None:
        raise Http404("No such step.")
    form = chosen.form(period, request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            chosen.save(period, form, request.user, timezone.now())
            return _onward(request, period, chosen)
        except Refused as error:
            status = plan_forms.explain(form, error)
            period.refresh_from_db()
    return _page(request, period, chosen, form, status)


@login_required
@require_POST
def suggestion(request: SignedInRequest, key: str) -> HttpResponse:
    """The panel for the answers as they are on the page; nothing is saved."""
    period = _planned(request, key)
    form = plan_forms.RiskForm(request.POST)
    form.is_valid()
    context = {"suggestion": _suggest(period, form, request.user), "period": period, "live": True}
    return render(request, "hypercare/plan/_suggestion.html", context)


@login_required
@require_POST
def add_person(request: SignedInRequest, key: str) -> HttpResponse:
    """Somebody by address, with what they may and their duty; not told yet."""
    period = period_or_404(request.user, key, may="members.manage")
    form = plan_forms.NewPersonForm(request.POST, period=period)
    status = 422
    if form.is_valid():
        try:
            person = _add_person(period, form.cleaned_data, request.user, timezone.now())
            messages.success(request, f"{person} added. Nobody is told before you invite.")
            return redirect("periods:plan", key=period.key, step="people")
        except Refused as error:
            status = plan_forms.explain(form, error)
    people = STEPS["people"]
    return _page(request, period, people, people.form(period, None), status, person_form=form)


@login_required
@require_POST
def add_role(request: SignedInRequest, key: str) -> HttpResponse:
    """One duty by hand, or all that the answers suggest."""
    period, now = period_or_404(request.user, key, may="members.manage"), timezone.now()
    if "suggested" in request.POST:
        duties.add_suggested(period.pk, _suggested_duties(period), by=request.user, at=now)
        return redirect("periods:plan", key=period.key, step="people")
    form, status = plan_forms.RoleForm(request.POST), 422
    if form.is_valid():
        try:
            duties.add_role(period.pk, **form.cleaned_data, by=request.user, at=now)
            return redirect("periods:plan", key=period.key, step="people")
        except Refused as error:
            status = plan_forms.explain(form, error)
    people = STEPS["people"]
    return _page(request, period, people, people.form(period, None), status, role_form=form)


# --- What views share ---------------------------------------------------------------------------


def _planned(request: SignedInRequest, key: str) -> Period:
    period = period_or_404(request.user, key, may="period.plan")
    if period.status not in Period.PRE_LIVE:
        raise Refused(f"{period.name} is past go-live, so its plan no longer changes.")
    return period


def _onward(request: SignedInRequest, period: Period, chosen: Step) -> HttpResponse:
    if chosen.key == "review":
        messages.success(request, "The plan is finished. Nobody was told yet.")
        return redirect("period_settings", key=period.key)
    return redirect("periods:plan", key=period.key, step=chosen.next)


def _page(
    request: SignedInRequest, period: Period, chosen: Step, form: forms.Form, status: int, **more: Any
) -> HttpResponse:
    risk = form if isinstance(form, plan_forms.RiskForm) else _risk_form(period, None)
    context = {
        "period": period, "step": chosen, "steps": _rail(period, chosen.key), "form": form,
        "suggestion": _suggest(period, risk, request.user), "saved_at": _saved_at(period),
        **EXTRA.get(chosen.key, _nothing)(period), **more,
    }  # fmt: skip
    return render(request, f"hypercare/plan/{chosen.key}.html", context, status=status)


def _saved_at(period: Period) -> datetime | None:
    at: datetime | None = period.journal.order_by("-seq").values_list("at", flat=True).first()
    return at


def _rail(period: Period | None, current: str) -> list[dict[str, Any]]:
    done = _done(period) if period else set()
    return [{"key": one.key, "label": one.label, "done": one.key in done, "now": one.key == current}
            for one in STEPS.values()]  # fmt: skip


def _done(period: Period) -> set[str]:
    """Steps that need nothing more."""
    open_steps = {where for _, where in _objections(period, timezone.now())}
    made = {"change", "risk", "window", "people"} - open_steps
    made |= {"checks"} if period.checklist.exists() and "checks" not in open_steps else set()
    return made | ({"review"} if period.status != Period.Status.DRAFT else set())


def _objections(period: Period, at: datetime) -> list[tuple[str, str]]:
    """What stands in the way of a finished plan, with the step that puts it right."""
    found = gates.objections(period, "plan", at=at)
    return [(objection.text, PUT_RIGHT.get(objection.code, "people")) for objection in found]


def _suggest(period: Period, form: plan_forms.RiskForm, by: User) -> Suggestion:
    if not form.is_bound:
        cycles, answers = period.critical_cycles, period.answers
        return suggest(period, answers, cycles, by=by, **_flags(period))
    data = getattr(form, "cleaned_data", {})
    return suggest(
        period, form.answers(), form.cycle_rows(spare=0), by=by,
        first_release=data.get("first_release", False), emergency=data.get("emergency", False),
    )  # fmt: skip


def _flags(period: Period) -> dict[str, bool]:
    """The two facts that are no question, from the journal entry of the last scoring."""
    entry = period.journal.filter(kind="period.scored").order_by("-seq").first() if period.answers else None
    floors = entry.data.get("floors", []) if entry else []
    return {"first_release": FIRST_RELEASE in floors, "emergency": EMERGENCY in floors}


# --- Forms of the steps ---------------------------------------------------------------------------


def _change_form(period: Period, data: Any) -> forms.Form:
    form = plan_forms.ChangeForm(data, initial=plan_forms.change_initial(period, period.timezone))
    del form.fields["key"]
    return form


def _risk_form(period: Period, data: Any) -> plan_forms.RiskForm:
    initial = {**period.answers, **_flags(period), "critical_cycles": period.critical_cycles}
    return plan_forms.RiskForm(data, initial=initial)


def _window_form(period: Period, data: Any) -> forms.Form:
    initial = {
        "days": _length(period), "reason": period.days_override_reason, "baseline_issues": period.baseline_issues,
        "baseline_days": period.baseline_days or 28, "tolerable_per_day": period.tolerable_per_day,
    }  # fmt: skip
    return plan_forms.WindowForm(data, initial=initial)


def _people_form(period: Period, data: Any) -> forms.Form:
    initial = {name: getattr(period, f"{name}_id") for name in plan_forms.PEOPLE}
    return plan_forms.PeopleForm(data, initial={**initial, "point_of_no_return": period.point_of_no_return})


def _no_form(period: Period, data: Any) -> forms.Form:  # noqa: ARG001  one shape for all steps
    return forms.Form(data)


# --- What the steps save --------------------------------------------------------------------------


def _create(form: plan_forms.ChangeForm, by: User, at: datetime) -> Period:
    data, go_live = form.cleaned_data, form.go_live_at()
    return planning.create(
        key=data["key"], name=data["name"], systems=data["systems"], go_live_at=go_live,
        ends_at=go_live + UNTIL_SCORED, timezone=data["timezone"], country=data["country"],
        subdivision=data["subdivision"], summary=data["summary"], lead=by, by=by, at=at,
        with_checklist=False,
    )  # fmt: skip


def _save_change(period: Period, form: plan_forms.ChangeForm, by: User, at: datetime) -> None:
    """A moved go-live takes the end along."""
    data, go_live = form.cleaned_data, form.go_live_at()
    moved = {"go_live_at": go_live, "ends_at": period.ends_at + (go_live - period.go_live_at)}
    fields: dict[str, Any] = {name: data[name] for name in CHANGE_FIELDS}
    fields |= moved if go_live != period.go_live_at else {}
    planning.update(period.pk, **fields, by=by, at=at)


@transaction.atomic
def _save_risk(period: Period, form: plan_forms.RiskForm, by: User, at: datetime) -> None:
    """Score, critical dates, and the end they suggest unless somebody decided on another."""
    data = form.cleaned_data
    planning.answer(
        period.pk,
        form.answers(),
        first_release=data["first_release"],
        emergency=data["emergency"],
        by=by,
        at=at,
    )
    scored = planning.update(period.pk, critical_cycles=form.cycle_rows(spare=0), by=by, at=at)
    suggested = planning.recommended_end(scored)
    if (
        period.status in (Period.Status.DRAFT, Period.Status.PLANNED)
        and not period.days_override_reason
        and suggested
    ):
        planning.update(period.pk, ends_at=suggested, by=by, at=at)


def _save_window(period: Period, form: plan_forms.WindowForm, by: User, at: datetime) -> None:
    data = form.cleaned_data
    differs = data["days"] != _recommended_length(period) and period.score is not None
    if differs and not data["reason"].strip():
        raise Invalid(
            {
                "reason": f"{_recommended_length(period)} days are suggested. Say why you choose another length."
            }
        )
    end: dict[str, Any] = {} if data["days"] == _length(period) else {"ends_at": _end(period, data["days"])}
    planning.update(
        period.pk, **end, days_override_reason=data["reason"].strip() if differs else "",
        baseline_issues=data["baseline_issues"], baseline_days=data["baseline_days"],
        tolerable_per_day=data["tolerable_per_day"], by=by, at=at,
    )  # fmt: skip


def _save_people(period: Period, form: forms.Form, by: User, at: datetime) -> None:
    planning.update(period.pk, **form.cleaned_data, by=by, at=at)


def _save_checks(period: Period, form: forms.Form, by: User, at: datetime) -> None:  # noqa: ARG001  one shape
    """Make the checklist once; sent again it is there already."""
    try:
        checklist.instantiate(period, by=by, at=at)
    except AlreadyDone:
        return


def _save_review(period: Period, form: forms.Form, by: User, at: datetime) -> None:  # noqa: ARG001  one shape
    lifecycle.plan(period.pk, by=by, at=at)


def _add_person(period: Period, data: dict[str, Any], by: User, at: datetime) -> User:
    """A new person gets the zone that was given; somebody who has an account keeps theirs."""
    known = User.objects.filter(email=data["email"].strip().lower()).exists()
    with transaction.atomic():
        member = roster.add_person(
            period.pk,
            email=data["email"],
            name=data["name"],
            right=data["right"],
            role=data["role"],
            by=by,
            at=at,
        )
        if not known:
            member.user.timezone = data["timezone"]
            member.user.save(update_fields=["timezone"])
    return member.user


def _length(period: Period) -> int:
    first, last = (wallclock.local_day(at, period.zone) for at in (period.go_live_at, period.ends_at))
    return max(1, (last - first).days)


def _recommended_length(period: Period) -> int | None:
    suggested = planning.recommended_end(period)
    if suggested is None:
        return None
    return (
        wallclock.local_day(suggested, period.zone) - wallclock.local_day(period.go_live_at, period.zone)
    ).days


def _end(period: Period, days: int) -> datetime:
    local = period.go_live_at.astimezone(period.zone)
    return wallclock.instant(local.date() + timedelta(days=days), local.time(), period.zone)


def _suggested_duties(period: Period) -> list[duties.Duty]:
    if period.score is None:
        raise Refused("The risk questions are not answered, so nothing is suggested. Answer them first.")
    return duties.suggested(planning.assess(period.answers, **_flags(period)))


# --- What the pages show besides ------------------------------------------------------------------


def _nothing(period: Period) -> dict[str, Any]:  # noqa: ARG001  one shape for all steps
    return {}


def _window_extra(period: Period) -> dict[str, Any]:
    return {"recommended": _recommended_length(period), "summary": True}


def _people_extra(period: Period) -> dict[str, Any]:
    return {
        "members": roster.members(period.pk), "roles": Role.objects.filter(period=period).order_by("position", "id"),
        "person_form": plan_forms.NewPersonForm(period=period), "role_form": plan_forms.RoleForm(),
    }  # fmt: skip


def _checks_extra(period: Period) -> dict[str, Any]:
    """Checks by category, of the period or of the template it is about to copy."""
    own = list(period.checklist.values_list("category", "blocking").order_by("position", "id"))
    rows = own or [(check.category, check.blocking) for check in CHECKLIST]
    blocking = Counter(category for category, blocks in rows if blocks)
    counts = Counter(category for category, _ in rows)
    return {
        "made": bool(own), "total": len(rows), "blocking": sum(blocking.values()),
        "categories": [(name, count, blocking[name]) for name, count in counts.items()],
        "criteria": period.exit_criteria.order_by("position", "id"),
    }  # fmt: skip


def _review_extra(period: Period) -> dict[str, Any]:
    people = _people_extra(period)
    return {
        **_checks_extra(period), "members": people["members"], "roles": people["roles"], "length": _length(period),
        "recommended": _recommended_length(period), "objections": _objections(period, timezone.now()),
        "is_draft": period.status == Period.Status.DRAFT,
    }  # fmt: skip


EXTRA: Final[dict[str, Callable[[Period], dict[str, Any]]]] = {
    "window": _window_extra, "people": _people_extra, "checks": _checks_extra, "review": _review_extra,
}  # fmt: skip
STEPS: Final[dict[str, Step]] = {
    one.key: one
    for one in (
        Step("change", "Change", "risk", _change_form, _save_change),
        Step("risk", "Risk", "window", _risk_form, _save_risk),
        Step("window", "Window and cover", "people", _window_form, _save_window),
        Step("people", "People", "checks", _people_form, _save_people),
        Step("checks", "Checks and exit", "review", _no_form, _save_checks),
        Step("review", "Review", "review", _no_form, _save_review),
    )
}
