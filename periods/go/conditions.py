"""Conditions of a go: each observable, with its own owner and deadline, answering one blocker.

A condition is met by somebody, with evidence, before its deadline. At the deadline a timer looks: one that is
still open ends the go. Before go-live the period goes back to readiness and the record says no-go; a period that
is live cannot be un-launched, so its sponsor gets an action to decide how to go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, TransitionRefused
from hypercare.models import User
from periods.access.access import PEOPLE
from periods.debriefs import actions
from periods.journal import journal
from periods.lifecycle import lifecycle
from periods.lifecycle.gates import Blocker
from periods.models import GoCondition, GoDecision, Period
from periods.timers import timers

State = GoCondition.State
DECIDE_WITHIN: Final = timedelta(hours=4)
LONGEST_TEXT: Final = 500
LONGEST_EVIDENCE: Final = 2000
MOST: Final = 100


# --- Agreeing -------------------------------------------------------------------------------------


def read_conditions(
    period: Period, rows: Sequence[Mapping[str, Any]], found: Sequence[Blocker], at: datetime
) -> list[dict[str, Any]]:
    """Conditions as the decision keeps them. Raises Invalid naming everything that is wrong with any of them.

    `rows` are {text, owner (user id), due_at, objection (its key or its sentence; empty for one of one's own)}.
    """
    if len(rows) > MOST:
        raise Invalid({"conditions": f"At most {MOST} conditions. With more than that, it is a no-go."})
    inside = {member.user_id: member.user.name for member in _members(period)}
    named = {word: one for one in found for word in (one.text, one.key)}
    errors: dict[str, str] = {}
    kept = [_read_one(number, row, inside, named, at, errors) for number, row in enumerate(rows)]
    if errors:
        raise Invalid(errors)
    return kept


def _members(period: Period) -> Any:
    return period.memberships.filter(left_at__isnull=True, user__is_active=True).select_related("user")


def _read_one(
    number: int,
    row: Mapping[str, Any],
    inside: dict[int, str],
    named: Mapping[str, Blocker],
    at: datetime,
    errors: dict[str, str],
) -> dict[str, Any]:
    text, owner, due_at = str(row.get("text", "")).strip(), row.get("owner"), row.get("due_at")
    wrong = {
        "text": not 0 < len(text) <= LONGEST_TEXT
        and f"Say what must be seen to be true, in 1 to {LONGEST_TEXT} characters.",
        "owner": owner not in inside and "Name an owner from the period.",
        "due_at": not (isinstance(due_at, datetime) and due_at > at) and "Give a deadline that is ahead.",
    }
    errors.update({f"conditions/{number}/{field}": said for field, said in wrong.items() if said})
    answered = named.get(str(row.get("objection", "")))
    return {
        "text": text,
        "owner": owner,
        "owner_name": inside.get(owner or 0, ""),
        "due_at": due_at.isoformat() if isinstance(due_at, datetime) else "",
        "objection": answered.key if answered else "",
        "answers": answered.text if answered else "",
    }


def agree_on(decision: GoDecision) -> list[GoCondition]:
    """The rows and timers of a decision's conditions; the caller's journal entry tells of them."""
    made = []
    for position, kept in enumerate(decision.conditions, 1):
        row = GoCondition.objects.create(
            period=decision.period,
            decision=decision,
            position=position,
            text=kept["text"],
            objection=kept["objection"],
            answers=kept["answers"],
            owner_id=kept["owner"],
            due_at=datetime.fromisoformat(kept["due_at"]),
        )
        timers.arm_condition(row, at=decision.at)
        made.append(row)
    return made


# --- Settling -------------------------------------------------------------------------------------


@transaction.atomic
def meet_condition(condition_id: int, *, evidence: str, by: User, at: datetime, via: str = "") -> GoCondition:
    """It is seen to be true. By its owner, the lead or the sponsor, with evidence, before the deadline.

    Raises NotAllowed, Invalid without evidence, AlreadyDone when it is settled, TransitionRefused at or after the
    deadline: then the go has ended, even while the clock has not come round to it.
    """
    row = _locked(condition_id)
    may_settle(row, by, refuse=True)
    _check_open(row, at)
    said = evidence.strip()
    if not 0 < len(said) <= LONGEST_EVIDENCE:
        raise Invalid({"evidence": "Give a link, or say what was seen."})
    row.state, row.evidence, row.settled_at, row.settled_by = State.MET, said, at, by
    row.save(update_fields=["state", "evidence", "settled_at", "settled_by"])
    timers.clear_timers(row.period, f"condition:{row.pk}", f"condition_soon:{row.pk}", at=at)
    journal.record(
        row.period,
        "go.condition_met",
        by=by,
        at=at,
        via=via,
        subject=f"decision:{row.decision_id}",
        condition=row.pk,
        title=row.text,
        evidence=said,
    )
    return row


def may_settle(row: GoCondition, by: User, *, refuse: bool = False) -> bool:
    """Whether a person may say that a condition is met. With `refuse`, raises NotAllowed naming who may."""
    period = row.period
    may = by.pk in (row.owner_id, period.lead_id, period.sponsor_id)
    if refuse and not may:
        raise NotAllowed(f"{row.owner}, {period.lead} (lead) or {period.sponsor} (sponsor) says whether this is met.")
    return may


def _check_open(row: GoCondition, at: datetime) -> None:
    if row.state == State.MET:
        raise AlreadyDone(f"{row.settled_by} said so on {row.settled_at:%d %b %Y at %H:%M} UTC.")
    if row.state == State.DROPPED:
        raise TransitionRefused("The go it belonged to no longer stands, so this condition no longer applies.")
    if row.state == State.UNMET or row.due_at <= at:
        raise TransitionRefused(
            f"The deadline was {row.due_at:%d %b %Y %H:%M} UTC. A condition not met by then ends the go; "
            "the sponsor decides again."
        )


@transaction.atomic
def expire_condition(condition_id: int, *, at: datetime) -> GoCondition:
    """What its timer does at the deadline; nothing for a condition that is settled."""
    row = _locked(condition_id)
    if row.state != State.OPEN or row.due_at > at:
        return row
    row.state, row.settled_at = State.UNMET, at
    row.save(update_fields=["state", "settled_at"])
    if row.period.status == Period.Status.READY:
        _end_the_go(row, at)
    else:
        _ask_for_a_decision(row, at)
    return row


def _end_the_go(row: GoCondition, at: datetime) -> None:
    """Ready → readiness: the record says no-go, the other conditions no longer apply, everybody votes again."""
    decision = GoDecision.objects.create(
        period=row.period,
        outcome=GoDecision.Outcome.NO_GO,
        by=None,
        at=at,
        turns=row.decision,
        reason=f"“{row.text}” was not met by {row.due_at:%d %b %Y %H:%M} UTC.",
        snapshot={"unmet": {"text": row.text, "owner_name": row.owner.name, "due_at": row.due_at.isoformat()}},
    )
    lifecycle.revert(row.period_id, decision=decision, condition=row, at=at)


def _ask_for_a_decision(row: GoCondition, at: datetime) -> None:
    """Live already: an action for the sponsor, and everybody who must know is told of the entry."""
    period, asked = row.period, row.period.sponsor or row.period.lead or row.owner
    action = actions.create_action(
        period,
        title=f"Decide how to go on: “{row.text[:120]}” was not met",
        owner=asked,
        due_at=at + DECIDE_WITHIN,
        by=row.decision.by or asked,
        at=at,
        debrief=None,
    )
    journal.record(
        period,
        "go.condition_unmet",
        by=None,
        at=at,
        via="timer",
        subject=f"decision:{row.decision_id}",
        condition=row.pk,
        title=row.text,
        owner=row.owner.name,
        owner_id=row.owner_id,
        due_at=row.due_at.isoformat(),
        action=action.pk,
        asked=asked.name,
        decide_by=action.due_at.isoformat(),
    )


def _locked(condition_id: int) -> GoCondition:
    """The condition, read after its period is locked: whoever comes second sees what the first did."""
    period_id = GoCondition.objects.values_list("period_id", flat=True).get(pk=condition_id)
    period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    row = GoCondition.objects.select_related("owner", "settled_by", "decision__by").get(pk=condition_id)
    row.period = row.decision.period = period
    return row
