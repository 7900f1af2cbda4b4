"""Is everybody ready? Each person answers for themselves, by link or signed in; a new answer voids the old."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from contributors import roster
from contributors.models import Acknowledgement, Membership, Role
from hypercare.errors import AlreadyDone, Invalid, NotAllowed
from hypercare.models import User
from periods import journal
from periods.gates import Objection, Transition, page
from periods.models import Period

State = Acknowledgement.State
STATEMENTS = Acknowledgement.STATEMENTS
KINDS = {State.READY: "readiness.acknowledged", State.PROBLEM: "readiness.problem"}
LONGEST_NOTE = 2000


@dataclass(frozen=True)
class Row:
    """One person and their standing answer, if any."""

    member: Membership
    answer: Acknowledgement | None

    @property
    def state(self) -> str:
        """`ready`, `problem`, `waiting` (asked, no answer) or `not_asked`."""
        if self.answer is not None:
            return str(self.answer.state)
        return "waiting" if self.member.invited_at else "not_asked"

    @property
    def required(self) -> bool:
        """Whether a go waits for this person."""
        return is_required(self.member)

    @property
    def marks(self) -> list[tuple[str, str, str]]:
        """(statement, its words, `yes`, `no` or `none`) for each; an unticked one of a problem is a no."""
        if self.answer is None:
            return [(key, words, "none") for key, words in STATEMENTS.items()]
        return [
            (key, words, "yes" if key in self.answer.statements else "no")
            for key, words in STATEMENTS.items()
        ]


@dataclass(frozen=True)
class Summary:
    """Everybody who is asked, those who need attention first, and how many stand where."""

    rows: tuple[Row, ...]

    def count(self, state: str) -> int:
        """How many people are in a state."""
        return sum(row.state == state for row in self.rows)

    @property
    def ready(self) -> int:
        """People who said they are ready."""
        return self.count(State.READY)

    @property
    def problem(self) -> int:
        """People who said something is missing."""
        return self.count(State.PROBLEM)

    @property
    def waiting(self) -> int:
        """People who have not answered, asked or not."""
        return self.count("waiting") + self.count("not_asked")

    @property
    def to_remind(self) -> tuple[Row, ...]:
        """People who were asked and have not answered."""
        return tuple(row for row in self.rows if row.state == "waiting")

    @property
    def required(self) -> int:
        """People a go waits for."""
        return sum(row.required for row in self.rows)

    @property
    def acknowledged(self) -> int:
        """Required people who are ready."""
        return sum(row.required and row.state == State.READY for row in self.rows)


@transaction.atomic
def acknowledge(
    membership_id: int,
    *,
    statements: Iterable[str],
    note: str,
    state: str,
    by: User,
    at: datetime,
    via: str = "",
) -> Acknowledgement:
    """Record a person's own answer; it voids the one before.

    Ready needs all four statements, a problem needs a note: Invalid says which is missing. Raises NotAllowed
    for anybody but the person, Refused once they left or the period ended, AlreadyDone for the same answer again.
    """
    member = roster.locked_member(membership_id)
    if member.user_id != by.pk:
        raise NotAllowed(f"Only {member.user} can say whether {member.user.first_name} is ready.")
    ticked, note = _checked(state, set(statements), note.strip())
    _void_standing(member, ticked, note, state, at)
    answer = Acknowledgement.objects.create(
        membership=member, state=state, statements=ticked, note=note, at=at, via=via
    )
    journal.record(
        member.period, KINDS[State(state)], by=by, at=at, subject=f"member:{member.pk}", via=via, user=by.pk,
        person=by.name, role=member.role.name if member.role else "", note=note,
    )  # fmt: skip
    return answer


def _checked(state: str, statements: set[str], note: str) -> tuple[list[str], str]:
    if state not in State.values:
        raise Invalid({"state": f"“{state}” is not an answer. Say ready or problem."})
    if unknown := sorted(statements - set(STATEMENTS)):
        raise Invalid({"statements": f"“{unknown[0]}” is not a statement. Use {', '.join(STATEMENTS)}."})
    missing = [words for key, words in STATEMENTS.items() if key not in statements]
    if state == State.READY and missing:
        raise Invalid(
            {"statements": [f"Tick “{words}”, or choose Something is missing." for words in missing]}
        )
    if state == State.PROBLEM and not note:
        raise Invalid({"note": "Say what is missing, so that somebody can help."})
    if len(note) > LONGEST_NOTE:
        raise Invalid({"note": f"Keep it under {LONGEST_NOTE} characters."})
    return [key for key in STATEMENTS if key in statements], note


def _void_standing(member: Membership, statements: list[str], note: str, state: str, at: datetime) -> None:
    """Void the standing answer. Raises AlreadyDone when it says the very same."""
    standing = standing_answer(member)
    if standing is None:
        return
    if (standing.state, standing.statements, standing.note) == (state, statements, note):
        raise AlreadyDone(said(standing, member.user))
    standing.voided_at, standing.void_reason = at, "A new answer"
    standing.save(update_fields=["voided_at", "void_reason"])


def said(answer: Acknowledgement, user: User) -> str:
    """What a person answered and when, in their own zone, as a sentence."""
    words = "are ready" if answer.state == State.READY else f"are missing something: {answer.note}"
    return f"You said on {answer.at.astimezone(user.zone):%-d %b at %H:%M} that you {words}."


def standing_answer(member: Membership) -> Acknowledgement | None:
    """The answer that counts, or None."""
    return Acknowledgement.objects.filter(membership=member, voided_at__isnull=True).first()


@transaction.atomic
def void_all(period_id: int, *, reason: str, by: User | None, at: datetime, via: str = "") -> int:
    """Everybody answers again, because the dates moved; how many answers were voided. Repeats change nothing.

    Answers given after `at` stay: they are about the new dates.
    """
    period = Period.objects.locked().get(pk=period_id)
    standing = Acknowledgement.objects.filter(membership__period=period, voided_at__isnull=True, at__lte=at)
    voided = standing.update(voided_at=at, void_reason=reason[:200])
    if voided:
        journal.record(period, "readiness.voided", by=by, at=at, via=via, reason=reason, count=voided)
    return voided


def summary(period: Period, *, at: datetime) -> Summary:  # noqa: ARG001  the same shape as the other panels
    """Everybody with a duty role or an invitation, with their answer; problems first. Two queries."""
    asked = [member for member in roster.members(period.pk) if member.role_id or member.invited_at]
    answers = {
        answer.membership_id: answer
        for answer in Acknowledgement.objects.filter(membership__in=asked, voided_at__isnull=True)
    }
    order = {State.PROBLEM.value: 0, "not_asked": 1, "waiting": 2, State.READY.value: 3}
    rows = [Row(member, answers.get(member.pk)) for member in asked]
    return Summary(tuple(sorted(rows, key=lambda row: order[row.state])))


def waiting_for(user: User) -> list[Membership]:
    """Where a person was asked and has not answered, the nearest go-live first. One query."""
    asked = Membership.objects.filter(
        user=user, left_at__isnull=True, invited_at__isnull=False, period__status__in=Period.PRE_LIVE
    ).exclude(acknowledgements__in=Acknowledgement.objects.filter(voided_at__isnull=True))
    return list(asked.select_related("period", "role").order_by("period__go_live_at", "id"))


def is_required(member: Membership) -> bool:
    """Whether a go waits for this person: they hold a required role and do more than watch."""
    return member.role is not None and member.role.required and member.right != Membership.Right.VIEWER


def progress(period: Period) -> tuple[int, int]:
    """(people who are ready, people who must be) among the holders of required roles. One query."""
    required = Membership.objects.filter(period=period, left_at__isnull=True, role__required=True)
    required = required.exclude(right=Membership.Right.VIEWER)
    ready = required.filter(acknowledgements__voided_at__isnull=True, acknowledgements__state=State.READY)
    return ready.count(), required.count()


def objections(period: Period, transition: Transition, *, at: datetime) -> list[Objection]:
    """A go waits for every holder of a required role; readiness opens once the contributors are invited."""
    if transition == "go":
        return [*_empty_roles(period), *_unready(period, at)]
    if transition == "invite":
        return list(_uninvited(period))
    return []


def _empty_roles(period: Period) -> Iterator[Objection]:
    held = roster.members(period.pk).filter(role__isnull=False).values_list("role_id", flat=True).order_by()
    empty = Role.objects.filter(period=period, required=True).exclude(pk__in=held)
    for role in empty.order_by("position", "id"):
        url = page(period, "contributors:people")
        text = f"Nobody holds {role}. Add somebody to it."
        yield Objection(text, url, code="go.role_empty", about=f"role:{role.pk}")


def _unready(period: Period, at: datetime) -> Iterator[Objection]:
    url = page(period, "period_readiness")
    for row in summary(period, at=at).rows:
        if row.required and row.state != State.READY:
            yield Objection(
                _unready_sentence(row), f"{url}#member-{row.member.pk}", code="go.person_unready",
                about=f"member:{row.member.pk}", owner=row.member.user,
            )  # fmt: skip


def _unready_sentence(row: Row) -> str:
    who = f"{row.member.user} ({row.member.role})"
    if row.answer is not None:
        # Not what is missing: objections are shown to people who only watch, and kept with the decision.
        return f"{who} says something is missing."
    return f"{who} has not answered." if row.member.invited_at else f"{who} is not invited yet."


def _uninvited(period: Period) -> Iterator[Objection]:
    url = page(period, "contributors:people")
    on_duty = list(roster.members(period.pk).filter(role__isnull=False))
    if not on_duty:
        text = "Nobody holds a duty role yet. Add the people who will be on duty."
        yield Objection(text, url, code="invite.nobody_on_duty")
    missing = [str(member.user) for member in on_duty if member.invited_at is None]
    if missing:
        yield Objection(f"Not invited yet: {', '.join(missing)}.", url, code="invite.uninvited")
