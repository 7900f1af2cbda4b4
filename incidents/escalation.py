"""Who is paged about an incident nobody has taken, in which order and when.

A ladder is a list of steps, each with a kind of person and a wait from the start (`policies.py` has them). It is copied
into every timer, so changing it later never breaks an escalation that runs; the person is found when the step fires,
so the page reaches whoever is on shift then. Steps: docs/domain.md section 5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypedDict, cast

from contributors import notifications, paging
from hypercare import timers
from hypercare.errors import Refused
from hypercare.models import Timer, User
from incidents import ladders
from incidents.models import Incident
from incidents.policies import Step, Who
from periods import journal
from periods.models import JournalEntry, Period

State = Literal["next", "waiting", "paged", "stopped", "not needed"]

KIND: Final = "incident.escalation"
AFTER_THE_LADDER: Final[tuple[Step, ...]] = tuple(
    Step(who, 0) for who in ("on_shift", "deputy", "lead", "sponsor")
)
PAGED: Final = ("incident.paged", "incident.escalated")
NOBODY_ON_SHIFT: Final = "Nobody is on shift."
TOLD: Final = ("page", "incident_rung")
NAMED: Final = ("lead", "sponsor", "rollback_authority")


class Frozen(TypedDict):
    """One step of the snapshot: whom it means, when (minutes from the start), and how it is said."""

    who: str
    after: int
    role: int | None
    person: int | None
    label: str


class Args(TypedDict):
    """What a timer carries: enough to go on whatever happens to the ladder meanwhile."""

    incident: int
    round: int
    step: int
    started_at: str
    ladder: list[Frozen]
    answers: int


@dataclass(frozen=True, slots=True)
class Rung:
    """One step as the page shows it; `others` are paged together with the person."""

    label: str
    person: User | None
    due_at: datetime
    fired_at: datetime | None
    state: State
    others: int = 0


def start(incident: Incident, *, at: datetime) -> None:
    """Begin a new round in the caller's transaction, ending the one before. Nothing where nobody is paged."""
    stop(incident, at=at)
    ladder = ladders.of(incident)
    if not ladder.steps:
        return
    incident.escalation_round += 1
    incident.paging_since, incident.answered = at, []
    incident.save(update_fields=["escalation_round", "paging_since", "answered"])
    timers.arm_all([_timer({
        "incident": incident.pk, "round": incident.escalation_round, "step": 0, "started_at": at.isoformat(),
        "ladder": [_freeze(step, incident) for step in ladder.unrolled()], "answers": ladder.answers,
    })])  # fmt: skip


def _freeze(step: Step, incident: Incident) -> Frozen:
    label = ladders.label(step, incident.period)
    return {
        "who": step.who,
        "after": step.after,
        "role": step.role,
        "person": step.person,
        "label": label,
    }


def stop(incident: Incident, *, at: datetime, kinds: Collection[str] = ("page",)) -> None:
    """No more pages: pending steps are cleared and messages of these kinds that were not sent are cancelled."""
    timers.clear_prefix(f"escalation:{incident.pk}:", at=at)
    notifications.cancel(incident.period, incident.subject, kinds=kinds, at=at)
    if incident.paging_since is not None:
        incident.paging_since = None
        incident.save(update_fields=["paging_since"])


def answer(incident: Incident, *, by: User, at: datetime) -> None:
    """Somebody takes it. Paging stops in the same transaction, once as many answered as the policy asks for."""
    if incident.paging_since is not None:
        incident.answered = [*incident.answered, by.pk]
        incident.save(update_fields=["answered"])
        _, snapshot = _current(incident)
        if snapshot and len(set(incident.answered)) < snapshot["answers"]:
            return
    stop(incident, at=at, kinds=TOLD)


def answers_missing(incident: Incident) -> int:
    """How many more people must acknowledge before paging stops. One query while somebody is being paged."""
    if incident.paging_since is None:
        return 0
    _, snapshot = _current(incident)
    return max(1, snapshot["answers"] - len(set(incident.answered))) if snapshot else 0


class _Calls:
    """What steps that fire together ask and write: people are looked up once, rows are stored by `write`."""

    def __init__(self, *, at: datetime) -> None:
        self.at = at
        self.pages = paging.Pages(at=at)
        self.timers: list[timers.Wanted] = []
        self._people: dict[tuple[object, ...], list[User]] = {}

    def people(self, frozen: Frozen, incident: Incident) -> list[User]:
        """Whom the step means now. Whose turn it is depends on the pages before, which are stored first."""
        step = _step(frozen)
        if step.who == "round_robin":
            self.pages.write()
            return ladders.people(step, incident, at=self.at)
        asked = (incident.period_id, incident.team_id, step.who, step.role, step.person)
        if asked not in self._people:
            self._people[asked] = ladders.people(step, incident, at=self.at)
        return self._people[asked]

    def first_person(self, rest: Sequence[Frozen], incident: Incident) -> User | None:
        """Who is paged next, by the steps to come."""
        return next((people[0] for frozen in rest if (people := self.people(frozen, incident))), None)

    def write(self) -> None:
        """Store the pages and the steps to come."""
        self.pages.write()
        if self.timers:
            timers.arm_all(self.timers)


def on_steps(firings: Sequence[timers.Firing], *, at: datetime) -> None:
    """Timer handler: page each step's people and set the next steps, but for what somebody has taken meanwhile."""
    calls, events = _Calls(at=at), defaultdict[Period, list[journal.Event]](list)
    incidents = locked_all([firing.args["incident"] for firing in firings])
    for firing in firings:
        args, incident = cast("Args", firing.args), incidents[firing.args["incident"]]
        if _still_wanted(incident, args["round"]):
            said = {
                "key": incident.key, "title": incident.title, "severity": incident.severity,
                "planned_at": firing.due_at.isoformat(), **_page_from(incident, args, calls),
            }  # fmt: skip
            events[incident.period].append(journal.Event("incident.paged", incident.subject, said))
    calls.write()
    for period, happened in events.items():
        journal.record_all(period, happened, by=None, at=at, via="timer")


def page_next(incident: Incident, *, by: User, at: datetime) -> dict[str, Any]:
    """Page the next person now, at somebody's wish; what the journal says about it.

    While the ladder runs its next step is taken early; afterwards the first of on shift, deputy, lead and
    sponsor who has not been paged this round and is neither the owner nor asking. Raises Refused when none is left.
    """
    pending, _ = _current(incident)
    calls = _Calls(at=at)
    if pending and _still_wanted(incident, pending.args["round"]):
        timers.clear(pending.key, at=at)
        page = _page_from(incident, pending.args, calls)
    else:
        page = _page_beyond(incident, calls, by=by)
    calls.write()
    if not page["who"]:
        raise Refused(_nobody_left(incident.period))
    return page


def next_rung(incident: Incident, *, at: datetime) -> Rung | None:
    """Who is paged next and when, or None when the ladder has ended or was stopped."""
    return next((rung for rung in ladder(incident, at=at) if rung.state == "next"), None)


def ladder(incident: Incident, *, at: datetime) -> list[Rung]:
    """Every step of the current round: what happened, what would happen and when. Empty for P3 and P4."""
    fired, (pending, snapshot) = _history(incident), _current(incident)
    if snapshot is None:
        return []
    by_step = {step: entry for entry in fired for step in _steps_of(entry)}
    people = User.objects.in_bulk({entry.data["who_id"] for entry in fired if entry.data.get("who_id")})
    return [
        _fired_rung(snapshot, step, by_step[step], people)
        if step in by_step
        else _coming_rung(incident, snapshot, step, pending, at)
        for step in range(len(snapshot["ladder"]))
    ]


def _page_from(incident: Incident, args: Args, calls: _Calls) -> dict[str, Any]:
    """Page the first people from this step on; a step nobody stands on is passed over at once."""
    page, skipped = _nobody(args), list(range(args["step"], len(args["ladder"])))
    for step in tuple(skipped):
        if said := _page_step(incident, {**args, "step": step}, calls):
            page, skipped = said, list(range(args["step"], step))
            break
    if any(args["ladder"][step]["who"] in ladders.OF_DUTY for step in skipped):
        _tell_lead(incident, args, calls, paged=page["who_ids"])
    return {**page, "skipped": skipped}


def _page_step(incident: Incident, args: Args, calls: _Calls) -> dict[str, Any] | None:
    """Page whom the step means and set the next step; None when there is nobody who can be told."""
    frozen, rest = args["ladder"][args["step"]], args["ladder"][args["step"] + 1 :]
    heir = calls.first_person(rest, incident)
    following: Args = {**args, "step": args["step"] + 1}
    goes_at = _due(following) if rest else None
    told = [
        person
        for place, person in enumerate(calls.people(frozen, incident))
        if _page(
            incident, person, calls, step=f"{args['step']}.{place}" if place else str(args["step"]),
            round_=args["round"], heir=heir, goes_at=goes_at, intended_at=_due(args),
        )
    ]  # fmt: skip
    if not told:
        return None
    if rest:
        calls.timers.append(_timer(following))
    return _said(args, frozen["who"], told, heir, goes_at)


def _page_beyond(incident: Incident, calls: _Calls, *, by: User) -> dict[str, Any]:
    """Outside the ladder: the first person who does not know yet."""
    know = {by.pk, incident.owner_id}
    for entry in _history(incident):
        know |= {entry.data.get("who_id"), *entry.data.get("who_ids", ())}
    round_, step = incident.escalation_round, f"asked{incident.version}"
    for wanted in AFTER_THE_LADDER:
        person = next(iter(ladders.people(wanted, incident, at=calls.at)), None)
        if person is None or person.pk in know:
            continue
        if _page(incident, person, calls, step=step, round_=round_, heir=None, goes_at=None):
            return {
                "who": person.name, "who_id": person.pk, "who_ids": [person.pk], "who_kind": wanted.who,
                "round": round_, "step": None, "next": "", "next_at": None,
            }  # fmt: skip
    raise Refused(_nobody_left(incident.period))


def _page(
    incident: Incident,
    person: User | None,
    calls: _Calls,
    *,
    step: str,
    round_: int,
    heir: User | None,
    goes_at: datetime | None,
    note: str = "",
    intended_at: datetime | None = None,
) -> bool:
    """Queue the page; False when there is nobody, or nobody who is still part of the period."""
    return calls.pages.add(
        user=person, period=incident.period, subject=incident.subject, context=_context(incident, note),
        key=f"page:{incident.pk}:{round_}:{step}", goes_to=heir.name if heir else "", goes_at=goes_at,
        intended_at=intended_at,
    )  # fmt: skip


def _context(incident: Incident, note: str) -> dict[str, Any]:
    """What a page says, as it stands now."""
    return {
        "key": incident.key, "number": incident.number, "title": incident.title, "severity": incident.severity,
        "component": incident.component, "description": incident.description[:500],
        "reported_at": incident.reported_at.isoformat(), "url": incident.full_url, "note": note,
    }  # fmt: skip


def _tell_lead(incident: Incident, args: Args, calls: _Calls, *, paged: Collection[int]) -> None:
    """An empty duty is the lead's to fill; told once, and not twice when the page itself went to them."""
    lead = incident.period.lead
    if lead and lead.pk not in paged:
        _page(
            incident, lead, calls, step=f"{args['step']}:empty", round_=args["round"], heir=None, goes_at=None,
            note=NOBODY_ON_SHIFT,
        )  # fmt: skip


def _said(
    args: Args, who: str, people: Sequence[User], heir: User | None, goes_at: datetime | None
) -> dict[str, Any]:
    return {
        "who": ", ".join(person.name for person in people), "who_id": people[0].pk if people else None,
        "who_ids": [person.pk for person in people], "who_kind": who, "round": args["round"], "step": args["step"],
        "next": heir.name if heir else "", "next_at": goes_at.isoformat() if goes_at else None,
    }  # fmt: skip


def _nobody(args: Args) -> dict[str, Any]:
    return _said({**args, "step": len(args["ladder"])}, "lead", (), None, None)


def _nobody_left(period: Period) -> str:
    call = f" Call {period.lead} on {period.lead.phone}." if period.lead and period.lead.phone else ""
    return f"Everybody who could be paged has been paged.{call}"


def _timer(args: Args) -> timers.Wanted:
    key = f"escalation:{args['incident']}:{args['round']}:{args['step']}"
    return timers.Wanted(key, KIND, _due(args), dict(args))


def _due(args: Args) -> datetime:
    return datetime.fromisoformat(args["started_at"]) + timedelta(
        minutes=args["ladder"][args["step"]]["after"]
    )


def locked(incident_id: int) -> Incident:
    """Period first, as everywhere, so an acknowledgement and a step never pass each other."""
    return locked_all([incident_id])[incident_id]


def locked_all(incident_ids: Collection[int]) -> dict[int, Incident]:
    """The same for several, of any periods, by id. Rows are held in the order of their ids: no two wait crosswise."""
    mine = Incident.objects.filter(pk__in=incident_ids)
    held = Period.objects.locked().select_related(*NAMED).filter(pk__in=mine.values("period"))
    periods = {period.pk: period for period in held.order_by("pk")}
    incidents = mine.locked().select_related("team", "owner").order_by("pk")
    found = {incident.pk: incident for incident in incidents}
    for incident in found.values():
        incident.period = periods[incident.period_id]
    return found


def _still_wanted(incident: Incident, round_: int) -> bool:
    return incident.is_open and incident.paging_since is not None and incident.escalation_round == round_


def _step(frozen: Frozen) -> Step:
    return Step(cast("Who", frozen["who"]), frozen["after"], frozen["role"], frozen["person"])


def _current(incident: Incident) -> tuple[Timer | None, Args | None]:
    """The step still to come, and the ladder of the round whether or not it goes on. One query."""
    prefix = f"escalation:{incident.pk}:{incident.escalation_round}:"
    rows = list(Timer.objects.filter(key__startswith=prefix).order_by("due_at", "id"))
    pending = next((row for row in rows if row.fired_at is None and row.cleared_at is None), None)
    return pending, rows[0].args if rows else None


def _history(incident: Incident) -> list[JournalEntry]:
    """Pages of the current round, oldest first."""
    entries = JournalEntry.objects.filter(period=incident.period_id, subject=incident.subject, kind__in=PAGED)
    return [
        entry for entry in entries.order_by("seq") if entry.data.get("round") == incident.escalation_round
    ]


def _steps_of(entry: JournalEntry) -> list[int]:
    paged = entry.data.get("step")
    return [*entry.data.get("skipped", ()), *([paged] if paged is not None else [])]


def _fired_rung(args: Args, step: int, entry: JournalEntry, people: dict[int, User]) -> Rung:
    due_at, label = _due({**args, "step": step}), args["ladder"][step]["label"]
    if entry.data.get("step") != step:
        return Rung(f"{label}: nobody", None, due_at, entry.at, "stopped")
    others = max(0, len(entry.data.get("who_ids", ())) - 1)
    return Rung(label, people.get(entry.data["who_id"]), due_at, entry.at, "paged", others)


def _coming_rung(incident: Incident, args: Args, step: int, pending: Timer | None, at: datetime) -> Rung:
    due_at, frozen = _due({**args, "step": step}), args["ladder"][step]
    # What would have been is told by who was on then, not by who is on while one looks.
    people = ladders.people(_step(frozen), incident, at=max(due_at, at) if pending else due_at)
    state = _state(incident, step, pending)
    return Rung(frozen["label"], people[0] if people else None, due_at, None, state, max(0, len(people) - 1))


def _state(incident: Incident, step: int, pending: Timer | None) -> State:
    if pending:
        return "next" if pending.args["step"] == step else "waiting"
    return "not needed" if incident.acknowledged_at else "stopped"
