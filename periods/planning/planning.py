"""The plan of a period: made, changed until go-live, and scored.

Everything a person can get wrong is said at once, field by field. Dates move freely while the plan is a plan;
once readiness is open they move by a postponement, which the sponsor decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from hypercare import registry
from hypercare.exceptions import Invalid, NotAllowed, TransitionRefused
from hypercare.models import User
from periods import checklist
from periods.access.access import PEOPLE, require_right
from periods.calendar import wallclock
from periods.journal import journal
from periods.models import ExitCriterion, ExitSignature, Period
from periods.planning import complexity, plan_checks, scoring, workdays
from periods.planning.plan_checks import DATES
from periods.planning.scoring_model import CADENCES, COVERS, cover_words
from periods.template_files.criteria import CRITERIA
from periods.timers import timers

TEXTS: Final = ("name", "summary", "systems", "war_room_url", "runbook_url")
RISK: Final = (
    "timezone",
    "country",
    "subdivision",
    "point_of_no_return",
    "point_of_no_return_at",
    "critical_cycles",
    "baseline_issues",
    "baseline_days",
    "tolerable_per_day",
)
# What a person may decide otherwise than suggested: the choice → where its reason, its person and its time are kept.
OVERRIDES: Final = {"ends_at": "days_override", "debrief_cadence": "cadence_override", "cover": "cover_override"}
CHOICES: Final = ("debrief_cadence", "cover", *(f"{name}_reason" for name in OVERRIDES.values()))
# What is scored, and what the suggested end is worked out from beside the score.
ASKED: Final = ("answers", "first_release", "emergency")
END_FROM: Final = frozenset({"go_live_at", "timezone", "country", "subdivision", "critical_cycles"})
# What may change at all, and what may still change after go-live: where to meet, and who answers for it.
BEFORE_LIVE: Final = frozenset({*DATES, *TEXTS, *RISK, *CHOICES, *PEOPLE})
WHILE_LIVE: Final = frozenset({"summary", "war_room_url", "runbook_url", "point_of_no_return_at", *PEOPLE})
# A named person gets at least this right: naming alone lets them sign, vote and decide.
RIGHTS: Final = {"lead": "owner", "bau_owner": "support", "sponsor": "contributor", "rollback_authority": "contributor"}


@transaction.atomic
def create_period(
    *,
    key: str,
    name: str,
    go_live_at: datetime,
    ends_at: datetime,
    timezone: str,
    by: User,
    at: datetime,
    systems: Iterable[str] = (),
    lead: User | None = None,
    sponsor: User | None = None,
    bau_owner: User | None = None,
    rollback_authority: User | None = None,
    with_checklist: bool = True,
    via: str = "",
    **more: Any,
) -> Period:
    """A draft with its members, exit criteria and (unless told) checklist. `more` takes the fields of `BEFORE_LIVE`.

    Raises NotAllowed for somebody who may not open periods, Invalid with every field's complaint at once.
    """
    if not by.may_plan:
        raise NotAllowed("Opening a period is for people who may plan. Ask an administrator for that right.")
    _check_names(more, BEFORE_LIVE)
    period = Period(
        key=key.strip().upper(),
        name=name,
        systems=list(systems),
        go_live_at=go_live_at,
        ends_at=ends_at,
        planned_ends_at=ends_at,
        timezone=timezone,
        lead=lead,
        sponsor=sponsor,
        bau_owner=bau_owner,
        rollback_authority=rollback_authority,
        status_since=at,
        created_by=by,
        created_at=at,
        **more,
    )
    plan_checks.tidy_names(period)
    plan_checks.raise_any({**plan_checks.find_complaints(period, by, at), **_unexplained(period)})
    _stamp(period, list(more), by, at)
    _insert(period, by)
    _copy_criteria(period)
    journal.record(
        period,
        "period.created",
        by=by,
        at=at,
        via=via,
        title=period.name,
        key=period.key,
        go_live_at=go_live_at.isoformat(),
        ends_at=ends_at.isoformat(),
        criteria=len(CRITERIA),
    )
    _join(period, by=by, at=at)
    if with_checklist:
        checklist.make_checklist(period, by=by, at=at, via=via)
    return period


def _check_names(given: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = {field: "This can't be set in a plan." for field in given if field not in known}
    if unknown:
        raise Invalid(unknown)


def _insert(period: Period, by: User) -> None:
    """Save; two people taking the same key at once get the same sentence as one after the other."""
    try:
        with transaction.atomic():
            period.save(force_insert=True)
    except IntegrityError as error:
        raise Invalid(plan_checks.find_key_complaints(period, by) or {"key": f"{period.key} is taken."}) from error


def _copy_criteria(period: Period) -> None:
    ExitCriterion.objects.bulk_create(
        ExitCriterion(
            period=period,
            position=row.number,
            code=row.code,
            title=row.title,
            mandatory=row.mandatory,
            automatic=row.automatic,
            threshold=row.threshold,
            unit=row.unit,
        )
        for row in CRITERIA
    )


def _join(period: Period, *, by: User, at: datetime) -> None:
    """Make the planner and every named person part of the period; those who are stay as they are."""
    people: dict[User, str] = {by: "owner"} if period.status == Period.Status.DRAFT else {}
    for field, right in RIGHTS.items():
        person = getattr(period, field)
        if person is not None:
            people.setdefault(person, right)
    inside = set(period.memberships.filter(left_at__isnull=True).values_list("user_id", flat=True))
    for person, right in people.items():
        if person.pk not in inside:
            registry.resolve(registry.ADD_MEMBER)(period.pk, user=person, right=right, role=None, by=by, at=at)
    _refresh(period)


def _refresh(period: Period) -> None:
    """The journal moved on in other copies of the row."""
    period.refresh_from_db(fields=["journal_seq", "journal_head"])


# --- Changing -----------------------------------------------------------------------------------


@transaction.atomic
def update(period_id: int, *, by: User, at: datetime, via: str = "", **changes: Any) -> Period:
    """Change fields of the plan, those of `ASKED` included; one journal entry says old and new. No change, no entry.

    Where the end is not among the changes it follows: it keeps its distance to go-live, or is the suggested one while
    nobody gave a reason for another. After go-live only links and named people change. Raises NotAllowed, Invalid,
    TransitionRefused.
    """
    asked: dict[str, Any] = {name: changes.pop(name) for name in ASKED if name in changes}
    if asked:
        # First: a decision otherwise is judged by what is suggested now.
        answer_questions(period_id, asked.get("answers"), **_flags(asked), by=by, at=at, via=via)
    period: Period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    require_right(by, period, "period.plan")
    _check_names(changes, BEFORE_LIVE)
    _check_phase(period, changes)
    before = {field: getattr(period, field) for field in (*changes, *DATES)}
    for field, value in changes.items():
        setattr(period, field, value)
    plan_checks.tidy_names(period)
    if "ends_at" not in changes:
        _take_end_along(period, before["go_live_at"])
    _check_changes(period, before, by, at)
    if "ends_at" not in changes and (asked or END_FROM.intersection(_changed(period, before))):
        _suggest_end(period)
        _check_changes(period, before, by, at)
    changed = _changed(period, before)
    if not changed:
        return period
    _follow(period, changed, at)
    stamped = _stamp(period, changed, by, at)
    period.save(update_fields=[*changed, *stamped, *(["planned_ends_at"] if "ends_at" in changed else [])])
    journal.record(
        period,
        "period.changed",
        by=by,
        at=at,
        via=via,
        title=period.name,
        changes={field: {"old": _plain(before[field]), "new": _plain(getattr(period, field))} for field in changed},
        people={
            field: [person.pk if person else None for person in (before[field], getattr(period, field))]
            for field in changed
            if field in PEOPLE
        },
    )
    _join(period, by=by, at=at)
    return period


def _flags(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in ("first_release", "emergency") if name in asked}


def _changed(period: Period, before: Mapping[str, Any]) -> list[str]:
    return [field for field, value in before.items() if getattr(period, field) != value]


def _check_changes(period: Period, before: Mapping[str, Any], by: User, at: datetime) -> None:
    """Raise what the fields that changed can't be; nothing for an old fault elsewhere."""
    changed = _changed(period, before)
    if not changed:
        return
    _check_dates(period, changed)
    unexplained = _unexplained(period) if set(changed) & set(CHOICES) else {}
    plan_checks.raise_any({**plan_checks.find_complaints(period, by, at, only=changed), **unexplained})


def _check_phase(period: Period, changes: Mapping[str, Any]) -> None:
    if period.status in Period.ENDED:
        raise TransitionRefused(f"{period.name} has ended ({period.get_status_display().lower()}); it stays as it was.")
    late = sorted(set(changes) - WHILE_LIVE)
    if period.is_live and late:
        raise TransitionRefused(f"{period.name} is live, so its plan no longer changes: {', '.join(late)}.")


def _check_dates(period: Period, changed: list[str]) -> None:
    """Once readiness is open people have agreed to the dates."""
    agreed = period.status in (Period.Status.READINESS, Period.Status.READY)
    if agreed and (set(changed) & {*DATES, "timezone"}):
        raise TransitionRefused(
            f"People are getting ready for {period.name}, so its dates move by postponing it. The sponsor decides that."
        )


def _follow(period: Period, changed: list[str], at: datetime) -> None:
    """What moves along: the end before extensions, due times, the clock, and signatures of a replaced person."""
    if "ends_at" in changed:
        period.planned_ends_at = period.ends_at
    if {"go_live_at", "timezone"} & set(changed):
        checklist.shift_due_dates(period)
    if "go_live_at" in changed and period.status == Period.Status.PLANNED:
        timers.arm_readiness(period, at=at)
    replaced = [role for role in ExitSignature.Role.values if role in changed]
    period.exit_signatures.filter(role__in=replaced, voided_at__isnull=True).update(voided_at=at)


def _plain(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.name if isinstance(value, User) else value


# --- Otherwise than suggested -------------------------------------------------------------------


def _unexplained(period: Period) -> dict[str, list[str]]:
    """A rhythm or cover that is none, or not the suggested one without a reason. (Days are judged by the gates.)"""
    found, suggested = {}, recommendation_for(period)
    for field, known, wanted in (
        ("debrief_cadence", CADENCES, suggested.cadence if suggested else ""),
        ("cover", COVERS, suggested.cover if suggested else ""),
    ):
        chosen, reason = getattr(period, field), f"{OVERRIDES[field]}_reason"
        if chosen and chosen not in known:
            found[field] = [f"“{chosen}” is none. Choose from {', '.join(known)}."]
        elif suggested and chosen != wanted and not getattr(period, reason).strip():
            words = CADENCES[wanted] if field == "debrief_cadence" else cover_words(wanted)
            found[reason] = [f"“{words}” is suggested. Say why you choose otherwise."]
    return found


def _stamp(period: Period, changed: list[str], by: User, at: datetime) -> list[str]:
    """Keep who decided otherwise and when, in memory; the fields to save. Without a reason nobody did."""
    stamped = []
    for choice, name in OVERRIDES.items():
        reason = getattr(period, f"{name}_reason").strip()
        if f"{name}_reason" in changed or (reason and choice in changed):
            setattr(period, f"{name}_by", by if reason else None)
            setattr(period, f"{name}_at", at if reason else None)
            stamped += [f"{name}_by", f"{name}_at"]
    return stamped


# --- Scoring ------------------------------------------------------------------------------------


@transaction.atomic
def answer_questions(
    period_id: int,
    answers: Mapping[str, int] | None = None,
    *,
    by: User,
    at: datetime,
    first_release: bool | None = None,
    emergency: bool | None = None,
    via: str = "",
) -> complexity.Recommendation:
    """Score the risk questions and keep what is recommended; what is not given stays as it was.

    A draft is scored by the model in use, a finished plan keeps its version. Rhythm and cover follow unless
    somebody decided otherwise. Raises Invalid per question, TransitionRefused after go-live.
    """
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, "period.plan")
    if period.status not in Period.PRE_LIVE:
        raise TransitionRefused(f"{period.name} is past go-live, so its score stays as it was.")
    before = _scored(period)
    period.answers = dict(period.answers if answers is None else answers)
    period.first_release = period.first_release if first_release is None else first_release
    period.emergency = period.emergency if emergency is None else emergency
    found = assess_answers(
        period.answers,
        first_release=period.first_release,
        emergency=period.emergency,
        model=scoring.model_for_answers(period),
    )
    _keep(period, found)
    if _scored(period) == before:
        return found
    period.save(update_fields=list(SCORED))
    journal.record(
        period,
        "period.scored",
        by=by,
        at=at,
        via=via,
        title=period.name,
        score=found.score,
        band=found.band,
        days=found.days,
        floors=[floor.reason for floor in found.floors],
        version=found.version,
        cadence=period.debrief_cadence,
        cover=period.cover,
    )
    return found


SCORED: Final = (
    "answers",
    "first_release",
    "emergency",
    "score",
    "band",
    "recommended_days",
    "scoring_version",
    "debrief_cadence",
    "cover",
    *(f"{name}_{part}" for name in ("cadence_override", "cover_override") for part in ("reason", "by_id", "at")),
)


def _scored(period: Period) -> tuple[Any, ...]:
    return tuple(getattr(period, name) for name in SCORED)


def _keep(period: Period, found: complexity.Recommendation) -> None:
    """Put a recommendation into the row; a decision that is now the suggestion is none any more."""
    period.score, period.band, period.recommended_days = found.score, found.band, found.days
    period.scoring_version = found.version
    for field, suggested in (("debrief_cadence", found.cadence), ("cover", found.cover)):
        name = OVERRIDES[field]
        if not getattr(period, f"{name}_reason") or getattr(period, field) == suggested:
            setattr(period, field, suggested)
            setattr(period, f"{name}_reason", "")
            setattr(period, f"{name}_by", None)
            setattr(period, f"{name}_at", None)


def assess_answers(
    answers: Mapping[str, int],
    *,
    first_release: bool = False,
    emergency: bool = False,
    model: complexity.ComplexityModel = complexity.STANDARD,
) -> complexity.Recommendation:
    """`complexity.assess` with the domain's error: Invalid, one sentence a question."""
    try:
        return complexity.assess(answers, first_release=first_release, emergency=emergency, model=model)
    except complexity.InvalidAnswers as error:
        raise Invalid({f"answers/{field}": text for field, text in error.errors.items()}) from error


def recommendation_for(period: Period) -> complexity.Recommendation | None:
    """What the version it was scored by recommends for the period; None without a score."""
    if period.score is None or not period.answers:
        return None
    return assess_answers(
        period.answers, first_release=period.first_release, emergency=period.emergency, model=scoring.model_of(period)
    )


def chosen_recommendation(period: Period) -> complexity.Recommendation | None:
    """The recommendation with the rhythm and the cover that were chosen in place of the suggested ones."""
    found = recommendation_for(period)
    if found is None:
        return None
    cadence, cover = period.debrief_cadence or found.cadence, period.cover or found.cover
    return replace(found, cadence=cadence, debrief_cadence=CADENCES[cadence], cover=cover, coverage=COVERS[cover])


# --- The end ------------------------------------------------------------------------------------


def _take_end_along(period: Period, before: datetime) -> None:
    """The end at its old distance from a go-live that moved, in memory. A go-live that can't be is refused anyway."""
    moved = period.go_live_at
    if moved.utcoffset() is not None and moved.year <= plan_checks.LATEST_YEAR:
        period.ends_at += moved - before


def _suggest_end(period: Period) -> None:
    """The suggested end, in memory, where nobody decided on another and dates are still free."""
    free = period.status in (Period.Status.DRAFT, Period.Status.PLANNED) and not period.days_override_reason
    suggested = recommended_end(period) if free else None
    period.ends_at = suggested or period.ends_at


def recommended_end(period: Period) -> datetime | None:
    """The end the score and the critical cycles suggest, at go-live's time of day; None without a score."""
    if period.recommended_days is None:
        return None
    local = period.go_live_at.astimezone(period.zone)
    return wallclock.instant(explain_end(period, period.recommended_days).on, local.time(), period.zone)


def explain_end(
    period: Period, days: int, cycles: Iterable[Mapping[str, str]] | None = None, margin: int | None = None
) -> complexity.PlanEnd:
    """The last date for so many days, the period's critical cycles (or others) and its public holidays."""
    given = period.critical_cycles if cycles is None else cycles
    go_live = wallclock.local_day(period.go_live_at, period.zone)
    place = (period.country, period.subdivision)
    known = place if workdays.is_known(*place) else ("", "")
    if margin is None:
        margin = scoring.model_of(period).cycle_days if given else complexity.CYCLE_MARGIN_DAYS
    return explain_new_end(go_live, days, given, *known, margin=margin)


def explain_new_end(
    go_live: date,
    days: int,
    cycles: Iterable[Mapping[str, str]],
    country: str = "",
    subdivision: str = "",
    *,
    margin: int = complexity.CYCLE_MARGIN_DAYS,
) -> complexity.PlanEnd:
    """The last date of a plan that need not exist. Raises Invalid for dates or a place that can't be."""
    listed = list(cycles)
    if not plan_checks.are_cycles(listed):
        raise Invalid({"critical_cycles": plan_checks.CYCLES_WANTED})
    named = [(cycle["name"], date.fromisoformat(cycle["on"])) for cycle in listed]
    plan_checks.raise_any(
        {field: [text] for field, text in plan_checks.find_place_complaints(country, subdivision).items()}
    )
    free = workdays.holidays_between(country, subdivision, *workdays.holiday_years(go_live, *(on for _, on in named)))
    return complexity.explain_end(go_live, days, named, free, margin)
