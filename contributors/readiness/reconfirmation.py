"""When what an answer rests on changes, the answer is void and the person is asked again, once.

Nothing here listens for particular changes: after each entry that may touch pages, shifts or go-live, standing
answers are compared with the present. So replays are harmless and several changes at once are one question.
Before go-live only: afterwards people are on duty, and shifts and pages change every day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from contributors.messaging import outbox
from contributors.messaging.recipients import answer_deadline
from contributors.models import Acknowledgement, Membership
from contributors.readiness import acknowledgements, snapshots
from contributors.readiness.snapshots import SnapshotChange
from hypercare.engine import timers
from hypercare.models import User
from periods.documents import documents
from periods.journal import journal
from periods.models import DocumentVersion, JournalEntry, Period

KIND: Final = "readiness.again"
# Several changes that come close together are told in one message.
BUNDLE: Final = timedelta(minutes=10)
ASKING: Final = (Period.Status.PLANNED, Period.Status.READINESS, Period.Status.READY)
# Entries that may change what answers rest on.
TOUCHES: Final = ("page.", "shift.", "rotation.", "override.", "cover.", "period.postponed", "period.changed")


def on_entry(entry: JournalEntry, *, at: datetime) -> None:  # noqa: ARG001  one shape for all consumers
    """Journal consumer; a replay changes nothing."""
    if not entry.kind.startswith(TOUCHES):
        return
    if entry.actor_id is not None and entry.actor_id == entry.data.get("user"):
        _consented(entry)
    void_outdated_answers(entry.period_id, by=entry.actor, at=entry.at, via=entry.via)


@transaction.atomic
def _consented(entry: JournalEntry) -> None:
    """Who changes their own shifts knows about it: their answer is now to those."""
    period = Period.objects.locked().get(pk=entry.period_id)
    answer = _standing(period).filter(membership__user=entry.actor_id).first()
    if answer is not None and entry.actor_id is not None:
        present = snapshots.take_snapshots(period, [entry.actor_id], at=entry.at)[entry.actor_id]
        answer.versions = {**answer.versions, "shifts": present["shifts"]}
        answer.save(update_fields=["versions"])


@transaction.atomic
def void_outdated_answers(period_id: int, *, by: User | None, at: datetime, via: str = "") -> int:
    """Void every standing “ready” that rests on something that has changed; how many. Repeats change nothing."""
    period = Period.objects.locked().select_related("lead").get(pk=period_id)
    if period.status not in ASKING:
        return 0
    answers = list(_standing(period))
    present = snapshots.take_snapshots(period, [answer.membership.user_id for answer in answers], at=at)
    stale = []
    for answer in answers:
        changes = snapshots.compare_snapshots(answer.versions, present[answer.membership.user_id], at=at)
        if changes:
            _void(answer, [change_as_json(change, answer, period) for change in changes], at)
            stale.append(answer)
    if stale:
        journal.record(
            period,
            "readiness.voided",
            by=by,
            at=at,
            via=via,
            count=len(stale),
            reason=stale[0].void_reason,
            people=[_entry_of(answer) for answer in stale],
        )
    return len(stale)


def _standing(period: Period) -> Any:
    found = Acknowledgement.objects.filter(
        membership__period=period,
        membership__left_at__isnull=True,
        voided_at__isnull=True,
        state=Acknowledgement.State.READY,
    )
    return found.select_related("membership__user").order_by("id")


def _void(answer: Acknowledgement, changes: list[dict[str, Any]], at: datetime) -> None:
    answer.voided_at, answer.void_changes = at, changes
    answer.void_reason = "; ".join(change["text"] for change in changes)[:200]
    answer.save(update_fields=["voided_at", "void_reason", "void_changes"])
    args = {"period": answer.membership.period_id, "answer": answer.pk}
    timers.arm(f"{KIND}:{answer.pk}", kind=KIND, due_at=at + BUNDLE, args=args)


def _entry_of(answer: Acknowledgement) -> dict[str, Any]:
    codes = [change["code"] for change in answer.void_changes]
    return {"user": answer.membership.user_id, "person": answer.membership.user.name, "changes": codes}


def change_as_json(change: SnapshotChange, answer: Acknowledgement, period: Period) -> dict[str, Any]:
    """A change as it is kept: what it is in a sentence without full stop, and which statements it concerns."""
    kept = {"code": change.code, "statements": list(change.statements), "since": change.since}
    return {**kept, "text": _sentence(change, answer, period)}


def _sentence(change: SnapshotChange, answer: Acknowledgement, period: Period) -> str:
    user = answer.membership.user
    if change.code == "go_live":
        was = datetime.fromisoformat(answer.versions["go_live_at"]).astimezone(user.zone)
        now = period.go_live_at.astimezone(user.zone)
        return f"Go-live moved from {was:%a %-d %b %H:%M} to {now:%a %-d %b %H:%M}"
    if change.code == "shifts":
        return f"Your shifts changed: {change.shifts}"
    saved = _saved(period, change)
    verb = "changed" if change.since else "was written"
    return f"{saved.title} {verb} on {saved.at.astimezone(user.zone):%-d %b} by {saved.by}"


def _saved(period: Period, change: SnapshotChange) -> DocumentVersion:
    """The version that people have to read."""
    page = documents.page_of_kind(period, change.code)
    number = documents.material_versions(period, (change.code,))[change.code]
    if page is None:
        raise ValueError(f"{period} has no page of the kind {change.code}.")
    return documents.get_version(page, number)


# --- Asking again -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadinessQuestion:
    """What a person is asked now: whether again, why, what they may leave as it was, and the present they answer to."""

    changes: list[dict[str, Any]]
    carried: list[str]
    present: snapshots.Snapshot

    @property
    def concerned(self) -> set[str]:
        """Statements that are asked again."""
        return {key for change in self.changes for key in change["statements"]}


def build_question(member: Membership, *, at: datetime) -> ReadinessQuestion:
    """What to ask a person, with everything that has changed since their last answer. Changes nothing."""
    present = snapshots.take_snapshots(member.period, [member.user_id], at=at)[member.user_id]
    last = acknowledgements.last_voided(member)
    if last is None:
        return ReadinessQuestion([], [], present)
    last.membership = member
    changes = {change["code"]: change for change in last.void_changes}
    for change in snapshots.compare_snapshots(last.versions, present, at=at):
        changes[change.code] = change_as_json(change, last, member.period)
    doubted = {key for change in changes.values() for key in change["statements"]}
    still = [key for key in acknowledgements.untouched_statements(last) if key not in doubted]
    return ReadinessQuestion(list(changes.values()), still, present)


def on_again_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001
    """Tell the person once what has changed and ask again, unless they answered or left meanwhile."""
    period = Period.objects.locked().select_related("lead").get(pk=args["period"])
    answer = Acknowledgement.objects.select_related("membership__user").get(pk=args["answer"])
    member = answer.membership
    member.period = period
    last = acknowledgements.last_voided(member)
    if period.status not in ASKING or last is None or last.pk != answer.pk:
        return
    texts = [change["text"] for change in build_question(member, at=at).changes]
    outbox.ask_for_acknowledgement(
        user=member.user,
        kind="readiness_again",
        period=period,
        until=answer_deadline(period, at),
        at=at,
        key=f"{KIND}:{answer.pk}",
        context={
            "changes": texts,
            "go_live_at": period.go_live_at.isoformat(),
            "by": period.lead.name if period.lead else "",
        },
    )


def describe_changes(changes: Iterable[SnapshotChange], member: Membership) -> list[str]:
    """Changes since a person was shown the question, as they are told at once."""
    words = {
        "runbook": "The runbook changed",
        "how_we_work": "How we work changed",
        "shifts": "Your shifts changed",
        "go_live": "Go-live moved",
    }
    return [f"{words[change.code]} while you were answering, {member.user.first_name}." for change in changes]
