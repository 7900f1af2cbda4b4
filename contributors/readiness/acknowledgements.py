"""Is everybody ready? Each person answers for themselves, by link or signed in; a new answer voids the old."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from contributors import contact_points
from contributors.models import Acknowledgement, Membership, Role, Shift
from contributors.people import members as people_members
from contributors.readiness import snapshots
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.journal import journal
from periods.lifecycle.gates import Blocker, Transition, page_url
from periods.models import Period

State = Acknowledgement.State
STATEMENTS = Acknowledgement.STATEMENTS
KINDS = {State.READY: "readiness.acknowledged", State.PROBLEM: "readiness.problem"}
LONGEST_NOTE = 2000
REMIND_AGAIN_AFTER = timedelta(hours=4)


class ChangedSinceRead(Refused):
    """Something changed between reading and answering; `changes` say what."""

    def __init__(self, changes: list[snapshots.SnapshotChange]) -> None:
        """Keep them: the page shows them and asks again."""
        super().__init__("Something changed while you were answering. Look at it and answer again.")
        self.changes = changes


@dataclass(frozen=True)
class ReadinessRow:
    """One person and their standing answer, if any; `before` is the one that a change made void."""

    member: Membership
    answer: Acknowledgement | None
    before: Acknowledgement | None = None
    cannot: tuple[Shift, ...] = ()

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
            still = set(untouched_statements(self.before))
            return [(key, words, "yes" if key in still else "none") for key, words in STATEMENTS.items()]
        return [(key, words, "yes" if key in self.answer.statements else "no") for key, words in STATEMENTS.items()]

    @property
    def changes(self) -> list[str]:
        """Why the person is asked again, in sentences."""
        return [str(change["text"]) for change in self.before.void_changes] if self.before else []

    def may_be_reminded(self, at: datetime) -> bool:
        """Asked, silent, and not asked in the last four hours."""
        asked_at = self.member.invited_at
        return self.state == "waiting" and asked_at is not None and asked_at <= at - REMIND_AGAIN_AFTER


@dataclass(frozen=True)
class ReadinessSummary:
    """Everybody who is asked, those who need attention first, and how many stand where."""

    rows: tuple[ReadinessRow, ...]
    at: datetime

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
    def to_remind(self) -> tuple[ReadinessRow, ...]:
        """People who were asked and have not answered."""
        return tuple(row for row in self.rows if row.state == "waiting")

    @property
    def remindable(self) -> tuple[ReadinessRow, ...]:
        """Those of them who were not asked in the last four hours."""
        return tuple(row for row in self.rows if row.may_be_reminded(self.at))

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
    seen: Mapping[str, Any] | None = None,
    cannot: Iterable[int] = (),
) -> Acknowledgement:
    """Record a person's own answer; it voids the one before.

    Ready needs all four statements, those that a change left untouched being carried over; a problem needs a
    note: Invalid says which is missing. `seen` is the fingerprint of what the person was shown, `cannot` the
    shifts they can't work. Raises NotAllowed for anybody but the person, Refused once they left or the period
    ended, AlreadyDone for the same answer again, Changed when what they were shown is no longer so.
    """
    member = people_members.lock_member(membership_id)
    if member.user_id != by.pk:
        raise NotAllowed(f"Only {member.user} can say whether {member.user.first_name} is ready.")
    given = {*statements, *untouched_statements(last_voided(member))} if state == State.READY else set(statements)
    ticked, note = _checked(state, given, note.strip())
    missed = _own_shifts(member, cannot)
    present = snapshots.take_snapshots(member.period, [member.user_id], at=at)[member.user_id]
    if seen is not None and state == State.READY and (changes := snapshots.compare_snapshots(seen, present, at=at)):
        raise ChangedSinceRead(changes)
    withdrew = _void_standing(member, ticked, note, state, at, present)
    answer = Acknowledgement.objects.create(
        membership=member,
        state=state,
        statements=ticked,
        note=note,
        at=at,
        via=via,
        versions=present,
        cannot=[shift.pk for shift in missed],
    )
    journal.record(
        member.period,
        KINDS[State(state)],
        by=by,
        at=at,
        subject=f"member:{member.pk}",
        via=via,
        user=by.pk,
        person=by.name,
        role=member.role.name if member.role else "",
        note=note,
        withdrew=withdrew,
        pages=present["pages"],
        shifts=[[str(shift.role), shift.starts_at.isoformat(), shift.ends_at.isoformat()] for shift in missed],
    )
    return answer


def _own_shifts(member: Membership, wanted: Iterable[int]) -> list[Shift]:
    """The shifts of these ids. Raises Invalid for one that is not the person's own."""
    ids = set(wanted)
    found = Shift.objects.filter(
        pk__in=ids, user=member.user_id, role__period=member.period_id, cancelled_at__isnull=True
    )
    shifts = list(found.select_related("role").order_by("starts_at", "id"))
    if len(shifts) != len(ids):
        raise Invalid({"cannot": "One of these is not a shift of yours any more. Look at your shifts again."})
    return shifts


def _checked(state: str, statements: set[str], note: str) -> tuple[list[str], str]:
    if state not in State.values:
        raise Invalid({"state": f"“{state}” is not an answer. Say ready or problem."})
    if unknown := sorted(statements - set(STATEMENTS)):
        raise Invalid({"statements": f"“{unknown[0]}” is not a statement. Use {', '.join(STATEMENTS)}."})
    missing = [words for key, words in STATEMENTS.items() if key not in statements]
    if state == State.READY and missing:
        raise Invalid({"statements": [f"Tick “{words}”, or choose Something is missing." for words in missing]})
    if state == State.PROBLEM and not note:
        raise Invalid({"note": "Say what is missing, so that somebody can help."})
    if len(note) > LONGEST_NOTE:
        raise Invalid({"note": f"Keep it under {LONGEST_NOTE} characters."})
    return [key for key in STATEMENTS if key in statements], note


def _void_standing(
    member: Membership, statements: list[str], note: str, state: str, at: datetime, present: snapshots.Snapshot
) -> bool:
    """Void the standing answer; whether that takes a ready back.

    Raises AlreadyDone when it says the very same about the very same.
    """
    standing = standing_answer(member)
    if standing is None:
        return False
    is_same = (standing.state, standing.statements, standing.note) == (state, statements, note)
    if is_same and not snapshots.compare_snapshots(standing.versions, present, at=at):
        raise AlreadyDone(describe_answer(standing, member.user))
    standing.voided_at, standing.void_reason = at, "A new answer"
    standing.save(update_fields=["voided_at", "void_reason"])
    return bool(standing.state == State.READY and state == State.PROBLEM)


def describe_answer(answer: Acknowledgement, user: User) -> str:
    """What a person answered and when, in their own zone, as a sentence."""
    words = "are ready" if answer.state == State.READY else f"are missing something: {answer.note}"
    return f"You said on {answer.at.astimezone(user.zone):%-d %b at %H:%M} that you {words}."


def standing_answer(member: Membership) -> Acknowledgement | None:
    """The answer that counts, or None."""
    return Acknowledgement.objects.filter(membership=member, voided_at__isnull=True).first()


def last_voided(member: Membership) -> Acknowledgement | None:
    """The answer a change made void, while no other was given since; else None."""
    last = Acknowledgement.objects.filter(membership=member).order_by("-at", "-id").first()
    return last if last is not None and last.voided_at and last.void_changes else None


def untouched_statements(voided: Acknowledgement | None) -> list[str]:
    """Statements of an answer that the changes since left untouched; they need no second answer."""
    if voided is None or voided.state != State.READY:
        return []
    doubted = {key for change in voided.void_changes for key in change["statements"]}
    return [key for key in voided.statements if key not in doubted]


def summarise_readiness(period: Period, *, at: datetime) -> ReadinessSummary:
    """Everybody with a duty role or an invitation, with their answer; problems first. At most four queries."""
    asked = [member for member in people_members.members_of(period.pk) if member.role_id or member.invited_at]
    standing, voided = answers_of(asked)
    missed = _missed(standing.values())
    order = {State.PROBLEM.value: 0, "not_asked": 1, "waiting": 2, State.READY.value: 3}
    rows = []
    for member in asked:
        answer = standing.get(member.pk)
        cannot = tuple(missed[pk] for pk in answer.cannot if pk in missed) if answer else ()
        rows.append(ReadinessRow(member, answer, voided.get(member.pk), cannot))
    return ReadinessSummary(tuple(sorted(rows, key=lambda row: order[row.state])), at)


def answers_of(members: Iterable[Membership]) -> tuple[dict[int, Acknowledgement], dict[int, Acknowledgement]]:
    """Membership id → the answer that stands, and the one a change made void where none stands. One query."""
    standing: dict[int, Acknowledgement] = {}
    last: dict[int, Acknowledgement] = {}
    rows = Acknowledgement.objects.filter(membership__in=list(members)).select_related("replied_by")
    for answer in rows.order_by("at", "id"):
        last[answer.membership_id] = answer
        if answer.voided_at is None:
            standing[answer.membership_id] = answer
    voided = {pk: answer for pk, answer in last.items() if answer.voided_at and answer.void_changes}
    return standing, voided


def _missed(answers: Iterable[Acknowledgement]) -> dict[int, Shift]:
    """Shifts that people can't work and that somebody still has to cover, by id."""
    wanted = [pk for answer in answers for pk in answer.cannot]
    if not wanted:
        return {}
    found = Shift.objects.filter(pk__in=wanted, cancelled_at__isnull=True).select_related("role")
    return {shift.pk: shift for shift in found}


def open_problems(period: Period) -> list[Acknowledgement]:
    """Standing answers that say something is missing, with their people; the oldest first. One query."""
    standing = Acknowledgement.objects.filter(
        membership__period=period, membership__left_at__isnull=True, voided_at__isnull=True, state=State.PROBLEM
    )
    return list(standing.select_related("membership__user", "membership__role", "replied_by").order_by("at", "id"))


def unanswered_by(user: User) -> list[Membership]:
    """Where a person was asked and has not answered, the nearest go-live first. One query."""
    asked = Membership.objects.filter(
        user=user, left_at__isnull=True, invited_at__isnull=False, period__status__in=Period.PRE_LIVE
    ).exclude(acknowledgements__in=Acknowledgement.objects.filter(voided_at__isnull=True))
    return list(asked.select_related("period", "role").order_by("period__go_live_at", "id"))


def is_required(member: Membership) -> bool:
    """Whether a go waits for this person: they hold a required role and do more than watch."""
    return member.role is not None and member.role.required and member.right != Membership.Right.VIEWER


def count_ready(period: Period) -> tuple[int, int]:
    """(people who are ready, people who must be) among the holders of required roles. One query."""
    required = Membership.objects.filter(period=period, left_at__isnull=True, role__required=True)
    required = required.exclude(right=Membership.Right.VIEWER)
    ready = required.filter(acknowledgements__voided_at__isnull=True, acknowledgements__state=State.READY)
    return ready.count(), required.count()


def find_blockers(period: Period, transition: Transition, *, at: datetime) -> list[Blocker]:
    """A go waits for every holder of a required role; readiness opens once the contributors are invited."""
    if transition == "go":
        return [*_empty_roles(period), *_unready(period, at), *_unreached(period)]
    if transition == "invite":
        return list(_uninvited(period))
    return []


def _empty_roles(period: Period) -> Iterator[Blocker]:
    held = people_members.duty_holders(period.pk).values_list("role_id", flat=True).order_by()
    empty = Role.objects.filter(period=period, required=True).exclude(pk__in=held)
    for role in empty.order_by("position", "id"):
        url = page_url(period, "contributors:people")
        text = f"Nobody holds {role}. Add somebody to it."
        wish = f"Somebody holds {role} and is ready"
        yield Blocker(text, url, code="go.role_empty", about=f"role:{role.pk}", wish=wish)


def _unready(period: Period, at: datetime) -> Iterator[Blocker]:
    url = page_url(period, "period_readiness")
    for row in summarise_readiness(period, at=at).rows:
        if row.required and row.state != State.READY:
            yield Blocker(
                _unready_sentence(row),
                f"{url}#member-{row.member.pk}",
                code=_code(row),
                about=f"member:{row.member.pk}",
                owner=row.member.user,
                wish=f"{row.member.user} says they are ready",
            )


def _unreached(period: Period) -> Iterator[Blocker]:
    """People whom no message reaches can't be on duty. Two queries."""
    required = [member for member in people_members.members_of(period.pk) if is_required(member)]
    lost = contact_points.find_unreachable(member.user for member in required)
    url = page_url(period, "contributors:people")
    for member in required:
        if member.user_id in lost:
            yield Blocker(
                f"Nothing reaches {member.user} ({member.role}): the last message failed, and no other way works.",
                f"{url}#member-{member.pk}",
                code="go.person_unreachable",
                about=f"member:{member.pk}",
                owner=member.user,
            )


def _code(row: ReadinessRow) -> str:
    return "go.person_problem" if row.state == State.PROBLEM else "go.person_unready"


def _unready_sentence(row: ReadinessRow) -> str:
    who = f"{row.member.user} ({row.member.role})"
    if row.answer is not None:
        # Not what is missing: blockers are shown to people who only watch, and kept with the decision.
        answered = f" {row.answer.replied_by} answered; {row.member.user.first_name} has to confirm."
        return f"{who} says something is missing.{answered if row.answer.replied_by else ''}"
    if row.before is not None:
        return f"{who} has to confirm again. {' '.join(f'{text}.' for text in row.changes)}"
    return f"{who} has not answered." if row.member.invited_at else f"{who} is not invited yet."


def _uninvited(period: Period) -> Iterator[Blocker]:
    url = page_url(period, "contributors:people")
    on_duty = list(people_members.duty_holders(period.pk))
    if not on_duty:
        text = "Nobody holds a duty role yet. Add the people who will be on duty."
        yield Blocker(text, url, code="invite.nobody_on_duty")
    missing = [str(member.user) for member in on_duty if member.invited_at is None]
    if missing:
        yield Blocker(f"Not invited yet: {', '.join(missing)}.", url, code="invite.uninvited")
