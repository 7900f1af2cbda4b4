"""The table of a period's transitions: from where, to where, by whom; and the door every step goes through.

`lifecycle.py` takes the steps. Nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypercare.errors import NotAllowed, TransitionRefused
from hypercare.models import User
from periods import gates
from periods.access import PEOPLE, allowed
from periods.models import Period

Status = Period.Status
RIGHT = "right:"
CLOCK = "clock"


@dataclass(frozen=True)
class Step:
    """One row of the table: from which states, to which (None: the state before the review), by whom."""

    sources: tuple[Status, ...]
    target: Status | None
    actors: tuple[str, ...]
    kind: str
    verb: str


TABLE: dict[gates.Transition, Step] = {
    "plan": Step((Status.DRAFT,), Status.PLANNED, ("right:period.plan",), "period.planned", "planned"),
    "invite": Step(
        (Status.PLANNED,), Status.READINESS, ("right:period.plan", "clock"), "period.readiness_opened",
        "opened for readiness",
    ),
    "go": Step((Status.READINESS,), Status.READY, ("sponsor",), "go.decided", "decided"),
    "revert": Step(
        (Status.READY,), Status.READINESS, ("clock",), "go.reverted", "moved back to readiness"
    ),
    # A go that slips is postponed as well: without it the only way to move a date would be to cancel.
    "postpone": Step(
        (Status.READINESS, Status.READY), Status.PLANNED, ("sponsor",), "period.postponed", "postponed"
    ),
    "start": Step((Status.READY,), Status.ACTIVE, ("right:period.run",), "period.started", "started"),
    "stabilise": Step((Status.ACTIVE,), Status.STABILISING, ("lead",), "period.stabilising", "moved to stabilising"),
    "relapse": Step(
        (Status.STABILISING, Status.EXIT_REVIEW), Status.ACTIVE, ("clock",), "period.relapsed", "moved back to live"
    ),
    "review": Step(
        (Status.ACTIVE, Status.STABILISING), Status.EXIT_REVIEW, ("lead", "clock"), "period.review_opened",
        "put under exit review",
    ),
    "extend": Step((Status.EXIT_REVIEW,), None, ("sponsor",), "period.extended", "extended"),
    "sign": Step((Status.EXIT_REVIEW,), Status.EXIT_REVIEW, ("sponsor", "bau_owner"), "exit.signed", "signed"),
    "close": Step(
        (Status.EXIT_REVIEW,), Status.CLOSED, ("sponsor", "bau_owner", "lead", "right:period.run"), "period.closed",
        "closed",
    ),
    "roll_back": Step(
        (Status.READY, Status.ACTIVE, Status.STABILISING), Status.ROLLED_BACK, ("sponsor", "rollback_authority"),
        "period.rolled_back", "rolled back",
    ),
    "reopen": Step((Status.CLOSED,), Status.ACTIVE, ("lead",), "period.reopened", "reopened"),
    "cancel": Step(
        (Status.DRAFT, Status.PLANNED, Status.READINESS, Status.READY), Status.CANCELLED, ("right:period.plan",),
        "period.cancelled", "cancelled",
    ),
}  # fmt: skip
NAMES = {"sponsor": "the sponsor", "lead": "the lead", "bau_owner": "the BAU owner",
         "rollback_authority": "the rollback authority"}  # fmt: skip


def enter(
    period_id: int, name: gates.Transition, *, by: User | None, at: datetime,
    conditions: list[dict[str, Any]] | None = None,
) -> Period:  # fmt: skip
    """The locked period, when the table, the person and the gates allow the step."""
    period: Period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    step = TABLE[name]
    _check_state(period, step)
    _check_actor(period, step, by)
    found = gates.unanswered(gates.objections(period, name, at=at), conditions or [])
    if found:
        gates.refuse(found)
    return period


def _check_state(period: Period, step: Step) -> None:
    if period.status in step.sources:
        return
    now = period.get_status_display().lower()
    if period.status == step.target:
        raise TransitionRefused(
            f"{period.name} is already {now}, since {period.status_since:%d %b %Y %H:%M} UTC."
        )
    raise TransitionRefused(f"{period.name} is {now}, so it can't be {step.verb}.")


def _check_actor(period: Period, step: Step, by: User | None) -> None:
    if by is None and CLOCK in step.actors:
        return
    if by is None or not any(_is(period, actor, by) for actor in step.actors):
        raise NotAllowed(f"{period.name} can be {step.verb} by {who_may(period, step)}.")


def _is(period: Period, actor: str, by: User) -> bool:
    if actor.startswith(RIGHT):
        return allowed(by, period, actor.removeprefix(RIGHT))
    return actor != CLOCK and getattr(period, f"{actor}_id") == by.pk


def who_may(period: Period, step: Step) -> str:
    """The people who may take a step, in words: “the sponsor (Rachel Kim) or the BAU owner (Marcus Bell)”."""
    people = ((actor, getattr(period, actor)) for actor in step.actors if actor in NAMES)
    named = [f"{NAMES[actor]} ({person})" for actor, person in people if person]
    owners = ["an owner of the period"] if any(actor.startswith(RIGHT) for actor in step.actors) else []
    return " or ".join(named + owners) or "nobody but the clock"


def may_take(period: Period, name: gates.Transition, by: User) -> bool:
    """Whether a person may take a step in the period's present state; gates are not asked."""
    step = TABLE[name]
    return period.status in step.sources and any(_is(period, actor, by) for actor in step.actors)
