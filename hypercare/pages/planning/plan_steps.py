"""The steps of the plan wizard: the form of each, what it saves, and what its page shows besides.

A step that another capability adds to (a template on the first page, suggested checks) extends `shows` here and
its template; views and order stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from contributors.models import Role, Shift
from contributors.people import earlier_people, members
from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from hypercare.pages.planning import overrides, plan_forms, plan_start
from periods.calendar import wallclock
from periods.lifecycle import gates, lifecycle
from periods.models import Period, PlanDraft
from periods.planning import from_template, planning, scoring

UNTIL_SCORED: Final = timedelta(days=14)
CHANGE_FIELDS: Final = ("name", "systems", "timezone", "country", "subdivision", "summary")
# Which step puts a blocker right: a word of its sentence → the step.
PUT_RIGHT: Final = (
    ("Go-live", "change"),
    ("risk questions", "risk"),
    ("window", "window"),
    ("Normal", "window"),
    ("criterion", "checks"),
    ("", "people"),
)


@dataclass(frozen=True)
class WizardStep:
    """One page of the wizard: its form for a period (bound to data, or to start from a draft), and what it saves."""

    key: str
    label: str
    next: str
    form: Callable[[Period, Any], forms.Form]
    save: Callable[[Period, Any, User, datetime], None]
    shows: Callable[[Period], dict[str, Any]]


def form_of(chosen: WizardStep, period: Period, draft: PlanDraft | None) -> forms.Form:
    """The form to show: as the plan stands, or as it was left half typed."""
    form = chosen.form(period, None)
    if draft is not None:
        plan_forms.fill_form(form, draft.data)
    return form


def draft_differs(chosen: WizardStep, period: Period, draft: PlanDraft) -> bool:
    """Whether a draft says anything the plan does not have: one that was overtaken by its own sending does not."""
    form = chosen.form(period, plan_forms.draft_as_post(draft.data))
    cycles = isinstance(form, plan_forms.RiskQuestionsForm) and form.cycle_rows(spare=0) != period.critical_cycles
    return form.has_changed() or cycles


def finished_steps(period: Period, at: datetime) -> set[str]:
    """Steps that need nothing more."""
    open_steps = {where for _, where in blockers_by_step(period, at)}
    made = {"change", "risk", "window", "people"} - open_steps
    made |= {"checks"} if period.checklist.exists() and "checks" not in open_steps else set()
    return made | ({"review"} if period.status != Period.Status.DRAFT else set())


def blockers_by_step(period: Period, at: datetime) -> list[tuple[str, str]]:
    """What stands in the way of a finished plan, with the step that puts it right."""
    found = [blocker.text for blocker in gates.find_blockers(period, "plan", at=at)]
    return [(text, next(where for word, where in PUT_RIGHT if word in text)) for text in found]


def planned_length(period: Period) -> int:
    """Days from go-live to the end, as the calendar counts them."""
    first, last = (wallclock.local_day(at, period.zone) for at in (period.go_live_at, period.ends_at))
    return max(1, (last - first).days)


def recommended_length(period: Period) -> int | None:
    """The same for the suggested end; None without a score."""
    suggested = planning.recommended_end(period)
    if suggested is None:
        return None
    first, last = (wallclock.local_day(at, period.zone) for at in (period.go_live_at, suggested))
    return (last - first).days


# --- Forms ----------------------------------------------------------------------------------------


def _change_form(period: Period, data: Any) -> forms.Form:
    form = plan_forms.ChangeForm(data, initial=plan_forms.change_initial(period, period.timezone))
    del form.fields["key"]
    return form


def risk_form(period: Period, data: Any) -> plan_forms.RiskQuestionsForm:
    """The questions with the points of the model that answers given now are scored by."""
    initial = {
        **period.answers,
        "first_release": period.first_release,
        "emergency": period.emergency,
        "critical_cycles": period.critical_cycles,
    }
    return plan_forms.RiskQuestionsForm(data, initial=initial, model=scoring.model_for_answers(period))


def _window_form(period: Period, data: Any) -> forms.Form:
    initial = {
        "days": planned_length(period),
        "reason": period.days_override_reason,
        "debrief_cadence": period.debrief_cadence,
        "cadence_override_reason": period.cadence_override_reason,
        "cover": period.cover,
        "cover_override_reason": period.cover_override_reason,
        "baseline_issues": period.baseline_issues,
        "baseline_days": period.baseline_days or 28,
        "tolerable_per_day": period.tolerable_per_day,
    }
    return plan_forms.WindowForm(data, initial=initial, scored=period.score is not None)


def _people_form(period: Period, data: Any) -> forms.Form:
    initial = {name: getattr(period, f"{name}_id") for name in plan_forms.PEOPLE}
    return plan_forms.PeopleForm(data, initial={**initial, "point_of_no_return": period.point_of_no_return})


def _no_form(period: Period, data: Any) -> forms.Form:  # noqa: ARG001  one shape for all steps
    return forms.Form(data)


# --- What they save -------------------------------------------------------------------------------


def new_plan_fields(form: plan_forms.ChangeForm, by: User) -> dict[str, Any]:
    """What the first step says of the draft it makes."""
    data, go_live = form.cleaned_data, form.go_live_at()
    known = {name: data[name] for name in ("key", *CHANGE_FIELDS)}
    return {**known, "go_live_at": go_live, "ends_at": go_live + UNTIL_SCORED, "lead": by}


def _save_change(period: Period, form: plan_forms.ChangeForm, by: User, at: datetime) -> None:
    fields = {name: form.cleaned_data[name] for name in CHANGE_FIELDS}
    planning.update(period.pk, **fields, go_live_at=form.go_live_at(), by=by, at=at)


def _save_risk(period: Period, form: plan_forms.RiskQuestionsForm, by: User, at: datetime) -> None:
    """Score, critical dates, and with them the end."""
    flags = {name: form.cleaned_data[name] for name in ("first_release", "emergency")}
    cycles = form.cycle_rows(spare=0)
    planning.update(period.pk, answers=form.answers(), **flags, critical_cycles=cycles, by=by, at=at)


def _save_window(period: Period, form: plan_forms.WindowForm, by: User, at: datetime) -> None:
    data, suggested = form.cleaned_data, recommended_length(period)
    differs = suggested is not None and data["days"] != suggested
    if differs and not data["reason"].strip():
        raise Invalid({"reason": f"{suggested} days are suggested. Say why you choose another length."})
    end: dict[str, Any] = {} if data["days"] == planned_length(period) else {"ends_at": _end(period, data["days"])}
    chosen = form.choices(planning.recommendation_for(period))
    planning.update(
        period.pk,
        **end,
        **chosen,
        days_override_reason=data["reason"].strip() if differs else "",
        baseline_issues=data["baseline_issues"],
        baseline_days=data["baseline_days"],
        tolerable_per_day=data["tolerable_per_day"],
        by=by,
        at=at,
    )


def _end(period: Period, days: int) -> datetime:
    local = period.go_live_at.astimezone(period.zone)
    return wallclock.instant(local.date() + timedelta(days=days), local.time(), period.zone)


def _save_people(period: Period, form: forms.Form, by: User, at: datetime) -> None:
    planning.update(period.pk, **form.cleaned_data, by=by, at=at)


def _save_checks(period: Period, form: forms.Form, by: User, at: datetime) -> None:
    """Make the checklist once; sent again it is there already."""
    try:
        from_template.make_checks(period.pk, **plan_start.read_kept(form.data), by=by, at=at)
    except AlreadyDone:
        return


def _save_review(period: Period, form: forms.Form, by: User, at: datetime) -> None:  # noqa: ARG001  one shape
    lifecycle.plan(period.pk, by=by, at=at)


# --- What their pages show besides ----------------------------------------------------------------


def _change_extra(period: Period) -> dict[str, Any]:
    """How many shifts a moved go-live takes along."""
    standing = Shift.objects.filter(role__period=period, cancelled_at__isnull=True)
    return {"shifts_to_move": standing.count()}


def _risk_extra(period: Period) -> dict[str, Any]:
    model = scoring.model_for_answers(period)
    return {"newer_model": period.score is not None and model.version != period.scoring_version, "model": model}


def _window_extra(period: Period) -> dict[str, Any]:
    return {"recommended": recommended_length(period), "as_suggested": planning.recommendation_for(period)}


def people_extra(period: Period) -> dict[str, Any]:
    """Members, duties, and the forms to add some."""
    return {
        "members": members.members_of(period.pk),
        "roles": Role.objects.filter(period=period).order_by("position", "id"),
        "person_form": plan_forms.NewPersonForm(period=period),
        "role_form": plan_forms.RoleForm(),
    }


def personal_context(user: User, step: str, period: Period) -> dict[str, Any]:
    """What a step shows to this person only: the people of an earlier period that both are part of."""
    if step != "people":
        return {}
    return {
        "earlier": earlier_people.source_period(period, by=user),
        "earlier_people": earlier_people.suggest_people(period, by=user),
    }


def checks_extra(period: Period) -> dict[str, Any]:
    """Checks by category, of the period or of the template it is about to copy."""
    own = list(period.checklist.values_list("category", "blocking").order_by("position", "id"))
    rows = own or [(item.category, item.blocking) for item in from_template.checks_for(period)]
    blocking = Counter(category for category, blocks in rows if blocks)
    counts = Counter(category for category, _ in rows)
    return {
        "made": bool(own),
        "total": len(rows),
        "blocking": sum(blocking.values()),
        "categories": [(name, count, blocking[name]) for name, count in counts.items()],
        "criteria": period.exit_criteria.order_by("position", "id"),
        **({} if own else plan_start.preview_checklist(period)),
    }


def _review_extra(period: Period) -> dict[str, Any]:
    people = people_extra(period)
    return {
        **checks_extra(period),
        "members": people["members"],
        "roles": people["roles"],
        "length": planned_length(period),
        "recommended": recommended_length(period),
        "objections": blockers_by_step(period, timezone.now()),
        "is_draft": period.status == Period.Status.DRAFT,
        "overrides": overrides.explain_overrides(period),
        "planned": planning.chosen_recommendation(period),
        "cycles": [{**row, "on": date.fromisoformat(row["on"])} for row in period.critical_cycles],
    }


STEPS: Final[dict[str, WizardStep]] = {
    one.key: one
    for one in (
        WizardStep("change", "Change", "risk", _change_form, _save_change, _change_extra),
        WizardStep("risk", "Risk", "window", risk_form, _save_risk, _risk_extra),
        WizardStep("window", "Window and cover", "people", _window_form, _save_window, _window_extra),
        WizardStep("people", "People", "checks", _people_form, _save_people, people_extra),
        WizardStep("checks", "Checks and exit", "review", _no_form, _save_checks, checks_extra),
        WizardStep("review", "Review", "review", _no_form, _save_review, _review_extra),
    )
}
