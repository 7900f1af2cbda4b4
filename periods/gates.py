"""What stands in the way of a transition: every gate of the switchboard is asked, and answers in sentences.

Each gate is `(period, transition, *, at) -> list[Objection]`. A guard whose data is missing objects and says
what is missing; it is never skipped. This file holds the guards that the period's own rows can answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.urls import NoReverseMatch, reverse

from hypercare import wiring
from periods import checklist, criteria, planning, wallclock
from periods.models import ChecklistItem, ExitSignature, Period

Transition = Literal[
    "plan", "invite", "go", "postpone", "start", "stabilise", "relapse", "review", "extend", "sign", "close",
    "roll_back", "reopen", "cancel",
]  # fmt: skip

STREAK_DAYS = 3
LEAST_SERVED = 0.5
RELAPSE_WINDOW = timedelta(days=14)


@dataclass(frozen=True)
class Objection:
    """A reason not to take a step now, in a sentence, with the page where it is put right."""

    text: str
    url: str = ""


def objections(period: Period, transition: Transition, *, at: datetime) -> list[Objection]:
    """Everything that stands in the way of a transition at an instant, in the order of the switchboard.

    From the end date on nothing stands in the way of a review: it opens whatever the data say.
    """
    if transition == "review" and period.ends_at <= at:
        return []
    return [
        objection for path in wiring.GATES for objection in wiring.resolve(path)(period, transition, at=at)
    ]


def plan_objections(period: Period, transition: Transition, *, at: datetime) -> list[Objection]:
    """The guards that the plan, the checks, the criteria and the signatures answer."""
    guard = GUARDS.get(transition)
    return list(guard(period, at)) if guard else []


def unanswered(found: list[Objection], conditions: list[dict[str, Any]]) -> list[Objection]:
    """Objections that no condition names: neither as its `objection` nor within its `text`."""
    named = [
        (str(condition.get("objection", "")), str(condition.get("text", ""))) for condition in conditions
    ]
    return [o for o in found if not any(o.text == objection or o.text in text for objection, text in named)]


def page(period: Period, name: str) -> str:
    """Address of a page of the period; empty where the product is run without pages."""
    try:
        return reverse(name, kwargs={"key": period.key})
    except NoReverseMatch:
        return ""


def _plan(period: Period, at: datetime) -> Iterator[Objection]:
    settings = page(period, "period_settings")
    for is_missing, text in (
        (period.go_live_at <= at, "Go-live is in the past. Choose a later time."),
        (period.score is None, "The risk questions are not answered, so there is no score."),
        (_is_unexplained(period), "The window is not the suggested one. Say why, or take the suggestion."),
        (period.lead is None, "Nobody leads the period. Name a lead."),
        (period.sponsor is None, "Nobody sponsors the period. Name a sponsor."),
        (period.bau_owner is None, "Nobody takes over afterwards. Name a BAU owner."),
        (_same_signer(period), "Sponsor and BAU owner are the same person. Closing takes two; name another."),
        (period.rollback_authority is None, "Nobody may order a rollback. Name a rollback authority."),
        (
            not _has_normal(period),
            "Normal is not known. Give the issues counted before, or the rate BAU accepts.",
        ),
        (not _has_criteria(period), "No mandatory exit criterion. Say what must be true to end the period."),
    ):
        if is_missing:
            yield Objection(text, settings)


def _is_unexplained(period: Period) -> bool:
    """Another last day than the score and the critical cycles suggest, and no reason for it."""
    suggested = planning.recommended_end(period)
    if suggested is None or period.days_override_reason.strip():
        return False
    return wallclock.local_day(suggested, period.zone) != wallclock.local_day(period.ends_at, period.zone)


def _same_signer(period: Period) -> bool:
    return period.sponsor_id is not None and period.sponsor_id == period.bau_owner_id


def _has_normal(period: Period) -> bool:
    return bool(period.baseline_issues and period.baseline_days) or period.tolerable_per_day is not None


def _has_criteria(period: Period) -> bool:
    return period.exit_criteria.filter(mandatory=True).exists()


def _invite(period: Period, at: datetime) -> Iterator[Objection]:  # noqa: ARG001  one shape for all guards
    if not period.checklist.exists():
        yield Objection(
            "There is no checklist. Make one from the template.", page(period, "period_readiness")
        )


def _go(period: Period, at: datetime) -> Iterator[Objection]:
    url = page(period, "period_readiness")
    checks = list(period.checklist.filter(blocking=True).order_by("position", "id"))
    for check in checks:
        if reason := checklist.blocks(check, at):
            yield Objection(f"“{check.title}” {reason}.", f"{url}#check-{check.pk}")
    if not any(check.category == "Rollback" for check in checks):
        yield Objection("No blocking check covers the rollback. Add its rehearsal under Rollback.", url)
    if not _names_no_return(period):
        yield Objection("The point of no return is not named.", page(period, "period_settings"))
    if period.go_live_at <= at:
        yield Objection("Go-live is in the past. Postpone it to a later time.", url)


def _names_no_return(period: Period) -> bool:
    """Named in the plan, or by a check that was completed."""
    checked = period.checklist.filter(
        title__istartswith="Point of no return", status=ChecklistItem.Status.DONE
    )
    return bool(period.point_of_no_return.strip()) or checked.exists()


def _start(period: Period, at: datetime) -> Iterator[Objection]:
    if period.ends_at <= at:
        yield Objection(
            "The planned end has passed. Postpone go-live instead.", page(period, "period_settings")
        )
    if at < period.go_live_at:
        yield Objection("Go-live is not reached yet.", page(period, "period_settings"))


def _review(period: Period, at: datetime) -> Iterator[Objection]:
    """Before the end date the period must have earned its review."""
    url = page(period, "period_exit")
    if period.status != Period.Status.STABILISING:
        yield Objection("Before the end date a review opens only while stabilising.", url)
    if at < period.starts_at + (period.planned_ends_at - period.starts_at) * LEAST_SERVED:
        yield Objection("Less than half of the planned window is served.", url)
    cycles = criteria.critical_cycles(period, threshold=None, at=at)
    if cycles.verdict == "fail":
        yield Objection(cycles.text, url)
    for title in _without_streak(period, at):
        yield Objection(f"“{title}” was not met on each of the last {STREAK_DAYS} days.", url)


def _without_streak(period: Period, at: datetime) -> list[str]:
    """Titles of mandatory criteria that did not pass at this time of day on each of the last three days.

    Manual ones must pass now: a signed paper has no daily reading.
    """
    failed: dict[str, None] = {}
    for days_ago in range(STREAK_DAYS):
        for row in criteria.scorecard(period, at=at - timedelta(days=days_ago)):
            counts = row.criterion.automatic or days_ago == 0
            if row.criterion.mandatory and counts and row.reading.verdict != "pass":
                failed[row.criterion.title] = None
    return list(failed)


def _close(period: Period, at: datetime) -> Iterator[Objection]:
    url = page(period, "period_exit")
    standing = {row.role: row for row in period.exit_signatures.filter(voided_at__isnull=True)}
    for role in ExitSignature.Role:
        if role not in standing:
            yield Objection(f"The {role.label} has not signed.", url)
    accepted = len(standing) == len(ExitSignature.Role) and all(
        row.comment.strip() for row in standing.values()
    )
    for row in criteria.scorecard(period, at=at):
        if row.blocks and not accepted:
            text = f"“{row.criterion.title}” is {row.word}. It must be met, or both signatures say why it is accepted."
            yield Objection(text, url)


def _reopen(period: Period, at: datetime) -> Iterator[Objection]:
    if period.ended_at is not None and at > period.ended_at + RELAPSE_WINDOW:
        yield Objection(
            "It closed more than 14 days ago. Plan a new period instead.", page(period, "period_overview")
        )


def _roll_back(period: Period, at: datetime) -> Iterator[Objection]:
    passed = period.point_of_no_return_at
    if passed is not None and passed <= at:
        yield Objection(
            "The point of no return has passed. Fix forward instead.", page(period, "period_overview")
        )


GUARDS: dict[str, Callable[[Period, datetime], Iterator[Objection]]] = {
    "plan": _plan,
    "invite": _invite,
    "go": _go,
    "start": _start,
    "review": _review,
    "close": _close,
    "reopen": _reopen,
    "roll_back": _roll_back,
}
