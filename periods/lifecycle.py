"""The state machine of a period, and the sole writer of `Period.status`.

The table of `steps.py` says which steps exist, who may take them and what the journal calls them. Every step
locks the period, checks the table, the person and the gates, and writes with one journal entry in one
transaction. The end date never closes a period: it opens the exit review.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from hypercare.errors import AlreadyDone, Invalid, NotAllowed, TransitionRefused
from hypercare.models import User
from periods import checklist, criteria, debriefs, gates, journal, watches
from periods.models import ExitSignature, GoDecision, GoVote, Period
from periods.steps import TABLE, Status, enter

LATEST_RECORD = timedelta(days=14)
LONGEST_EXTENSION = timedelta(days=14)
MOST_EXTENSIONS = 2
RELAPSE_DAYS = timedelta(days=14)


# --- Before go-live -----------------------------------------------------------------------------


@transaction.atomic
def plan(period_id: int, *, by: User, at: datetime, via: str = "") -> Period:
    """Draft → planned; readiness opens by itself 14 days before go-live. Raises TransitionRefused, NotAllowed."""
    period = enter(period_id, "plan", by=by, at=at)
    _move(period, Status.PLANNED, at)
    watches.readiness(period, at=at)
    journal.record(period, TABLE["plan"].kind, by=by, at=at, via=via, title=period.name, score=period.score)
    return period


@transaction.atomic
def invite(period_id: int, *, by: User | None, at: datetime, via: str = "") -> Period:
    """Planned → readiness, by hand or by the clock. Raises TransitionRefused, NotAllowed."""
    period = enter(period_id, "invite", by=by, at=at)
    _move(period, Status.READINESS, at)
    if by is not None:
        watches.drop(period, "readiness", at=at)
    journal.record(period, TABLE["invite"].kind, by=by, at=at, via=via, title=period.name)
    return period


@transaction.atomic
def go(period_id: int, *, decision: GoDecision, by: User, at: datetime, via: str = "") -> Period:
    """Readiness → ready, on the sponsor's recorded decision (`gonogo.decide` makes it).

    Raises TransitionRefused while an objection stands that the decision's conditions do not name.
    """
    period = enter(period_id, "go", by=by, at=at, conditions=_conditions_of(decision, period_id, at))
    _move(period, Status.READY, at)
    journal.record(
        period, TABLE["go"].kind, by=by, at=at, via=via, subject=f"decision:{decision.pk}",
        outcome=decision.outcome, reason=decision.reason, conditions=decision.conditions,
    )  # fmt: skip
    return period


def _conditions_of(decision: GoDecision, period_id: int, at: datetime) -> list[dict[str, Any]]:
    """What a decision allows to stand. Raises TransitionRefused unless it is this period's, a go, and of now."""
    goes = (GoDecision.Outcome.GO, GoDecision.Outcome.GO_WITH_CONDITIONS)
    if decision.period_id != period_id or decision.outcome not in goes or decision.at != at:
        raise TransitionRefused("The sponsor's go is not recorded. Record the decision first.")
    return list(decision.conditions)


@transaction.atomic
def postpone(
    period_id: int,
    *,
    go_live_at: datetime,
    reason: str,
    by: User,
    at: datetime,
    via: str = "",
    decision_id: int = 0,
) -> Period:
    """Readiness or ready → planned: go-live, end, point of no return and checks move by the same time.

    The votes are asked for again; contributors answer again because the journal entry says by how much it moved.
    Raises Invalid without a reason or for a time that is past or the same.
    """
    period = enter(period_id, "postpone", by=by, at=at)
    _require_reason(reason)
    delta = _delta(period, go_live_at, at)
    before, fields = period.go_live_at, shift_dates(period, delta)
    _move(period, Status.PLANNED, at, *fields)
    moved = checklist.shift(period)
    GoVote.objects.filter(period=period, replaced_at__isnull=True).update(replaced_at=at)
    watches.readiness(period, at=at)
    journal.record(
        period, TABLE["postpone"].kind, by=by, at=at, via=via, title=period.name, reason=reason.strip(),
        old_go_live_at=before.isoformat(), new_go_live_at=period.go_live_at.isoformat(),
        ends_at=period.ends_at.isoformat(), delta_s=int(delta.total_seconds()), checks=moved, decision=decision_id,
    )  # fmt: skip
    return period


def _delta(period: Period, go_live_at: datetime, at: datetime) -> timedelta:
    if go_live_at <= at:
        raise Invalid({"go_live_at": "Go-live is in the past. Choose a later time."})
    if go_live_at == period.go_live_at:
        raise Invalid({"go_live_at": "That is the planned go-live already."})
    return go_live_at - period.go_live_at


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
    period = enter(period_id, "cancel", by=by, at=at)
    _require_reason(reason)
    return _end(period, "cancel", by=by, at=at, via=via, reason=reason.strip())


# --- While it runs ------------------------------------------------------------------------------


@transaction.atomic
def start(
    period_id: int,
    *,
    smoke_test: str,
    by: User,
    at: datetime,
    went_live_at: datetime | None = None,
    via: str = "",
) -> Period:
    """Ready → active: records the real go-live and the smoke test, lays out the debriefs, watches the end.

    Raises Invalid without a smoke test or for a go-live that is still to come.
    """
    period = enter(period_id, "start", by=by, at=at)
    if not smoke_test.strip():
        raise Invalid({"smoke_test": "Say what the smoke test showed."})
    if went_live_at is not None and not at - LATEST_RECORD < went_live_at <= at:
        raise Invalid(
            {"went_live_at": "Give the time users came on: not ahead, and within the last 14 days."}
        )
    period.smoke_test, period.went_live_at = smoke_test.strip(), went_live_at or at
    _move(period, Status.ACTIVE, at, "smoke_test", "went_live_at")
    watches.end(period, at=at)
    planned = debriefs.lay_out(period, at=at)
    journal.record(
        period, TABLE["start"].kind, by=by, at=at, via=via, title=period.name, smoke_test=period.smoke_test,
        went_live_at=period.starts_at.isoformat(), ends_at=period.ends_at.isoformat(), debriefs=len(planned),
    )  # fmt: skip
    return period


@transaction.atomic
def stabilise(period_id: int, *, by: User, at: datetime, via: str = "") -> Period:
    """Active → stabilising. Raises TransitionRefused while the numbers are not calm."""
    period = enter(period_id, "stabilise", by=by, at=at)
    period.stabilised_at = at
    _move(period, Status.STABILISING, at, "stabilised_at")
    watches.rate(period, at=at)
    journal.record(period, TABLE["stabilise"].kind, by=by, at=at, via=via, title=period.name)
    return period


@transaction.atomic
def relapse(period_id: int, *, reason: str, at: datetime, via: str = "timer") -> Period:
    """Stabilising or exit review → active, by the clock or an alert; signatures given so far are void."""
    period = enter(period_id, "relapse", by=None, at=at)
    period.stabilised_at, period.status_before_review = None, ""
    _move(period, Status.ACTIVE, at, "stabilised_at", "status_before_review")
    _void_signatures(period, at)
    journal.record(period, TABLE["relapse"].kind, by=None, at=at, via=via, title=period.name, reason=reason)
    return period


@transaction.atomic
def roll_back(
    period_id: int, *, reason: str, by: User, at: datetime, before_no_return: bool = False, via: str = ""
) -> Period:
    """Ready, active or stabilising → rolled back, before the point of no return.

    When its time is not recorded, whoever orders the rollback states `before_no_return`. Raises Invalid otherwise.
    """
    period = enter(period_id, "roll_back", by=by, at=at)
    _require_reason(reason)
    if period.point_of_no_return_at is None and not before_no_return:
        raise Invalid(
            {"before_no_return": "The time of the point of no return is not recorded. Confirm it is ahead."}
        )
    return _end(period, "roll_back", by=by, at=at, via=via, reason=reason.strip(), stated=before_no_return)


# --- The exit -----------------------------------------------------------------------------------


@transaction.atomic
def review(period_id: int, *, by: User | None, at: datetime, via: str = "") -> Period:
    """Active or stabilising → exit review: by the clock at the end date, or earlier when it is earned."""
    period = enter(period_id, "review", by=by, at=at)
    period.status_before_review = period.status
    _move(period, Status.EXIT_REVIEW, at, "status_before_review")
    early = at < period.ends_at
    journal.record(period, TABLE["review"].kind, by=by, at=at, via=via, title=period.name, early=early)
    return period


@transaction.atomic
def extend(
    period_id: int, *, ends_at: datetime, reason: str, by: User, at: datetime, via: str = ""
) -> Period:
    """Exit review → the state before it, with a later end and the unmet criteria on record. Signatures are void.

    At most two extensions of 14 days each. Raises TransitionRefused after the second, Invalid for a bad end.
    """
    period = enter(period_id, "extend", by=by, at=at)
    _require_reason(reason)
    _check_extension(period, ends_at, at)
    unmet = [
        row.criterion.title for row in criteria.scorecard(period, at=at) if row.reading.verdict != "pass"
    ]
    before, back_to = period.ends_at, Status(period.status_before_review or Status.ACTIVE)
    period.ends_at, period.status_before_review, period.extensions = ends_at, "", period.extensions + 1
    _move(period, back_to, at, "ends_at", "status_before_review", "extensions")
    _void_signatures(period, at)
    watches.end(period, at=at)
    debriefs.lay_out(period, at=at)
    journal.record(
        period, TABLE["extend"].kind, by=by, at=at, via=via, title=period.name, reason=reason.strip(), unmet=unmet,
        old_ends_at=before.isoformat(), ends_at=ends_at.isoformat(), extension=period.extensions,
    )  # fmt: skip
    return period


def _check_extension(period: Period, ends_at: datetime, at: datetime) -> None:
    first = max(period.ends_at, at)
    if period.extensions >= MOST_EXTENSIONS:
        raise TransitionRefused(
            f"{period.name} was extended twice already. Take it to the steering group: close it, or plan a new period."
        )
    if ends_at <= first:
        raise Invalid({"ends_at": "The new end must be later than the old one and still ahead."})
    if ends_at > first + LONGEST_EXTENSION:
        raise Invalid({"ends_at": "An extension lasts at most 14 days."})
    _check_year(period, ends_at)


def _check_year(period: Period, ends_at: datetime) -> None:
    if ends_at > period.go_live_at + timedelta(days=366):
        raise Invalid({"ends_at": "A period lasts at most 366 days."})


@transaction.atomic
def sign(
    period_id: int, *, role: str, by: User, at: datetime, comment: str = "", via: str = ""
) -> ExitSignature:
    """The BAU owner or the sponsor signs that the period may close; signing does not close it.

    While a mandatory criterion is unmet or unknown the signature must say why that is accepted. A later
    signature with a comment replaces one's own. Raises AlreadyDone, NotAllowed, Invalid, TransitionRefused.
    """
    _check_role(role)
    period = enter(period_id, "sign", by=by, at=at)
    if getattr(period, f"{role}_id") != by.pk:
        raise NotAllowed(f"Only {getattr(period, role)} signs as {ExitSignature.Role(role).label}.")
    _check_comment(period, comment, at)
    _replace_signature(period, role, comment, at)
    signature = ExitSignature.objects.create(period=period, role=role, by=by, at=at, comment=comment.strip())
    journal.record(
        period, TABLE["sign"].kind, by=by, at=at, via=via, title=signature.get_role_display(), role=role,
        comment=signature.comment,
    )  # fmt: skip
    return signature


def _check_role(role: str) -> None:
    if role not in ExitSignature.Role.values:
        raise Invalid({"role": f"“{role}” does not sign. Use bau_owner or sponsor."})


def _check_comment(period: Period, comment: str, at: datetime) -> None:
    unmet = [f"“{row.criterion.title}”" for row in criteria.scorecard(period, at=at) if row.blocks]
    if unmet and not comment.strip():
        raise Invalid({"comment": f"Not met or unknown: {', '.join(unmet)}. Say why you accept that."})


def _replace_signature(period: Period, role: str, comment: str, at: datetime) -> None:
    mine = ExitSignature.objects.filter(period=period, role=role, voided_at__isnull=True).select_related("by")
    first = mine.first()
    if first is not None and comment.strip() in ("", first.comment):
        raise AlreadyDone(
            f"{first.by} signed as {first.get_role_display()} at {first.at:%H:%M UTC on %d %b %Y}."
        )
    mine.update(voided_at=at)


@transaction.atomic
def close(period_id: int, *, by: User, at: datetime, summary: str = "", via: str = "") -> Period:
    """Exit review → closed, on both signatures. Raises TransitionRefused with everything that is missing."""
    period = enter(period_id, "close", by=by, at=at)
    return _end(period, "close", by=by, at=at, via=via, summary=summary.strip())


@transaction.atomic
def reopen(
    period_id: int, *, reason: str, by: User, at: datetime, cause: str = "p1", ends_at: datetime | None = None,
    via: str = "",
) -> Period:  # fmt: skip
    """Closed → active after a relapse, up to 14 days after the close; ends 14 days from now unless told.

    `cause` is `p1`, a P1 of the release (nothing is reported in a closed period, so the lead's word stands and
    the reason says which), or `rate`, which the data must show. Raises Invalid, TransitionRefused.
    """
    period = enter(period_id, "reopen", by=by, at=at)
    _require_reason(reason)
    _check_relapse(period, cause, at)
    period.ends_at = ends_at or max(period.ends_at, at + RELAPSE_DAYS)
    if not at < period.ends_at <= at + LONGEST_EXTENSION and ends_at is not None:
        raise Invalid({"ends_at": "The new end must be ahead, by 14 days at most."})
    _check_year(period, period.ends_at)
    period.ended_at, period.stabilised_at, period.status_before_review = None, None, ""
    _move(period, Status.ACTIVE, at, "ends_at", "ended_at", "stabilised_at", "status_before_review")
    _void_signatures(period, at)
    watches.end(period, at=at)
    debriefs.lay_out(period, at=at)
    journal.record(
        period, TABLE["reopen"].kind, by=by, at=at, via=via, title=period.name, reason=reason.strip(), cause=cause,
        ends_at=period.ends_at.isoformat(),
    )  # fmt: skip
    return period


def _check_relapse(period: Period, cause: str, at: datetime) -> None:
    if cause not in ("p1", "rate"):
        raise Invalid({"cause": f"“{cause}” is not a cause. Use p1 or rate."})
    rate = [row for row in criteria.scorecard(period, at=at) if row.criterion.code == "rate_back_to_baseline"]
    if cause == "rate" and not any(row.reading.verdict == "fail" for row in rate):
        raise TransitionRefused(
            "Arrivals are not above normal. Only a P1 of the release reopens the period now."
        )


# --- What every step shares -----------------------------------------------------------------------


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid({"reason": "Give the reason; it is kept in the journal."})


def _move(period: Period, target: Status, at: datetime, *fields: str) -> None:
    """The only assignment of a period's status in the product."""
    period.status, period.status_since = target, at
    period.save(update_fields=["status", "status_since", *fields])


def _end(period: Period, name: gates.Transition, *, by: User, at: datetime, via: str, **data: Any) -> Period:
    """Closed, rolled back or cancelled: nothing more is due."""
    step = TABLE[name]
    period.ended_at = at
    _move(period, step.target or Status.CLOSED, at, "ended_at")
    watches.drop(period, at=at)
    debriefs.drop_coming(period, at=at)
    journal.record(period, step.kind, by=by, at=at, via=via, title=period.name, **data)
    return period


def _void_signatures(period: Period, at: datetime) -> None:
    ExitSignature.objects.filter(period=period, voided_at__isnull=True).update(voided_at=at)
