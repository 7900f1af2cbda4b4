"""The steps of the plan wizard: the form of each, what it saves, and what its page shows besides.

A step that another capability adds to (a template on the first page, suggested checks) extends `shows` here and
its template; views and order stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.db import transaction
from django.utils import timezone

from contributors import duties, earlier, roster
from contributors.models import Role, Shift
from hypercare.errors import AlreadyDone, Invalid, Refused
from hypercare.models import User
from hypercare.pages import overrides, plan_forms, plan_start
from periods import gates, lifecycle, planning, scoring, starting, wallclock
from periods.models import Period, PlanDraft

UNTIL_SCORED: Final = timedelta(days=14)
CHANGE_FIELDS: Final = ("name", "systems", "timezone", "country", "subdivision", "summary")
# Which step puts an objection right: a word of its sentence → the step.
PUT_RIGHT: Final = (
    ("Go-live", "change"), ("risk questions", "risk"), ("window", "window"), ("Normal", "window"),
    ("criterion", "checks"), ("", "people"),
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One page of the wizard: its form for a period (bound to data, or to start from a draft), and what it saves."""

    key: str
    label: str
    next: str
    form: Callable[[Period, Any], forms.Form]
    save: Callable[[Period, Any, User, datetime], None]
    shows: Callable[[Period], dict[str, Any]]


def form_of(chosen: Step, period: Period, draft: PlanDraft | None) -> forms.Form:
    """The form to show: as the plan stands, or as it was left half typed."""
    form = chosen.form(period, None)
    if draft is not None:
        plan_forms.fill(form, draft.data)
    return form


def differs(chosen: Step, period: Period, draft: PlanDraft) -> bool:
    """Whether a draft says anything the plan does not have: one that was overtaken by its own sending does not."""
    form = chosen.form(period, plan_forms.as_sent(draft.data))
    cycles = isinstance(form, plan_forms.RiskForm) and form.cycle_rows(spare=0) != period.critical_cycles
    return form.has_changed() or cycles


def done(period: Period, at: datetime) -> set[str]:
    """Steps that need nothing more."""
    open_steps = {where for _, where in objections(period, at)}
    made = {"change", "risk", "window", "people"} - open_steps
    made |= {"checks"} if period.checklist.exists() and "checks" not in open_steps else set()
    return made | ({"review"} if period.status != Period.Status.DRAFT else set())


def objections(period: Period, at: datetime) -> list[tuple[str, str]]:
    """What stands in the way of a finished plan, with the step that puts it right."""
    found = [objection.text for objection in gates.objections(period, "plan", at=at)]
    return [(text, next(where for word, where in PUT_RIGHT if word in text)) for text in found]


def length(period: Period) -> int:
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


def suggested_duties(period: Period) -> list[duties.Duty]:
    """The duties that the plan's cover asks for. Raises Refused before the questions are answered."""
    found = planning.planned(period)
    if found is None:
        raise Refused("The risk questions are not answered, so nothing is suggested. Answer them first.")
    return duties.suggested(found)


# --- Forms ----------------------------------------------------------------------------------------


def _change_form(period: Period, data: Any) -> forms.Form:
    form = plan_forms.ChangeForm(data, initial=plan_forms.change_initial(period, period.timezone))
    del form.fields["key"]
    return form


def risk_form(period: Period, data: Any) -> plan_forms.RiskForm:
    """The questions with the points of the model that answers given now are scored by."""
    initial = {
        **period.answers, "first_release": period.first_release, "emergency": period.emergency,
        "critical_cycles": period.critical_cycles,
    }  # fmt: skip
    return plan_forms.RiskForm(data, initial=initial, model=scoring.for_answers(period))


def _window_form(period: Period, data: Any) -> forms.Form:
    initial = {
        "days": length(period), "reason": period.days_override_reason,
        "debrief_cadence": period.debrief_cadence, "cadence_override_reason": period.cadence_override_reason,
        "cover": period.cover, "cover_override_reason": period.cover_override_reason,
        "baseline_issues": period.baseline_issues, "baseline_days": period.baseline_days or 28,
        "tolerable_per_day": period.tolerable_per_day,
    }  # fmt: skip
    return plan_forms.WindowForm(data, initial=initial, scored=period.score is not None)


def _people_form(period: Period, data: Any) -> forms.Form:
    initial = {name: getattr(period, f"{name}_id") for name in plan_forms.PEOPLE}
    return plan_forms.PeopleForm(data, initial={**initial, "point_of_no_return": period.point_of_no_return})


def _no_form(period: Period, data: Any) -> forms.Form:  # noqa: ARG001  one shape for all steps
    return forms.Form(data)


# --- What they save -------------------------------------------------------------------------------


def create(form: plan_forms.ChangeForm, by: User, at: datetime) -> Period:
    """The draft that the first step makes."""
    data, go_live = form.cleaned_data, form.go_live_at()
    return planning.create(
        key=data["key"], go_live_at=go_live, ends_at=go_live + UNTIL_SCORED, lead=by, by=by, at=at,
        with_checklist=False, **{name: data[name] for name in CHANGE_FIELDS},
    )  # fmt: skip


@transaction.atomic
def _save_change(period: Period, form: plan_forms.ChangeForm, by: User, at: datetime) -> None:
    """A moved go-live takes the end along; where the end is as suggested, it is worked out again."""
    data, go_live = form.cleaned_data, form.go_live_at()
    moved = {"go_live_at": go_live, "ends_at": period.ends_at + (go_live - period.go_live_at)}
    fields: dict[str, Any] = {name: data[name] for name in CHANGE_FIELDS}
    fields |= moved if go_live != period.go_live_at else {}
    planning.update(period.pk, **fields, by=by, at=at)
    planning.follow_suggestion(period.pk, by=by, at=at)


@transaction.atomic
def _save_risk(period: Period, form: plan_forms.RiskForm, by: User, at: datetime) -> None:
    """Score, critical dates, and the end they suggest unless somebody decided on another."""
    flags = {name: form.cleaned_data[name] for name in ("first_release", "emergency")}
    planning.answer(period.pk, form.answers(), **flags, by=by, at=at)
    planning.update(period.pk, critical_cycles=form.cycle_rows(spare=0), by=by, at=at)
    planning.follow_suggestion(period.pk, by=by, at=at)


def _save_window(period: Period, form: plan_forms.WindowForm, by: User, at: datetime) -> None:
    data, suggested = form.cleaned_data, recommended_length(period)
    differs = suggested is not None and data["days"] != suggested
    if differs and not data["reason"].strip():
        raise Invalid({"reason": f"{suggested} days are suggested. Say why you choose another length."})
    end: dict[str, Any] = {} if data["days"] == length(period) else {"ends_at": _end(period, data["days"])}
    chosen = form.choices(planning.recommendation(period))
    planning.update(
        period.pk, **end, **chosen, days_override_reason=data["reason"].strip() if differs else "",
        baseline_issues=data["baseline_issues"], baseline_days=data["baseline_days"],
        tolerable_per_day=data["tolerable_per_day"], by=by, at=at,
    )  # fmt: skip


def _end(period: Period, days: int) -> datetime:
    local = period.go_live_at.astimezone(period.zone)
    return wallclock.instant(local.date() + timedelta(days=days), local.time(), period.zone)


def _save_people(period: Period, form: forms.Form, by: User, at: datetime) -> None:
    planning.update(period.pk, **form.cleaned_data, by=by, at=at)


def _save_checks(period: Period, form: forms.Form, by: User, at: datetime) -> None:
    """Make the checklist once; sent again it is there already."""
    try:
        plan_start.make_checks(period, form.data, by, at)
    except AlreadyDone:
        return


def _save_review(period: Period, form: forms.Form, by: User, at: datetime) -> None:  # noqa: ARG001  one shape
    lifecycle.plan(period.pk, by=by, at=at)


def add_person(period: Period, data: Mapping[str, Any], by: User, at: datetime) -> User:
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


# --- What their pages show besides ----------------------------------------------------------------


def _change_extra(period: Period) -> dict[str, Any]:
    """How many shifts a moved go-live takes along."""
    standing = Shift.objects.filter(role__period=period, cancelled_at__isnull=True)
    return {"shifts_to_move": standing.count()}


def _risk_extra(period: Period) -> dict[str, Any]:
    model = scoring.for_answers(period)
    return {
        "newer_model": period.score is not None and model.version != period.scoring_version,
        "model": model,
    }


def _window_extra(period: Period) -> dict[str, Any]:
    return {"recommended": recommended_length(period), "as_suggested": planning.recommendation(period)}


def people_extra(period: Period) -> dict[str, Any]:
    """Members, duties, and the forms to add some."""
    return {
        "members": roster.members(period.pk), "roles": Role.objects.filter(period=period).order_by("position", "id"),
        "person_form": plan_forms.NewPersonForm(period=period), "role_form": plan_forms.RoleForm(),
    }  # fmt: skip


def seen_by(user: User, step: str, period: Period) -> dict[str, Any]:
    """What a step shows to this person only: the people of an earlier period that both are part of."""
    if step != "people":
        return {}
    return {
        "earlier": earlier.source(period, by=user),
        "earlier_people": earlier.suggested(period, by=user),
    }


def checks_extra(period: Period) -> dict[str, Any]:
    """Checks by category, of the period or of the template it is about to copy."""
    own = list(period.checklist.values_list("category", "blocking").order_by("position", "id"))
    rows = own or [(item.category, item.blocking) for item in starting.items_for(period)]
    blocking = Counter(category for category, blocks in rows if blocks)
    counts = Counter(category for category, _ in rows)
    return {
        "made": bool(own), "total": len(rows), "blocking": sum(blocking.values()),
        "categories": [(name, count, blocking[name]) for name, count in counts.items()],
        "criteria": period.exit_criteria.order_by("position", "id"),
        **({} if own else plan_start.brings(period)),
    }  # fmt: skip


def _review_extra(period: Period) -> dict[str, Any]:
    people = people_extra(period)
    return {
        **checks_extra(period), "members": people["members"], "roles": people["roles"], "length": length(period),
        "recommended": recommended_length(period), "objections": objections(period, timezone.now()),
        "is_draft": period.status == Period.Status.DRAFT, "overrides": overrides.shown(period),
        "planned": planning.planned(period),
        "cycles": [{**row, "on": date.fromisoformat(row["on"])} for row in period.critical_cycles],
    }  # fmt: skip


STEPS: Final[dict[str, Step]] = {
    one.key: one
    for one in (
        Step("change", "Change", "risk", _change_form, _save_change, _change_extra),
        Step("risk", "Risk", "window", risk_form, _save_risk, _risk_extra),
        Step("window", "Window and cover", "people", _window_form, _save_window, _window_extra),
        Step("people", "People", "checks", _people_form, _save_people, people_extra),
        Step("checks", "Checks and exit", "review", _no_form, _save_checks, checks_extra),
        Step("review", "Review", "review", _no_form, _save_review, _review_extra),
    )
}
