"""Who is told what when something happens: journal entry → notifications. One table, `RECIPIENTS`, says all of it.

Reads, never writes: `outbox.on_entry` turns notifications into messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contributors.messaging import invites
from contributors.models import Delivery, Membership, Shift
from hypercare.models import User
from periods.models import ChecklistItem, Debrief, GoDecision, JournalEntry, Period

MOST_DEBRIEFS = 30
SHIFTS_NAMED = 3
ALERTS_NAMED = 3
SHIFTS_IN_A_LIST = 20
SHIFT_IS_NEAR = timedelta(days=3)  # Later shifts are seen in the plan and the calendar, not mailed one by one.

Urgency = Delivery.Urgency


@dataclass(frozen=True)
class Notification:
    """One person to be told one thing. `link_until` asks for a one-tap link to their own readiness.

    `even_to_actor` for what belongs into everybody's calendar, whoever did it.
    """

    user: User | None
    kind: str
    context: Mapping[str, Any] = field(default_factory=dict)
    urgency: Urgency = Urgency.NORMAL
    not_after: datetime | None = None
    link_until: datetime | None = None
    even_to_actor: bool = False


def notifications_for(entry: JournalEntry) -> list[Notification]:
    """Whom an entry is news to: never the person who did it, but for calendars."""
    found = RECIPIENTS[entry.kind](entry) if entry.kind in RECIPIENTS else ()
    return [
        notice
        for notice in found
        if notice.user is not None and (notice.even_to_actor or notice.user.pk != entry.actor_id)
    ]


# --- Contributors -------------------------------------------------------------------------------


def _invited(entry: JournalEntry) -> Iterable[Notification]:
    period, user = entry.period, _person(entry)
    until = answer_deadline(period, entry.at)
    shifts = [
        [start.isoformat(), end.isoformat()]
        for start, end in Shift.objects.filter(
            role__period=period, user=user, cancelled_at__isnull=True, ends_at__gt=entry.at
        )
        .order_by("starts_at", "id")
        .values_list("starts_at", "ends_at")
    ]
    said = {
        **_by(entry),
        "role": entry.data.get("role", ""),
        "go_live_at": period.go_live_at.isoformat(),
        "shifts": shifts[:SHIFTS_NAMED],
        "shifts_in_all": len(shifts),
    }
    yield Notification(user, "invitation", said, link_until=until)


def answer_deadline(period: Period, at: datetime) -> datetime:
    """Until when an answer still matters: go-live, or the end for somebody who joins a period that is live."""
    return period.go_live_at if period.go_live_at > at else period.ends_at


def _problem(entry: JournalEntry) -> Iterable[Notification]:
    said = {
        **{name: entry.data.get(name) for name in ("person", "note", "withdrew")},
        "shifts": entry.data.get("shifts") or _shifts_left_open(entry),
        "go_live_at": entry.period.go_live_at.isoformat(),
    }
    yield Notification(entry.period.lead, "readiness_problem", said)


def _waiver_ended(entry: JournalEntry) -> Iterable[Notification]:
    item = ChecklistItem.objects.filter(pk=_number(entry)).select_related("owner").first()
    said = {
        "title": entry.data.get("title", ""),
        "reason": entry.data.get("reason", ""),
        "waived_by": entry.data.get("waived_by", ""),
        "at": entry.data.get("ended_at"),
        "blocking": item is not None and item.blocking,
    }
    people = {person.pk: person for person in (item.owner if item else None, entry.period.lead) if person}
    return (Notification(person, "waiver_ended", said) for person in people.values())


def _shifts_left_open(entry: JournalEntry) -> list[list[str]]:
    """The coming shifts of somebody who took their “ready” back without saying which they can't work."""
    if not entry.data.get("withdrew"):
        return []
    coming = Shift.objects.filter(
        role__period=entry.period, user=entry.data.get("user"), cancelled_at__isnull=True, ends_at__gt=entry.at
    )
    found = coming.select_related("role").order_by("starts_at", "id")[:SHIFTS_IN_A_LIST]
    return [[shift.role.name, shift.starts_at.isoformat(), shift.ends_at.isoformat()] for shift in found]


def _replied(entry: JournalEntry) -> Iterable[Notification]:
    period = entry.period
    said = {**_by(entry), "reply": entry.data.get("reply", ""), "go_live_at": period.go_live_at.isoformat()}
    yield Notification(_person(entry), "readiness_replied", said, link_until=answer_deadline(period, entry.at))


def _shift_changed(entry: JournalEntry) -> Iterable[Notification]:
    data = entry.data
    starts_at, ends_at = datetime.fromisoformat(data["starts_at"]), datetime.fromisoformat(data["ends_at"])
    is_near = starts_at <= entry.at + SHIFT_IS_NEAR and ends_at > entry.at
    if is_near and entry.period.status not in (Period.Status.DRAFT, Period.Status.PLANNED):
        said = {**_by(entry), **{name: data[name] for name in ("what", "role", "starts_at", "ends_at")}}
        yield Notification(_person(entry), "shift_changed", said, not_after=ends_at)


# --- Incidents ----------------------------------------------------------------------------------


def _assigned(entry: JournalEntry) -> Iterable[Notification]:
    yield Notification(_user(entry.data.get("owner_id")), "incident_assigned", _incident(entry))


def _resolved(entry: JournalEntry) -> Iterable[Notification]:
    """The lead anyway; whoever reported it, or everybody, where whoever resolved it asked for that."""
    tell, said = entry.data.get("tell", ()), _incident(entry) | _still_fires(entry)
    if "everyone" in tell:
        yield from _members(entry, "incident_resolved", said)
        return
    people = [entry.period.lead, _user(entry.data.get("reporter")) if "reporter" in tell else None]
    for person in {person.pk: person for person in people if person}.values():
        yield Notification(person, "incident_resolved", said, Urgency.QUIET)


def _still_fires(entry: JournalEntry) -> dict[str, list[str]]:
    names = entry.data.get("still_fires", [])
    return {"still_fires": names[:ALERTS_NAMED]} if names else {}


def _role(entry: JournalEntry) -> Iterable[Notification]:
    said = {**_incident(entry), "part": entry.data.get("part", "")}
    yield Notification(_user(entry.data.get("user_id")), "incident_role", said)


def _incident(entry: JournalEntry) -> dict[str, Any]:
    data = entry.data
    facts = {name: data.get(name, "") for name in ("key", "title", "severity", "component", "resolution")}
    return {**_by(entry), **facts, "number": int(entry.subject.partition(":")[2]), "at": entry.at.isoformat()}


# --- The period ---------------------------------------------------------------------------------


def _decided(entry: JournalEntry) -> Iterable[Notification]:
    outcomes = dict(GoDecision.Outcome.choices)
    conditions = [condition.get("text", "") for condition in entry.data.get("conditions", [])]
    said = {
        **_by(entry),
        "outcome": outcomes.get(entry.data.get("outcome", ""), "Go"),
        "conditions": conditions,
        "reason": entry.data.get("reason", ""),
        "go_live_at": entry.period.go_live_at.isoformat(),
    }
    return _members(entry, "go_decision", said)


def _postponed(entry: JournalEntry) -> Iterable[Notification]:
    said = {
        **_by(entry),
        "outcome": "Postponed",
        "reason": entry.data.get("reason", ""),
        "go_live_at": entry.data.get("new_go_live_at"),
    }
    return _members(entry, "go_decision", said)


def _condition_unmet(entry: JournalEntry) -> Iterable[Notification]:
    data, period = entry.data, entry.period
    said = {
        "text": data.get("title", ""),
        **{name: data.get(name, "") for name in ("owner", "due_at", "asked", "decide_by")},
    }
    people = (period.sponsor, period.lead, _user(data.get("owner_id")))
    told = {person.pk: person for person in people if person}
    return (Notification(person, "condition_unmet", said) for person in told.values())


def _started(entry: JournalEntry) -> Iterable[Notification]:
    said = {**_by(entry), "at": entry.data.get("went_live_at"), "ends_at": entry.data.get("ends_at")}
    return [*_members(entry, "period_started", said), *_invited_to_debriefs(entry)]


def _ended(entry: JournalEntry) -> Iterable[Notification]:
    said = {**_by(entry), "at": entry.at.isoformat(), "how": entry.kind.partition(".")[2].replace("_", " ")}
    dropped = Debrief.objects.filter(period=entry.period, status=Debrief.Status.SKIPPED, starts_at__gt=entry.at)
    kept = [
        invites.snapshot_debrief(debrief, sequence=entry.seq)
        for debrief in dropped.order_by("starts_at", "id")[:MOST_DEBRIEFS]
    ]
    return _members(entry, "period_closed", {**said, "debriefs": kept})


def _moved(entry: JournalEntry) -> Iterable[Notification]:
    said = {
        **_by(entry),
        "how": entry.kind,
        "reason": entry.data.get("reason", ""),
        "ends_at": entry.data.get("ends_at") or entry.period.ends_at.isoformat(),
    }
    return _members(entry, "period_moved", said)


def _goes_on(entry: JournalEntry) -> Iterable[Notification]:
    return [*_moved(entry), *_invited_to_debriefs(entry)]


def _reviewed(entry: JournalEntry) -> Iterable[Notification]:
    """Those who sign, and the lead."""
    period = entry.period
    deciding = {person.pk for person in (period.lead, period.sponsor, period.bau_owner) if person}
    return [notice for notice in _moved(entry) if notice.user and notice.user.pk in deciding]


def _signed(entry: JournalEntry) -> Iterable[Notification]:
    period = entry.period
    said = {**_by(entry), "role": entry.data.get("title", ""), "comment": entry.data.get("comment", "")}
    people = {person.pk: person for person in (period.lead, period.sponsor, period.bau_owner) if person}
    return (Notification(person, "exit_signed", said) for person in people.values())


def _debriefed(entry: JournalEntry) -> Iterable[Notification]:
    debrief = Debrief.objects.filter(period=entry.period, number=_number(entry)).first()
    if debrief is None:
        return
    said = {
        **_by(entry),
        "number": debrief.number,
        "starts_at": debrief.starts_at.isoformat(),
        "decisions": entry.data.get("decisions", []),
        "minutes": _minutes(entry, debrief),
    }
    actions = entry.data.get("actions", [])
    for notice in _members(entry, "debrief_minutes", said):
        own, others = _split(actions, notice.user)
        yield Notification(notice.user, notice.kind, {**said, "yours": own, "others": others})


def _invited_to_debriefs(entry: JournalEntry) -> Iterable[Notification]:
    """Those just laid out; one that was set by hand is named by the entry. One message, a file for each."""
    coming = Debrief.objects.filter(period=entry.period, status=Debrief.Status.SCHEDULED, starts_at__gt=entry.at)
    if entry.subject.startswith("debrief:"):
        coming = coming.filter(number=_number(entry))
    elif entry.data.get("old_ends_at"):
        coming = coming.filter(starts_at__gte=datetime.fromisoformat(entry.data["old_ends_at"]))
    return _to_calendars(entry, "debrief_invitation", list(coming.order_by("starts_at", "id")[:MOST_DEBRIEFS]))


def _debrief_moved(entry: JournalEntry) -> Iterable[Notification]:
    found = Debrief.objects.filter(period=entry.period, number=_number(entry))
    return _to_calendars(entry, "debrief_moved", list(found), sequence=entry.seq, old=entry.data.get("old"))


def _debrief_skipped(entry: JournalEntry) -> Iterable[Notification]:
    found = Debrief.objects.filter(period=entry.period, number=_number(entry))
    return _to_calendars(entry, "debrief_skipped", list(found), sequence=entry.seq, reason=entry.data.get("reason", ""))


def _to_calendars(
    entry: JournalEntry, kind: str, found: list[Debrief], *, sequence: int = 0, **said: Any
) -> Iterable[Notification]:
    """To everybody who takes part, whoever did it: their calendars must know."""
    if not found:
        return
    kept = {
        **_by(entry),
        **said,
        "debriefs": [invites.snapshot_debrief(debrief, sequence=sequence) for debrief in found],
    }
    for member in _taking_part(entry):
        yield Notification(member.user, kind, kept, not_after=found[-1].ends_at, even_to_actor=True)


def _number(entry: JournalEntry) -> int:
    return int(entry.subject.partition(":")[2])


def _minutes(entry: JournalEntry, debrief: Debrief) -> list[dict[str, str]]:
    """What was written, by section; decisions and actions noted in it are told apart already."""
    titles = {section.get("key"): section.get("title", "") for section in debrief.agenda}
    written = {key: _plain(str(text)) for key, text in entry.data.get("minutes", {}).items()}
    return [
        {"title": titles.get(key) or key.replace("_", " ").capitalize(), "text": text}
        for key, text in written.items()
        if text
    ]


def _plain(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith(("/d ", "/a "))).strip()


def _split(actions: list[dict[str, Any]], user: User | None) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """A person's own actions, and everybody else's with their names."""
    own = [action for action in actions if user is not None and action.get("user") == user.pk]
    others = [{**_action(action), "owner": action.get("owner", "")} for action in actions if action not in own]
    return [_action(action) for action in own], others


def _action(action: Mapping[str, Any]) -> dict[str, str]:
    return {"title": action["title"], "due_at": action["due_at"]}


# --- People -------------------------------------------------------------------------------------


def _members(entry: JournalEntry, kind: str, said: Mapping[str, Any]) -> list[Notification]:
    members = Membership.objects.filter(period=entry.period, left_at__isnull=True, user__is_active=True)
    return [Notification(member.user, kind, said) for member in members.select_related("user").order_by("id")]


def _taking_part(entry: JournalEntry) -> Iterable[Membership]:
    members = Membership.objects.filter(period=entry.period, left_at__isnull=True, user__is_active=True)
    return members.exclude(right=Membership.Right.VIEWER).select_related("user").order_by("id")


def _person(entry: JournalEntry) -> User | None:
    return _user(entry.data.get("user"))


def _user(pk: int | None) -> User | None:
    return User.objects.filter(pk=pk).first() if pk else None


def _by(entry: JournalEntry) -> dict[str, str]:
    return {"by": entry.actor.name if entry.actor else ""}


RECIPIENTS: Mapping[str, Callable[[JournalEntry], Iterable[Notification]]] = {
    "contributor.invited": _invited,
    "readiness.problem": _problem,
    "checklist.waiver_ended": _waiver_ended,
    "readiness.replied": _replied,
    "shift.added": _shift_changed,
    "shift.cancelled": _shift_changed,
    "incident.assigned": _assigned,
    "incident.resolved": _resolved,
    "incident.role": _role,
    "go.decided": _decided,
    "go.reverted": _decided,
    "go.condition_unmet": _condition_unmet,
    "period.postponed": _postponed,
    "period.started": _started,
    "period.extended": _goes_on,
    "period.reopened": _goes_on,
    "period.relapsed": _moved,
    "period.review_opened": _reviewed,
    "period.closed": _ended,
    "period.rolled_back": _ended,
    "period.cancelled": _ended,
    "exit.signed": _signed,
    "debrief.scheduled": _invited_to_debriefs,
    "debrief.moved": _debrief_moved,
    "debrief.skipped": _debrief_skipped,
    "debrief.finished": _debriefed,
}
