"""The state machine of a period, and the sole writer of `Period.status`.

The table of `transitions.py` says which steps exist, who may take them and what the journal calls them. Every step
locks the period, checks the table, the person and the gates, and writes with one journal entry in one
transaction. The end date never closes a period: it opens the exit review.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from hypercare import registry
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed
from hypercare.models import User
from periods import checklist
from periods.debriefs import debriefs
from periods.exit import criteria
from periods.journal import journal
from periods.lifecycle import gates, transition_checks
from periods.lifecycle.transitions import TABLE, Status, begin_transition, require_transition
from periods.models import ExitSignature, GoCondition, GoDecision, GoVote, Period
from periods.timers import timers

LATEST_RECORD = timedelta(days=14)
RELAPSE_DAYS = timedelta(days=14)
CALM_AGAIN = timedelta(hours=72)


# --- Before go-live -----------------------------------------------------------------------------


@transaction.atomic
def plan(period_id: int, *, by: User, at: datetime, via: str = "") -> Period:
    """Draft → planned; readiness opens by itself 14 days before go-live. Raises TransitionRefused, NotAllowed."""
    period = begin_transition(period_id, "plan", by=by, at=at)
    _move(period, Status.PLANNED, at)
    timers.arm_readiness(period, at=at)
    journal.record(period, TABLE["plan"].kind, by=by, at=at, via=via, title=period.name, score=period.score)
    return period


@transaction.atomic
def invite(period_id: int, *, by: User | None, at: datetime, via: str = "") -> Period:
    """Planned → readiness, by hand or by the clock. Raises TransitionRefused, NotAllowed."""
    period = begin_transition(period_id, "invite", by=by, at=at)
    _move(period, Status.READINESS, at)
    if by is not None:
        timers.clear_timers(period, "readiness", at=at)
    journal.record(period, TABLE["invite"].kind, by=by, at=at, via=via, title=period.name)
    return period


@transaction.atomic
def open_readiness(period_id: int, *, by: User, at: datetime, via: str = "") -> Period:
    """Planned → readiness by hand: whoever takes part and was not asked yet is invited, all or nobody.

    Raises TransitionRefused, NotAllowed.
    """
    require_transition(period_id, "invite", by=by)
    registry.resolve(registry.INVITE_WAITING)(period_id, by=by, at=at, via=via)
    return invite(period_id, by=by, at=at, via=via)


@transaction.atomic
def go(period_id: int, *, decision: GoDecision, by: User, at: datetime, via: str = "") -> Period:
    """Readiness → ready, on the sponsor's recorded decision (`gonogo.decide` makes it).

    Raises TransitionRefused while a blocker stands that the decision's conditions do not name.
    """
    period = begin_transition(
        period_id, "go", by=by, at=at, conditions=transition_checks.agreed_conditions(decision, period_id, at)
    )
    _move(period, Status.READY, at)
    journal.record(
        period,
        TABLE["go"].kind,
        by=by,
        at=at,
        via=via,
        subject=f"decision:{decision.pk}",
        outcome=decision.outcome,
        reason=decision.reason,
        conditions=decision.conditions,
    )
    return period


@transaction.atomic
def revert(period_id: int, *, decision: GoDecision, condition: GoCondition, at: datetime) -> Period:
    """Ready → readiness by the clock: a condition of the go was not met in time (`expire_condition` calls it).

    The other conditions no longer apply and the votes are asked for again. Raises TransitionRefused unless ready.
    """
    period = begin_transition(period_id, "revert", by=None, at=at)
    _move(period, Status.READINESS, at)
    _void_votes(period, at)
    _drop_conditions(period, at)
    journal.record(
        period,
        TABLE["revert"].kind,
        by=None,
        at=at,
        via="timer",
        subject=f"decision:{decision.pk}",
        title=condition.text,
        outcome=decision.outcome,
        reason=decision.reason,
        condition=condition.pk,
        owner=condition.owner.name,
        due_at=condition.due_at.isoformat(),
        turns=decision.turns_id,
    )
    return period


@transaction.atomic
def postpone(
    period_id: int, *, go_live_at: datetime, reason: str, by: User, at: datetime, via: str = "", decision_id: int = 0
) -> Period:
    """Readiness or ready → planned: go-live, end, point of no return and checks move by the same time.

    The votes are asked for again; contributors answer again because the journal entry says by how much it moved.
    Raises Invalid without a reason or for a time that is past or the same.
    """
    period = begin_transition(period_id, "postpone", by=by, at=at)
    transition_checks.require_reason(reason)
    delta = transition_checks.go_live_delta(period, go_live_at, at)
    before, fields = period.go_live_at, shift_dates(period, delta)
    _move(period, Status.PLANNED, at, *fields)
    moved = checklist.shift_due_dates(period)
    _void_votes(period, at)
    _drop_conditions(period, at)
    timers.clear_timers(period, "condition", "condition_soon", at=at)
    timers.arm_readiness(period, at=at)
    journal.record(
        period,
        TABLE["postpone"].kind,
        by=by,
        at=at,
        via=via,
        title=period.name,
        reason=reason.strip(),
        old_go_live_at=before.isoformat(),
        new_go_live_at=period.go_live_at.isoformat(),
        ends_at=period.ends_at.isoformat(),
        delta_s=int(delta.total_seconds()),
        checks=moved,
        decision=decision_id,
    )
    return period


def shift_dates(period: Period, delta: timedelta) -> list[str]:
    """Move every date of the plan in memory; the names of the fields to save."""
    fields = ["go_live_at", "ends_at", "planned_ends_at"]
    fields += ["point_of_no_return_at"] if period.point_of_no_return_at else []
    for field in fields:
        setattr(period, field, getattr(period, field) + delta)
    return fields


@transaction.atomic
def cancel(period_id: int, *, reason: str, by: User, at: datetime, via: str = "") -> Period:
    """Anything before go-live → cancelled. Raises Invalid without a reason."""
    period = begin_transition(period_id, "cancel", by=by, at=at)
    transition_checks.require_reason(reason)
    return _end(period, "cancel", by=by, at=at, via=via, reason=reason.strip())


# --- While it runs ------------------------------------------------------------------------------


@transaction.atomic
def start(
    period_id: int, *, smoke_test: str, by: User, at: datetime, went_live_at: datetime | None = None, via: str = ""
) -> Period:
    """Ready → active: records the real go-live and the smoke test, lays out the debriefs, watches the end.

    Raises Invalid without a smoke test or for a go-live that is still to come.
    """
    period = begin_transition(period_id, "start", by=by, at=at)
    if not smoke_test.strip():
        raise Invalid({"smoke_test": "Say what the smoke test showed."})
    if went_live_at is not None and not at - LATEST_RECORD < went_live_at <= at:
        raise Invalid({"went_live_at": "Give the time users came on: not ahead, and within the last 14 days."})
    period.smoke_test, period.went_live_at = smoke_test.strip(), went_live_at or at
    _move(period, Status.ACTIVE, at, "smoke_test", "went_live_at")
    timers.arm_end(period, at=at)
    timers.arm_reading(period, at=at)
    planned = debriefs.lay_out(period, at=at)
    journal.record(
        period,
        TABLE["start"].kind,
        by=by,
        at=at,
        via=via,
        title=period.name,
        smoke_test=period.smoke_test,
        went_live_at=period.starts_at.isoformat(),
        ends_at=period.ends_at.isoformat(),
        debriefs=len(planned),
    )
    return period


@transaction.atomic
def stabilise(period_id: int, *, by: User, at: datetime, via: str = "") -> Period:
    """Active → stabilising. Raises TransitionRefused while the numbers are not calm."""
    period = begin_transition(period_id, "stabilise", by=by, at=at)
    period.stabilised_at = at
    _move(period, Status.STABILISING, at, "stabilised_at")
    timers.arm_rate(period, at=at)
    journal.record(period, TABLE["stabilise"].kind, by=by, at=at, via=via, title=period.name)
    return period


@transaction.atomic
def relapse(period_id: int, *, reason: str, at: datetime, via: str = "timer") -> Period:
    """Stabilising or exit review → active, by the clock or an alert; signatures given so far are void.

    After the end date the review opens again by itself after as many calm hours as stabilising asks for.
    """
    period = begin_transition(period_id, "relapse", by=None, at=at)
    period.stabilised_at, period.status_before_review = None, ""
    _move(period, Status.ACTIVE, at, "stabilised_at", "status_before_review")
    _void_signatures(period, at)
    if period.ends_at <= at + CALM_AGAIN:
        timers.rearm_end(period, due_at=at + CALM_AGAIN)
    journal.record(period, TABLE["relapse"].kind, by=None, at=at, via=via, title=period.name, reason=reason)
    return period


@transaction.atomic
def roll_back(
    period_id: int,
    *,
    reason: str,
    advised_by: User | None,
    by: User,
    at: datetime,
    before_no_return: bool = False,
    via: str = "",
) -> Period:
    """Ready, active or stabilising → rolled back, on the incident commander's advice, before the point of no return.

    `advised_by` commands the incident: another member than `by`, for an order takes two. When the time of the
    point of no return is not recorded, whoever orders the rollback states `before_no_return`. Raises Invalid.
    """
    period = begin_transition(period_id, "roll_back", by=by, at=at)
    transition_checks.require_reason(reason)
    transition_checks.check_advice(period, advised_by, by)
    if period.point_of_no_return_at is None and not before_no_return:
        raise Invalid({"before_no_return": "The time of the point of no return is not recorded. Confirm it is ahead."})
    return _end(
        period,
        "roll_back",
        by=by,
        at=at,
        via=via,
        reason=reason.strip(),
        stated=before_no_return,
        advised_by=advised_by.name if advised_by else "",
    )


# --- The exit -----------------------------------------------------------------------------------


@transaction.atomic
def review(period_id: int, *, by: User | None, at: datetime, via: str = "") -> Period:
    """Active or stabilising → exit review: by the clock at the end date, or earlier when it is earned."""
    period = begin_transition(period_id, "review", by=by, at=at)
    period.status_before_review = period.status
    _move(period, Status.EXIT_REVIEW, at, "status_before_review")
    timers.arm_rate(period, at=at)
    early = at < period.ends_at
    journal.record(period, TABLE["review"].kind, by=by, at=at, via=via, title=period.name, early=early)
    return period


@transaction.atomic
def extend(period_id: int, *, ends_at: datetime, reason: str, by: User, at: datetime, via: str = "") -> Period:
    """Exit review → the state before it, with a later end and the unmet criteria on record. Signatures are void.

    At most two extensions of 14 days each. Raises TransitionRefused after the second, Invalid for a bad end.
    """
    period = begin_transition(period_id, "extend", by=by, at=at)
    transition_checks.require_reason(reason)
    transition_checks.check_extension(period, ends_at, at)
    unmet = [row.criterion.title for row in criteria.scorecard(period, at=at) if row.reading.verdict != "pass"]
    before, back_to = period.ends_at, Status(period.status_before_review or Status.ACTIVE)
    period.ends_at, period.status_before_review, period.extensions = ends_at, "", period.extensions + 1
    _move(period, back_to, at, "ends_at", "status_before_review", "extensions")
    _void_signatures(period, at)
    timers.arm_end(period, at=at)
    debriefs.lay_out(period, at=at)
    journal.record(
        period,
        TABLE["extend"].kind,
        by=by,
        at=at,
        via=via,
        title=period.name,
        reason=reason.strip(),
        unmet=unmet,
        old_ends_at=before.isoformat(),
        ends_at=ends_at.isoformat(),
        extension=period.extensions,
        back_to=str(back_to),
    )
    return period


@transaction.atomic
def sign(period_id: int, *, role: str, by: User, at: datetime, comment: str = "", via: str = "") -> ExitSignature:
    """The BAU owner or the sponsor signs that the period may close; signing does not close it.

    While a mandatory criterion is unmet or unknown the signature must say why that is accepted. A later
    signature with a comment replaces one's own. Raises AlreadyDone, NotAllowed, Invalid, TransitionRefused.
    """
    transition_checks.check_role(role)
    period = begin_transition(period_id, "sign", by=by, at=at)
    if getattr(period, f"{role}_id") != by.pk:
        raise NotAllowed(f"Only {getattr(period, role)} signs as {ExitSignature.Role(role).label}.")
    transition_checks.check_comment(period, comment, at)
    _replace_signature(period, role, comment, at)
    signature = ExitSignature.objects.create(period=period, role=role, by=by, at=at, comment=comment.strip())
    journal.record(
        period,
        TABLE["sign"].kind,
        by=by,
        at=at,
        via=via,
        title=signature.get_role_display(),
        role=role,
        comment=signature.comment,
    )
    return signature


def _replace_signature(period: Period, role: str, comment: str, at: datetime) -> None:
    mine = ExitSignature.objects.filter(period=period, role=role, voided_at__isnull=True).select_related("by")
    first = mine.first()
    if first is not None and comment.strip() in ("", first.comment):
        raise AlreadyDone(f"{first.by} signed as {first.get_role_display()} at {first.at:%H:%M UTC on %d %b %Y}.")
    mine.update(voided_at=at)


@transaction.atomic
def close(period_id: int, *, by: User, at: datetime, summary: str = "", via: str = "") -> Period:
    """Exit review → closed, on both signatures. Raises TransitionRefused with everything that is missing."""
    period = begin_transition(period_id, "close", by=by, at=at)
    return _end(period, "close", by=by, at=at, via=via, summary=summary.strip())


@transaction.atomic
def reopen(
    period_id: int,
    *,
    reason: str,
    by: User,
    at: datetime,
    cause: str = "p1",
    ends_at: datetime | None = None,
    via: str = "",
) -> Period:
    """Closed → active after a relapse, up to 14 days after the close; ends 14 days from now unless told.

    `cause` is `p1`, a P1 of the release (nothing is reported in a closed period, so the lead's word stands and
    the reason says which), or `rate`, which the data must show. Raises Invalid, TransitionRefused.
    """
    period = begin_transition(period_id, "reopen", by=by, at=at)
    transition_checks.require_reason(reason)
    transition_checks.check_relapse(period, cause, at)
    period.ends_at = ends_at or max(period.ends_at, at + RELAPSE_DAYS)
    if not at < period.ends_at <= at + transition_checks.LONGEST_EXTENSION and ends_at is not None:
        raise Invalid({"ends_at": "The new end must be ahead, by 14 days at most."})
    transition_checks.check_year(period, period.ends_at)
    period.ended_at, period.stabilised_at, period.status_before_review = None, None, ""
    _move(period, Status.ACTIVE, at, "ends_at", "ended_at", "stabilised_at", "status_before_review")
    _void_signatures(period, at)
    timers.arm_end(period, at=at)
    timers.arm_reading(period, at=at)
    debriefs.lay_out(period, at=at)
    journal.record(
        period,
        TABLE["reopen"].kind,
        by=by,
        at=at,
        via=via,
        title=period.name,
        reason=reason.strip(),
        cause=cause,
        ends_at=period.ends_at.isoformat(),
    )
    return period


# --- What every step shares -----------------------------------------------------------------------


def _move(period: Period, target: Status, at: datetime, *fields: str) -> None:
    """The only assignment of a period's status in the product."""
    period.status, period.status_since = target, at
    period.save(update_fields=["status", "status_since", *fields])


def _end(period: Period, name: gates.Transition, *, by: User, at: datetime, via: str, **data: Any) -> Period:
    """Closed, rolled back or cancelled: nothing more is due."""
    step = TABLE[name]
    period.ended_at = at
    _move(period, step.target or Status.CLOSED, at, "ended_at")
    _drop_conditions(period, at)
    timers.clear_timers(period, at=at)
    debriefs.skip_upcoming(period, at=at)
    journal.record(period, step.kind, by=by, at=at, via=via, title=period.name, **data)
    return period


def _void_votes(period: Period, at: datetime) -> None:
    GoVote.objects.filter(period=period, replaced_at__isnull=True).update(replaced_at=at)


def _drop_conditions(period: Period, at: datetime) -> None:
    """The go they belong to has ended; a timer of theirs that is left finds that out."""
    standing = GoCondition.objects.filter(period=period, state=GoCondition.State.OPEN)
    standing.update(state=GoCondition.State.DROPPED, settled_at=at)


def _void_signatures(period: Period, at: datetime) -> None:
    ExitSignature.objects.filter(period=period, voided_at__isnull=True).update(voided_at=at)
