"""What stands in the way of a transition: every gate of the switchboard is asked, and answers in sentences.

Each gate is `(period, transition, *, at) -> list[Blocker]`. A guard whose data is missing objects and says
what is missing; it is never skipped. This file holds the guards that the period's own rows can answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NoReturn

from django.urls import NoReverseMatch, reverse

from hypercare import registry
from hypercare.exceptions import TransitionRefused
from hypercare.models import User
from periods import checklist
from periods.calendar import wallclock
from periods.checklist import rehearsals
from periods.exit import criteria, readings
from periods.models import ChecklistItem, ExitSignature, Period
from periods.planning import planning

Transition = Literal[
    "plan",
    "invite",
    "go",
    "revert",
    "postpone",
    "start",
    "stabilise",
    "relapse",
    "review",
    "extend",
    "sign",
    "close",
    "roll_back",
    "reopen",
    "cancel",
]

STREAK_DAYS = 3
LEAST_SERVED = 0.5
RELAPSE_WINDOW = timedelta(days=14)


@dataclass(frozen=True)
class Blocker:
    """A reason not to take a step now, in a sentence, with the page where it is put right.

    `code` names the rule and `about` the thing it speaks of (`check:12`), so that nobody needs to read the
    sentence to know which it is. `owner` is whoever can put it right, where that is one known person, and `wish`
    what would be seen once it is, for the condition of a go.
    """

    text: str
    url: str = ""
    code: str = field(kw_only=True)
    about: str = field(default="", kw_only=True)
    owner: User | None = field(default=None, kw_only=True, compare=False)
    wish: str = field(default="", kw_only=True, compare=False)

    @property
    def key(self) -> str:
        """What a condition names it by: stays the same while the sentence may change."""
        return f"{self.code}:{self.about}" if self.about else self.code


def refuse_step(found: Iterable[Blocker]) -> NoReturn:
    """Raise TransitionRefused with every blocker, in their order."""
    listed = list(found)
    raise TransitionRefused(*(one.text for one in listed), codes=[one.code for one in listed])


def find_blockers(period: Period, transition: Transition, *, at: datetime) -> list[Blocker]:
    """Everything that stands in the way of a transition at an instant, in the order of the switchboard.

    From the end date on nothing stands in the way of a review: it opens whatever the data say.
    """
    if transition == "review" and period.ends_at <= at:
        return []
    return [blocker for path in registry.GATES for blocker in registry.resolve(path)(period, transition, at=at)]


def gather_advice(period: Period, *, at: datetime) -> list[Blocker]:
    """What is worth mending before a go but stands in nobody's way. Nothing once the period is live."""
    if period.status not in Period.PRE_LIVE:
        return []
    return [found for path in registry.ADVICE for found in registry.resolve(path)(period, at=at)]


def find_plan_blockers(period: Period, transition: Transition, *, at: datetime) -> list[Blocker]:
    """The guards that the plan, the checks, the criteria and the signatures answer."""
    guard = GUARDS.get(transition)
    return list(guard(period, at)) if guard else []


def uncovered_blockers(found: list[Blocker], conditions: list[dict[str, Any]]) -> list[Blocker]:
    """Blockers that no condition names, by their key or by their sentence."""
    named = {str(condition.get("objection", "")) for condition in conditions}
    return [one for one in found if not named & {one.key, one.text}]


def page_url(period: Period, name: str) -> str:
    """Address of a page of the period; empty where the product is run without pages."""
    try:
        return reverse(name, kwargs={"key": period.key})
    except NoReverseMatch:
        return ""


def _plan(period: Period, at: datetime) -> Iterator[Blocker]:
    settings = page_url(period, "period_settings")
    for is_missing, code, text in (
        (period.go_live_at <= at, "plan.go_live_past", "Go-live is in the past. Choose a later time."),
        (period.score is None, "plan.no_score", "The risk questions are not answered, so there is no score."),
        (
            _is_unexplained(period),
            "plan.window_unexplained",
            "The window is not the suggested one. Say why, or take the suggestion.",
        ),
        (period.lead is None, "plan.no_lead", "Nobody leads the period. Name a lead."),
        (period.sponsor is None, "plan.no_sponsor", "Nobody sponsors the period. Name a sponsor."),
        (period.bau_owner is None, "plan.no_bau_owner", "Nobody takes over afterwards. Name a BAU owner."),
        (
            _same_signer(period),
            "plan.same_signer",
            "Sponsor and BAU owner are the same person. Closing takes two; name another.",
        ),
        (
            period.rollback_authority is None,
            "plan.no_rollback_authority",
            "Nobody may order a rollback. Name a rollback authority.",
        ),
        (
            not _has_normal(period),
            "plan.no_normal",
            "Normal is not known. Give the issues counted before, or the rate BAU accepts.",
        ),
        (
            not _has_criteria(period),
            "plan.no_criterion",
            "No mandatory exit criterion. Say what must be true to end the period.",
        ),
    ):
        if is_missing:
            yield Blocker(text, settings, code=code)


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


def _invite(period: Period, at: datetime) -> Iterator[Blocker]:  # noqa: ARG001  one shape for all guards
    if not period.checklist.exists():
        yield Blocker(
            "There is no checklist. Make one from the template.",
            page_url(period, "period_readiness"),
            code="invite.no_checklist",
        )


def _go(period: Period, at: datetime) -> Iterator[Blocker]:
    url = page_url(period, "period_readiness")
    blocking = period.checklist.filter(blocking=True).select_related("owner")
    checks = list(blocking.order_by("position", "id"))
    for check in checks:
        if reason := checklist.explain_open(check, at):
            yield Blocker(
                f"“{check.title}” {reason}.",
                f"{url}#check-{check.pk}",
                code="go.check_open",
                about=f"check:{check.pk}",
                owner=check.owner,
                wish=f"“{check.title}” is done, with its evidence",
            )
    if not any(check.category == "Rollback" for check in checks):
        text = "No blocking check covers the rollback. Add its rehearsal under Rollback."
        yield Blocker(text, url, code="go.rollback_unchecked")
    if missing := rehearsals.explain_missing_rollback(period):
        yield Blocker(missing, f"{url}#rehearsals", code="go.rollback_unrehearsed")
    if not _names_no_return(period):
        where = page_url(period, "period_settings")
        yield Blocker("The point of no return is not named.", where, code="go.no_return_unnamed")
    if period.go_live_at <= at:
        yield Blocker("Go-live is in the past. Postpone it to a later time.", url, code="go.go_live_past")


def _names_no_return(period: Period) -> bool:
    """Named in the plan, or by a check that was completed."""
    checked = period.checklist.filter(title__istartswith="Point of no return", status=ChecklistItem.Status.DONE)
    return bool(period.point_of_no_return.strip()) or checked.exists()


def _start(period: Period, at: datetime) -> Iterator[Blocker]:
    url = page_url(period, "period_settings")
    if period.ends_at <= at:
        yield Blocker("The planned end has passed. Postpone go-live instead.", url, code="start.end_past")
    if at < period.go_live_at:
        yield Blocker("Go-live is not reached yet.", url, code="start.too_early")
    for row in (
        period.go_conditions.filter(state="open", due_at__lte=at).select_related("owner").order_by("due_at", "id")
    ):
        yield Blocker(
            f"“{row.text}” was to be met by {row.due_at:%d %b %H:%M} UTC and is not. The go has ended.",
            page_url(period, "period_go"),
            code="start.condition_late",
            about=f"condition:{row.pk}",
            owner=row.owner,
        )


def _review(period: Period, at: datetime) -> Iterator[Blocker]:
    """Before the end date the period must have earned its review."""
    url = page_url(period, "period_exit")
    if period.status != Period.Status.STABILISING:
        text = "Before the end date a review opens only while stabilising."
        yield Blocker(text, url, code="review.not_stabilising")
    if at < period.starts_at + (period.planned_ends_at - period.starts_at) * LEAST_SERVED:
        yield Blocker("Less than half of the planned window is served.", url, code="review.half_unserved")
    cycles = criteria.critical_cycles(period, threshold=None, at=at)
    if cycles.verdict == "fail":
        yield Blocker(cycles.text, url, code="review.cycle_open")
    yield from _without_streak(period, at, url)


def _without_streak(period: Period, at: datetime, url: str) -> Iterator[Blocker]:
    """Mandatory criteria must be met now, and on record as met at the end of each of the last three days.

    Manual ones must pass now: a signed paper has no daily reading. A day that was not read in time is named once
    instead of with each criterion.
    """
    days = readings.days_before(period, at=at, count=STREAK_DAYS)
    rows = [row for row in criteria.scorecard(period, at=at) if row.criterion.mandatory]
    unread = [day for day in days if not day.is_certain]
    if unread and any(row.criterion.automatic for row in rows):
        yield Blocker(_unread(unread), url, code="review.day_unread")
    for row in rows:
        daily = [day for day in days if day.is_certain and row.criterion.automatic]
        if row.reading.verdict != "pass" or not all(day.met(row.criterion.code) for day in daily):
            text = f"“{row.criterion.title}” was not met on each of the last {STREAK_DAYS} days."
            yield Blocker(text, url, code="review.no_streak", about=f"criterion:{row.criterion.code}")


def _unread(days: list[readings.DayReadings]) -> str:
    named = " and ".join(f"{day.on:%d %b}" for day in reversed(days))
    count = "that day does not count" if len(days) == 1 else "those days do not count"
    return (
        f"The exit criteria were not read at the end of {named}, so {count}."
        f" An early review needs the last {STREAK_DAYS} days on record."
    )


def _close(period: Period, at: datetime) -> Iterator[Blocker]:
    url = page_url(period, "period_exit")
    standing = {row.role: row for row in period.exit_signatures.filter(voided_at__isnull=True)}
    for role in ExitSignature.Role:
        if role not in standing:
            yield Blocker(
                f"The {role.label} has not signed.",
                url,
                code="close.unsigned",
                about=f"role:{role.value}",
                owner=getattr(period, role.value),
            )
    accepted = len(standing) == len(ExitSignature.Role) and all(row.comment.strip() for row in standing.values())
    for row in criteria.scorecard(period, at=at):
        if row.blocks and not accepted:
            text = f"“{row.criterion.title}” is {row.word}. It must be met, or both signatures say why it is accepted."
            yield Blocker(text, url, code="close.unmet", about=f"criterion:{row.criterion.code}")


def _reopen(period: Period, at: datetime) -> Iterator[Blocker]:
    if period.ended_at is not None and at > period.ended_at + RELAPSE_WINDOW:
        url = page_url(period, "period_overview")
        text = "It closed more than 14 days ago. Plan a new period instead."
        yield Blocker(text, url, code="reopen.too_late")


def _roll_back(period: Period, at: datetime) -> Iterator[Blocker]:
    passed = period.point_of_no_return_at
    if passed is not None and passed <= at:
        url = page_url(period, "period_overview")
        text = "The point of no return has passed. Fix forward instead."
        yield Blocker(text, url, code="roll_back.no_return_passed")


GUARDS: dict[str, Callable[[Period, datetime], Iterator[Blocker]]] = {
    "plan": _plan,
    "invite": _invite,
    "go": _go,
    "start": _start,
    "review": _review,
    "close": _close,
    "reopen": _reopen,
    "roll_back": _roll_back,
}
