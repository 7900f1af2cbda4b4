"""The table of a period's transitions: from where, to where, by whom; and the door every step goes through.

`lifecycle.py` takes the steps. Nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypercare.exceptions import NotAllowed, TransitionRefused
from hypercare.models import User
from periods.access.access import PEOPLE, is_allowed
from periods.lifecycle import gates
from periods.models import Period

Status = Period.Status
RIGHT = "right:"
CLOCK = "clock"


@dataclass(frozen=True)
class TransitionRule:
    """One row of the table: from which states, to which (None: the state before the review), by whom."""

    sources: tuple[Status, ...]
    target: Status | None
    actors: tuple[str, ...]
    kind: str
    verb: str


TABLE: dict[gates.Transition, TransitionRule] = {
    "plan": TransitionRule((Status.DRAFT,), Status.PLANNED, ("right:period.plan",), "period.planned", "planned"),
    "invite": TransitionRule(
        (Status.PLANNED,),
        Status.READINESS,
        ("right:period.plan", "clock"),
        "period.readiness_opened",
        "opened for readiness",
    ),
    "go": TransitionRule((Status.READINESS,), Status.READY, ("sponsor",), "go.decided", "decided"),
    "revert": TransitionRule((Status.READY,), Status.READINESS, ("clock",), "go.reverted", "moved back to readiness"),
    # A go that slips is postponed as well: without it the only way to move a date would be to cancel.
    "postpone": TransitionRule(
        (Status.READINESS, Status.READY), Status.PLANNED, ("sponsor",), "period.postponed", "postponed"
    ),
    "start": TransitionRule((Status.READY,), Status.ACTIVE, ("right:period.run",), "period.started", "started"),
    "stabilise": TransitionRule(
        (Status.ACTIVE,), Status.STABILISING, ("lead",), "period.stabilising", "moved to stabilising"
    ),
    "relapse": TransitionRule(
        (Status.STABILISING, Status.EXIT_REVIEW), Status.ACTIVE, ("clock",), "period.relapsed", "moved back to live"
    ),
    "review": TransitionRule(
        (Status.ACTIVE, Status.STABILISING),
        Status.EXIT_REVIEW,
        ("lead", "clock"),
        "period.review_opened",
        "put under exit review",
    ),
    "extend": TransitionRule((Status.EXIT_REVIEW,), None, ("sponsor",), "period.extended", "extended"),
    "sign": TransitionRule(
        (Status.EXIT_REVIEW,), Status.EXIT_REVIEW, ("sponsor", "bau_owner"), "exit.signed", "signed"
    ),
    "close": TransitionRule(
        (Status.EXIT_REVIEW,),
        Status.CLOSED,
        ("sponsor", "bau_owner", "lead", "right:period.run"),
        "period.closed",
        "closed",
    ),
    "roll_back": TransitionRule(
        (Status.READY, Status.ACTIVE, Status.STABILISING),
        Status.ROLLED_BACK,
        ("sponsor", "rollback_authority"),
        "period.rolled_back",
        "rolled back",
    ),
    "reopen": TransitionRule((Status.CLOSED,), Status.ACTIVE, ("lead",), "period.reopened", "reopened"),
    "cancel": TransitionRule(
        (Status.DRAFT, Status.PLANNED, Status.READINESS, Status.READY),
        Status.CANCELLED,
        ("right:period.plan",),
        "period.cancelled",
        "cancelled",
    ),
}
NAMES = {
    "sponsor": "the sponsor",
    "lead": "the lead",
    "bau_owner": "the BAU owner",
    "rollback_authority": "the rollback authority",
}


def begin_transition(
    period_id: int,
    name: gates.Transition,
    *,
    by: User | None,
    at: datetime,
    conditions: list[dict[str, Any]] | None = None,
) -> Period:
    """The locked period, when the table, the person and the gates allow the step."""
    period = require_transition(period_id, name, by=by)
    found = gates.uncovered_blockers(gates.find_blockers(period, name, at=at), conditions or [])
    if found:
        gates.refuse_step(found)
    return period


def require_transition(period_id: int, name: gates.Transition, *, by: User | None) -> Period:
    """The locked period, when the table and the person allow the step; gates are not asked."""
    period: Period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    _check_state(period, TABLE[name])
    _check_actor(period, TABLE[name], by)
    return period


def _check_state(period: Period, step: TransitionRule) -> None:
    if period.status in step.sources:
        return
    now = period.get_status_display().lower()
    if period.status == step.target:
        raise TransitionRefused(f"{period.name} is already {now}, since {period.status_since:%d %b %Y %H:%M} UTC.")
    raise TransitionRefused(f"{period.name} is {now}, so it can't be {step.verb}.")


def _check_actor(period: Period, step: TransitionRule, by: User | None) -> None:
    if by is None and CLOCK in step.actors:
        return
    if by is None or not any(_is(period, actor, by) for actor in step.actors):
        raise NotAllowed(f"{period.name} can be {step.verb} by {who_may_take(period, step)}.")


def _is(period: Period, actor: str, by: User) -> bool:
    if actor.startswith(RIGHT):
        return is_allowed(by, period, actor.removeprefix(RIGHT))
    return actor != CLOCK and getattr(period, f"{actor}_id") == by.pk


def who_may_take(period: Period, step: TransitionRule) -> str:
    """The people who may take a step, in words: “the sponsor (Rachel Kim) or the BAU owner (Marcus Bell)”."""
    people = ((actor, getattr(period, actor)) for actor in step.actors if actor in NAMES)
    named = [f"{NAMES[actor]} ({person})" for actor, person in people if person]
    owners = ["an owner of the period"] if any(actor.startswith(RIGHT) for actor in step.actors) else []
    return " or ".join(named + owners) or "nobody but the clock"


def may_take(period: Period, name: gates.Transition, by: User) -> bool:
    """Whether a person may take a step in the period's present state; gates are not asked."""
    step = TABLE[name]
    return period.status in step.sources and any(_is(period, actor, by) for actor in step.actors)
