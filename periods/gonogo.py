"""Go or no-go: accountable people vote, the sponsor decides, and what the decision rested on is kept.

A plain go is refused while anything objects. A go with conditions must name every objection in one of its
conditions, each observable, with an owner and a deadline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from hypercare.errors import Invalid, NotAllowed, TransitionRefused
from hypercare.models import User
from periods import checklist, gates, journal, lifecycle
from periods.access import PEOPLE
from periods.gates import Objection
from periods.models import GoDecision, GoVote, Period

Outcome = GoDecision.Outcome
GOES: Final = (Outcome.GO, Outcome.GO_WITH_CONDITIONS)
NAMED: Final = (("lead", "Lead"), ("sponsor", "Sponsor"), ("bau_owner", "BAU owner"))


@dataclass(frozen=True)
class Seat:
    """Somebody whose vote counts, why, and their standing vote if they gave one."""

    user: User
    role: str
    vote: GoVote | None


def seats(period: Period) -> list[Seat]:
    """Who votes: lead, sponsor, BAU owner and the holders of required roles; each person once."""
    people: dict[User, str] = {}
    for field, words in NAMED:
        if person := getattr(period, field):
            people.setdefault(person, words)
    holders = period.memberships.filter(left_at__isnull=True, is_deputy=False, role__required=True)
    for member in holders.select_related("user", "role").order_by("role__position", "id"):
        people.setdefault(member.user, str(member.role))
    votes = {vote.voter_id: vote for vote in period.go_votes.filter(replaced_at__isnull=True)}
    return [Seat(person, role, votes.get(person.pk)) for person, role in people.items()]


def objections(period: Period, *, at: datetime) -> list[Objection]:
    """Everything against a go: the gates, people who hold, and people who have not voted.

    The sponsor's decision is the sponsor's vote.
    """
    url = gates.page(period, "period_readiness")
    found = gates.objections(period, "go", at=at)
    for seat in seats(period):
        if seat.vote is not None and seat.vote.choice == GoVote.Choice.HOLD:
            text = f"{seat.user} ({seat.role}) holds: {seat.vote.reason}"
            found.append(
                Objection(text, url, code="go.vote_hold", about=f"user:{seat.user.pk}", owner=seat.user)
            )
        elif seat.vote is None and seat.user.pk != period.sponsor_id:
            text = f"{seat.user} ({seat.role}) has not voted."
            found.append(
                Objection(text, url, code="go.vote_missing", about=f"user:{seat.user.pk}", owner=seat.user)
            )
    return found


@transaction.atomic
def vote(period_id: int, *, choice: str, by: User, at: datetime, reason: str = "", via: str = "") -> GoVote:
    """Vote go, or hold with a reason; a later vote replaces one's own earlier one.

    Raises NotAllowed for somebody who is not accountable, Invalid, TransitionRefused outside readiness.
    """
    period = _in_readiness(period_id)
    role = next((seat.role for seat in seats(period) if seat.user == by), None)
    if role is None:
        raise NotAllowed("Only the lead, the sponsor, the BAU owner and holders of required roles vote.")
    _check_vote(choice, reason)
    GoVote.objects.filter(period=period, voter=by, replaced_at__isnull=True).update(replaced_at=at)
    cast = GoVote.objects.create(
        period=period, voter=by, role=role, choice=choice, reason=reason.strip(), at=at
    )
    journal.record(
        period, "go.voted", by=by, at=at, via=via, subject=f"vote:{cast.pk}", title=role, choice=choice,
        reason=cast.reason,
    )  # fmt: skip
    return cast


def _check_vote(choice: str, reason: str) -> None:
    if choice not in GoVote.Choice.values:
        raise Invalid({"choice": f"“{choice}” is not a vote. Say go or hold."})
    if choice == GoVote.Choice.HOLD and not reason.strip():
        raise Invalid({"reason": "Say what must change before you would go."})


@transaction.atomic
def decide(
    period_id: int, *, outcome: str, by: User, at: datetime, reason: str = "",
    conditions: Sequence[Mapping[str, Any]] = (), go_live_at: datetime | None = None, via: str = "",
) -> GoDecision:  # fmt: skip
    """The sponsor's decision with a snapshot of checks, votes and objections; it is never changed.

    `conditions` are {text, owner (user id), due_at, objection (its text)}. Go makes the period ready, postpone
    moves it to `go_live_at` and back to planned, no-go leaves it as it is. Raises TransitionRefused with every
    objection that stands, NotAllowed, Invalid.
    """
    period = _in_readiness(period_id)
    if by.pk != period.sponsor_id:
        raise NotAllowed(f"The sponsor decides{f': {period.sponsor}' if period.sponsor else ''}.")
    _check_outcome(outcome, reason, conditions)
    agreed = _conditions(period, conditions, at)
    found = objections(period, at=at)
    standing = gates.unanswered(found, agreed) if outcome in GOES else []
    if standing:
        gates.refuse(standing)
    decision = GoDecision.objects.create(
        period=period,
        outcome=outcome,
        by=by,
        at=at,
        reason=reason.strip(),
        conditions=agreed,
        snapshot=_snapshot(period, found, at),
    )
    _carry_out(period, decision, go_live_at, via)
    return decision


def _check_outcome(outcome: str, reason: str, conditions: Sequence[Mapping[str, Any]]) -> None:
    if outcome not in Outcome.values:
        raise Invalid({"outcome": f"“{outcome}” is not a decision. Use {', '.join(Outcome.values)}."})
    if outcome not in GOES and not reason.strip():
        raise Invalid({"reason": "Give the reason; people will ask."})
    if (outcome == Outcome.GO_WITH_CONDITIONS) != bool(conditions):
        sentence = (
            "Name at least one condition."
            if not conditions
            else "Conditions go with “Go with conditions” only."
        )
        raise Invalid({"conditions": sentence})


def _conditions(
    period: Period, conditions: Sequence[Mapping[str, Any]], at: datetime
) -> list[dict[str, Any]]:
    """Conditions as they are kept. Raises Invalid naming the first that lacks text, owner or deadline."""
    inside = set(period.memberships.filter(left_at__isnull=True).values_list("user_id", flat=True))
    return [_condition(number, row, inside, at) for number, row in enumerate(conditions)]


def _condition(number: int, row: Mapping[str, Any], inside: set[int], at: datetime) -> dict[str, Any]:
    text, owner, due_at = str(row.get("text", "")).strip(), row.get("owner"), row.get("due_at")
    errors = {}
    if not text:
        errors["text"] = "Say what must be seen to be true."
    if owner not in inside:
        errors["owner"] = "Name an owner from the period."
    if not isinstance(due_at, datetime) or due_at <= at:
        errors["due_at"] = "Give a deadline that is ahead."
    if errors or not isinstance(due_at, datetime):
        raise Invalid({f"conditions/{number}/{field}": sentence for field, sentence in errors.items()})
    return {
        "text": text,
        "owner": owner,
        "due_at": due_at.isoformat(),
        "objection": str(row.get("objection", "")),
    }


def _snapshot(period: Period, found: list[Objection], at: datetime) -> dict[str, Any]:
    items = list(period.checklist.prefetch_related("evidence").order_by("position", "id"))
    return {
        "progress": asdict(checklist.progress_of(items, at=at)),
        "checks": [
            {"id": item.pk, "title": item.title, "blocking": item.blocking, "status": item.status,
             "evidence": checklist.evidence_words(item), "waiver": item.waiver_reason}
            for item in items
        ],
        "votes": [
            {"name": seat.user.name, "role": seat.role, "choice": seat.vote.choice if seat.vote else "",
             "reason": seat.vote.reason if seat.vote else ""}
            for seat in seats(period)
        ],
        "objections": [objection.text for objection in found],
        "go_live_at": period.go_live_at.isoformat(),
    }  # fmt: skip


def _carry_out(period: Period, decision: GoDecision, go_live_at: datetime | None, via: str) -> None:
    """One journal entry for the decision, whatever it is."""
    by, at = decision.by, decision.at
    if decision.outcome in GOES:
        lifecycle.go(period.pk, decision=decision, by=by, at=at, via=via)
    elif decision.outcome == Outcome.POSTPONE:
        if go_live_at is None:
            raise Invalid({"go_live_at": "Give the new go-live."})
        lifecycle.postpone(
            period.pk,
            go_live_at=go_live_at,
            reason=decision.reason,
            by=by,
            at=at,
            via=via,
            decision_id=decision.pk,
        )
    else:
        journal.record(
            period, "go.decided", by=by, at=at, via=via, subject=f"decision:{decision.pk}", title="No-go",
            outcome=decision.outcome, reason=decision.reason, conditions=[],
        )  # fmt: skip


def _in_readiness(period_id: int) -> Period:
    period: Period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    if period.status != Period.Status.READINESS:
        now = period.get_status_display().lower()
        raise TransitionRefused(f"{period.name} is {now}. Go or no-go is decided while it is getting ready.")
    return period
