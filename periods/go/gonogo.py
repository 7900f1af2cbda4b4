"""Go or no-go: accountable seats vote, the sponsor decides, and what the decision rested on is kept.

A plain go is refused while anything objects. A go with conditions must answer every blocker with a condition
of its own (`conditions.py`). No condition stands in for a vote: without quorum there is no go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from hypercare.exceptions import Invalid, NotAllowed, TransitionRefused
from hypercare.models import User
from periods import checklist
from periods.access.access import PEOPLE
from periods.go.conditions import agree_on as agree_on
from periods.go.conditions import read_conditions as read_conditions
from periods.journal import journal
from periods.lifecycle import gates, lifecycle
from periods.lifecycle.gates import Blocker
from periods.models import GoDecision, GoVote, Period

Outcome = GoDecision.Outcome
GOES: Final = (Outcome.GO, Outcome.GO_WITH_CONDITIONS)
NAMED: Final = (("lead", "Lead"), ("sponsor", "Sponsor"), ("bau_owner", "BAU owner"))
NEVER_A_CONDITION: Final = ("go.vote_missing", "go.go_live_past")
LONGEST_ROLE: Final = 60


@dataclass(frozen=True)
class Seat:
    """A place whose vote counts: a named person, or a required role with its accountable holder and deputies.

    It holds while anybody on it holds; it goes when somebody on it votes go and nobody holds.
    """

    user: User
    role: str
    vote: GoVote | None
    key: str
    deputies: tuple[User, ...] = ()
    holds: tuple[GoVote, ...] = field(default=(), compare=False)
    decides: bool = False

    @property
    def by_deputy(self) -> bool:
        """Whether somebody else than the accountable holder spoke for it."""
        return self.vote is not None and self.vote.voter_id != self.user.pk

    def seats(self, user: User) -> bool:
        """Whether a person may speak for it."""
        return user == self.user or user in self.deputies


@dataclass(frozen=True)
class Quorum:
    """Whether enough seats have spoken for a decision that goes; the sponsor speaks by deciding, and is not counted."""

    voted: int
    total: int
    missing: tuple[Seat, ...]

    @property
    def met(self) -> bool:
        """Every seat that is asked has spoken."""
        return not self.missing


def seats_of(period: Period) -> list[Seat]:
    """Who votes: lead, sponsor, BAU owner, and each required role by its accountable holder or a deputy."""
    cast = {vote.voter_id: vote for vote in period.go_votes.filter(replaced_at__isnull=True).select_related("voter")}
    found = [
        _seat(f"person:{name}", words, [person], cast, decides=name == "sponsor")
        for name, words in NAMED
        if (person := getattr(period, name))
    ]
    held: dict[Any, list[User]] = {}
    holders = period.memberships.filter(left_at__isnull=True, role__required=True).exclude(right="viewer")
    ordered = holders.select_related("user", "role").order_by("role__position", "role_id", "is_deputy", "id")
    for member in ordered:
        held.setdefault(member.role, []).append(member.user)
    return found + [_seat(f"role:{role.pk}", str(role), people, cast) for role, people in held.items()]


def _seat(key: str, role: str, people: list[User], cast: Mapping[int, GoVote], *, decides: bool = False) -> Seat:
    """The accountable person's vote, else the deputies' latest; a hold of anybody comes first."""
    votes = [cast[person.pk] for person in people if person.pk in cast]
    holds = tuple(vote for vote in votes if vote.choice == GoVote.Choice.HOLD)
    own = [vote for vote in votes if vote.voter_id == people[0].pk]
    spoken = holds or own or sorted(votes, key=lambda vote: (vote.at, vote.pk), reverse=True)
    return Seat(people[0], role, spoken[0] if spoken else None, key, tuple(people[1:]), holds, decides)


def quorum_of(found: Sequence[Seat]) -> Quorum:
    """How many of the seats that are asked have spoken, by holder or deputy. The sponsor is not asked, but decides."""
    asked = [seat for seat in found if not seat.decides]
    missing = tuple(seat for seat in asked if seat.vote is None)
    return Quorum(len(asked) - len(missing), len(asked), missing)


def find_silent_seats(user: User, periods: QuerySet[Period]) -> list[tuple[Period, list[Seat]]]:
    """The seats a person is accountable for and nobody has spoken for, in those of the periods that get ready.

    One vote speaks for all of a person's seats, so only periods without one are looked at: two queries for each.
    """
    of_role = Q(memberships__user=user, memberships__left_at__isnull=True, memberships__role__required=True)
    voted = GoVote.objects.filter(period=OuterRef("pk"), voter=user, replaced_at__isnull=True)
    seated = Q(lead=user) | Q(bau_owner=user) | of_role
    getting_ready = periods.filter(seated, ~Exists(voted), status=Period.Status.READINESS)
    found = [
        (period, [seat for seat in quorum_of(seats_of(period)).missing if seat.user == user])
        for period in getting_ready.select_related(*(name for name, _words in NAMED)).distinct()
    ]
    return [(period, seats) for period, seats in found if seats]


def find_blockers(period: Period, *, at: datetime) -> list[Blocker]:
    """Everything against a go: the gates, people who hold, and seats nobody has spoken for.

    The sponsor's decision is the sponsor's vote.
    """
    found, all_seats = gates.find_blockers(period, "go", at=at), seats_of(period)
    return [*found, *_holds(period, all_seats), *_silent(period, all_seats)]


def _holds(period: Period, all_seats: Sequence[Seat]) -> list[Blocker]:
    """Each person who holds once, however many seats they have."""
    url = gates.page_url(period, "period_go")
    said: dict[int, tuple[GoVote, str]] = {}
    for seat in all_seats:
        for cast in seat.holds:
            said.setdefault(cast.voter_id, (cast, seat.role))
    return [
        Blocker(
            f"{cast.voter} ({role}) holds: {cast.reason}",
            f"{url}#votes",
            code="go.vote_hold",
            about=f"user:{cast.voter_id}",
            owner=cast.voter,
            wish=f"What {cast.voter} holds for is settled",
        )
        for cast, role in said.values()
    ]


def _silent(period: Period, all_seats: Sequence[Seat]) -> list[Blocker]:
    url = gates.page_url(period, "period_go")
    return [
        Blocker(
            f"{seat.user} ({seat.role}) has not voted.",
            f"{url}#votes",
            code="go.vote_missing",
            about=f"seat:{seat.key}",
            owner=seat.user,
        )
        for seat in quorum_of(all_seats).missing
    ]


@transaction.atomic
def vote(
    period_id: int, *, choice: str, by: User, at: datetime, reason: str = "", flip: str = "", via: str = ""
) -> GoVote:
    """Vote go, or hold with a reason; a later vote replaces one's own earlier one.

    One vote speaks for all the seats a person has. `flip` is the evidence that would turn it.
    Raises NotAllowed for somebody who is not accountable, Invalid, TransitionRefused outside readiness.
    """
    period = _in_readiness(period_id)
    mine = [seat.role for seat in seats_of(period) if seat.seats(by)]
    if not mine:
        raise NotAllowed("Only the lead, the sponsor, the BAU owner and holders of required roles vote.")
    _check_vote(choice, reason)
    GoVote.objects.filter(period=period, voter=by, replaced_at__isnull=True).update(replaced_at=at)
    cast = GoVote.objects.create(
        period=period,
        voter=by,
        role=", ".join(mine)[:LONGEST_ROLE],
        choice=choice,
        reason=reason.strip(),
        flip=flip.strip(),
        at=at,
    )
    journal.record(
        period,
        "go.voted",
        by=by,
        at=at,
        via=via,
        subject=f"vote:{cast.pk}",
        title=cast.role,
        choice=choice,
        reason=cast.reason,
        flip=cast.flip,
    )
    return cast


def _check_vote(choice: str, reason: str) -> None:
    if choice not in GoVote.Choice.values:
        raise Invalid({"choice": f"“{choice}” is not a vote. Say go or hold."})
    if choice == GoVote.Choice.HOLD and not reason.strip():
        raise Invalid({"reason": "Say what must change before you would go."})


def give_go(
    period_id: int, *, conditions: Sequence[Mapping[str, Any]] = (), by: User, at: datetime, via: str = "", **given: Any
) -> GoDecision:
    """The sponsor's go in one call: with conditions it is a conditional one. Raises what `decide` raises."""
    outcome = "go_with_conditions" if conditions else "go"
    return decide(period_id, outcome=outcome, conditions=conditions, **given, by=by, at=at, via=via)


@transaction.atomic
def decide(
    period_id: int,
    *,
    outcome: str,
    by: User,
    at: datetime,
    reason: str = "",
    conditions: Sequence[Mapping[str, Any]] = (),
    go_live_at: datetime | None = None,
    via: str = "",
) -> GoDecision:
    """The sponsor's decision with a snapshot of checks, votes and blockers; it is never changed.

    `conditions` are {text, owner (user id), due_at, objection (its key or sentence)}. Go makes the period ready,
    postpone moves it to `go_live_at` and back to planned, no-go leaves it as it is. Raises TransitionRefused with
    every blocker that stands, NotAllowed, Invalid.
    """
    period = _in_readiness(period_id)
    if by.pk != period.sponsor_id:
        raise NotAllowed(f"The sponsor decides{f': {period.sponsor}' if period.sponsor else ''}.")
    _check_outcome(outcome, reason, conditions)
    found = find_blockers(period, at=at)
    agreed = read_conditions(period, conditions, found, at)
    if outcome in GOES and (standing := _standing(found, agreed)):
        gates.refuse_step(standing)
    decision = GoDecision.objects.create(
        period=period,
        outcome=outcome,
        by=by,
        at=at,
        reason=reason.strip(),
        conditions=agreed,
        snapshot=_snapshot(period, found, at),
    )
    agree_on(decision)
    _carry_out(period, decision, go_live_at, by, via)
    return decision


def _standing(found: list[Blocker], agreed: list[dict[str, Any]]) -> list[Blocker]:
    """Blockers no condition answers, and those that none may answer."""
    left = gates.uncovered_blockers(found, agreed)
    return [one for one in found if one in left or one.code in NEVER_A_CONDITION]


def _check_outcome(outcome: str, reason: str, conditions: Sequence[Mapping[str, Any]]) -> None:
    if outcome not in Outcome.values:
        raise Invalid({"outcome": f"“{outcome}” is not a decision. Use {', '.join(Outcome.values)}."})
    if outcome not in GOES and not reason.strip():
        raise Invalid({"reason": "Give the reason; people will ask."})
    if (outcome == Outcome.GO_WITH_CONDITIONS) != bool(conditions):
        sentence = "Name at least one condition." if not conditions else "Conditions go with “Go with conditions” only."
        raise Invalid({"conditions": sentence})


def _snapshot(period: Period, found: list[Blocker], at: datetime) -> dict[str, Any]:
    items = list(period.checklist.prefetch_related("evidence").order_by("position", "id"))
    return {
        "progress": asdict(checklist.progress_of(items, at=at)),
        "checks": [
            {
                "id": item.pk,
                "title": item.title,
                "blocking": item.blocking,
                "status": item.status,
                "category": item.category,
                "evidence": checklist.evidence_words(item),
                "waiver": item.waiver_reason,
                "waived_until": item.waiver_expires_at.isoformat() if item.waiver_expires_at else None,
            }
            for item in items
        ],
        "votes": [
            {
                "name": (seat.vote.voter if seat.vote else seat.user).name,
                "role": seat.role,
                "choice": seat.vote.choice if seat.vote else "",
                "reason": seat.vote.reason if seat.vote else "",
                "flip": seat.vote.flip if seat.vote else "",
                "decides": seat.decides,
            }
            for seat in seats_of(period)
        ],
        "objections": [blocker.text for blocker in found],
        "codes": [blocker.code for blocker in found],
        "risks": [
            {"risk": row.risk, "detection": row.detection, "response": row.response}
            for row in period.go_risks.filter(removed_at__isnull=True).order_by("id")
        ],
        "scope": {"summary": period.summary, "systems": period.systems},
        "rollback": {
            "point_of_no_return": period.point_of_no_return,
            "at": period.point_of_no_return_at.isoformat() if period.point_of_no_return_at else None,
            "authority": period.rollback_authority.name if period.rollback_authority else "",
        },
        "go_live_at": period.go_live_at.isoformat(),
        "ends_at": period.ends_at.isoformat(),
    }


def _carry_out(period: Period, decision: GoDecision, go_live_at: datetime | None, by: User, via: str) -> None:
    """One journal entry for the decision, whatever it is."""
    at = decision.at
    if decision.outcome in GOES:
        lifecycle.go(period.pk, decision=decision, by=by, at=at, via=via)
    elif decision.outcome == Outcome.POSTPONE:
        if go_live_at is None:
            raise Invalid({"go_live_at": "Give the new go-live."})
        lifecycle.postpone(
            period.pk, go_live_at=go_live_at, reason=decision.reason, by=by, at=at, via=via, decision_id=decision.pk
        )
    else:
        journal.record(
            period,
            "go.decided",
            by=by,
            at=at,
            via=via,
            subject=f"decision:{decision.pk}",
            title="No-go",
            outcome=decision.outcome,
            reason=decision.reason,
            conditions=[],
        )


def _in_readiness(period_id: int) -> Period:
    period: Period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    if period.status != Period.Status.READINESS:
        now = period.get_status_display().lower()
        raise TransitionRefused(f"{period.name} is {now}. Go or no-go is decided while it is getting ready.")
    return period
