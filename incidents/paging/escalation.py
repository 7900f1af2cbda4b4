"""Who is paged about an incident nobody has taken, in which order and when.

A ladder is a list of steps, each with a kind of person and a wait from the start (`escalation_policies.py` has them).
It is copied into every timer, so changing it later never breaks an escalation that runs; the person is found when the
step fires, so the page reaches whoever is on shift then. Steps: docs/domain.md section 5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NotRequired, TypedDict, cast

from contributors.messaging import delivery, outbox, paging
from hypercare.engine import timers
from hypercare.exceptions import Refused
from hypercare.models import Timer, User
from incidents.models import Incident
from incidents.paging import escalation_targets
from incidents.paging.escalation_policies import EscalationLadder, EscalationStep, Who
from periods.journal import journal
from periods.models import JournalEntry, Period

State = Literal["next", "passed over", "waiting", "paged", "stopped", "not needed"]

KIND: Final = "incident.escalation"
AFTER_THE_LADDER: Final[tuple[EscalationStep, ...]] = tuple(
    EscalationStep(who, 0) for who in ("on_shift", "deputy", "lead", "sponsor")
)
PAGED: Final = ("incident.paged", "incident.escalated")
FIRST_GAP: Final = 5  # minutes between the first two people, where a ladder has only one step
NOBODY_ON_SHIFT: Final = "Nobody is on shift."
TOLD: Final = ("page", "incident_rung", "incident_fires_again")
NAMED: Final = ("lead", "sponsor", "rollback_authority")


class FrozenStep(TypedDict):
    """One step of the snapshot: whom it means, when (minutes from the start), and how it is said."""

    who: str
    after: int
    role: int | None
    person: int | None
    label: str


class EscalationArgs(TypedDict):
    """What a timer carries: enough to go on whatever happens to the ladder meanwhile."""

    incident: int
    round: int
    step: int
    started_at: str
    ladder: list[FrozenStep]
    answers: int
    note: NotRequired[str]


@dataclass(frozen=True, slots=True)
class LadderStepStatus:
    """One step as the page shows it; `others` are paged together with the person.

    A step "passed over" has nobody: whoever is next is paged at its time.
    """

    label: str
    person: User | None
    due_at: datetime
    fired_at: datetime | None
    state: State
    others: int = 0


def start(incident: Incident, *, at: datetime, first: User | None = None, note: str = "") -> None:
    """Begin a new round in the caller's transaction, ending the one before. Nothing where nobody is paged.

    `first` is paged before the ladder, which then waits as long as it does between its first two steps; where they
    can't be reached it begins at once. `note` stands on every page of the round.
    """
    stop(incident, at=at)
    ladder = escalation_targets.ladder_for_incident(incident)
    if not ladder.steps:
        return
    incident.escalation_round += 1
    incident.paging_since, incident.answered = at, []
    incident.save(update_fields=["escalation_round", "paging_since", "answered"])
    timers.arm_all(
        [
            _timer(
                {
                    "incident": incident.pk,
                    "round": incident.escalation_round,
                    "step": 0,
                    "started_at": at.isoformat(),
                    "ladder": _frozen(ladder, incident, first),
                    "answers": ladder.answers,
                    "note": note,
                }
            )
        ]
    )


def _frozen(ladder: EscalationLadder, incident: Incident, first: User | None) -> list[FrozenStep]:
    steps = [_freeze(step, incident) for step in ladder.unrolled()]
    if first is None:
        return steps
    begins = steps[0]["after"]
    gap = next((step["after"] - begins for step in steps if step["after"] > begins), FIRST_GAP)
    owner: FrozenStep = {"who": "person", "after": 0, "role": None, "person": first.pk, "label": "Owner"}
    for step in steps:
        step["after"] += gap
    return [owner, *steps]


def _freeze(step: EscalationStep, incident: Incident) -> FrozenStep:
    label = escalation_targets.step_label(step, incident.period)
    return {"who": step.who, "after": step.after, "role": step.role, "person": step.person, "label": label}


def stop(incident: Incident, *, at: datetime, kinds: Collection[str] = ("page",)) -> None:
    """No more pages: pending steps are cleared and messages of these kinds that were not sent are cancelled."""
    timers.clear_prefix(f"escalation:{incident.pk}:", at=at)
    outbox.cancel_unsent(incident.period, incident.subject, kinds=kinds, at=at)
    if incident.paging_since is not None:
        incident.paging_since = None
        incident.save(update_fields=["paging_since"])


def record_answer(incident: Incident, *, by: User, at: datetime) -> None:
    """Somebody takes it. Paging stops in the same transaction, once as many answered as the policy asks for."""
    if incident.paging_since is not None:
        incident.answered = [*incident.answered, by.pk]
        incident.save(update_fields=["answered"])
        _, snapshot = _current(incident)
        if snapshot and len(set(incident.answered)) < snapshot["answers"]:
            return
    stop(incident, at=at, kinds=TOLD)


def is_running(incident: Incident) -> bool:
    """Whether somebody else is still to be paged in this round. At most one query."""
    return incident.paging_since is not None and _current(incident)[0] is not None


def count_answers_missing(incident: Incident) -> int:
    """How many more people must acknowledge before paging stops. One query while somebody is being paged."""
    if incident.paging_since is None:
        return 0
    _, snapshot = _current(incident)
    return max(1, snapshot["answers"] - len(set(incident.answered))) if snapshot else 0


class _PageCalls:
    """What steps that fire together ask and write: people are looked up once, rows are stored by `write`."""

    def __init__(self, *, at: datetime) -> None:
        self.at = at
        self.pages = paging.PageBatch(at=at)
        self.timers: list[timers.TimerSpec] = []
        self._people: dict[tuple[object, ...], list[User]] = {}

    def people(self, frozen: FrozenStep, incident: Incident, *, at: datetime | None = None) -> list[User]:
        """Whom the step means now, or then. Whose turn it is depends on the pages before, which are stored first."""
        step, at = _step(frozen), at or self.at
        if step.who == "round_robin":
            self.pages.write()
            return escalation_targets.people_for_step(step, incident, at=at)
        asked = (incident.period_id, incident.team_id, step.who, step.role, step.person, at)
        if asked not in self._people:
            self._people[asked] = escalation_targets.people_for_step(step, incident, at=at)
        return self._people[asked]

    def write(self) -> None:
        """Store the pages and the steps to come."""
        self.pages.write()
        if self.timers:
            timers.arm_all(self.timers)


def on_steps(firings: Sequence[timers.Firing], *, at: datetime) -> None:
    """Timer handler: page each step's people and set the next steps, but for what somebody has taken meanwhile."""
    calls, events = _PageCalls(at=at), defaultdict[Period, list[journal.NewEntry]](list)
    incidents = lock_incidents([firing.args["incident"] for firing in firings])
    for firing in firings:
        args, incident = cast("EscalationArgs", firing.args), incidents[firing.args["incident"]]
        if _still_wanted(incident, args["round"]):
            said = {
                "key": incident.key,
                "title": incident.title,
                "severity": incident.severity,
                "planned_at": firing.due_at.isoformat(),
                **_page_from(incident, args, calls),
            }
            events[incident.period].append(journal.NewEntry("incident.paged", incident.subject, said))
    calls.write()
    for period, happened in events.items():
        journal.record_all(period, happened, by=None, at=at, via="timer")


def page_next(incident: Incident, *, by: User, at: datetime) -> dict[str, Any]:
    """Page the next person now, at somebody's wish; what the journal says about it.

    While the ladder runs its next step is taken early; afterwards the first of on shift, deputy, lead and
    sponsor who has not been paged this round and is neither the owner nor asking. Raises Refused when none is left.
    """
    pending, _ = _current(incident)
    calls = _PageCalls(at=at)
    if pending and _still_wanted(incident, pending.args["round"]):
        timers.clear(pending.key, at=at)
        page = _page_from(incident, pending.args, calls)
    else:
        page = _page_beyond(incident, calls, by=by)
    calls.write()
    if not page["who"]:
        raise Refused(_nobody_left(incident.period))
    return page


def take_step_early(incident: Incident, *, round_: int, after: int, reason: str, at: datetime) -> None:
    """Take the step after `after` now, where it is the next to come; those behind it keep their times."""
    pending, _ = _current(incident)
    if pending is None or pending.args["step"] != after + 1 or not _still_wanted(incident, round_):
        return
    timers.clear(pending.key, at=at)
    calls = _PageCalls(at=at)
    page = _page_from(incident, cast("EscalationArgs", pending.args), calls)
    calls.write()
    journal.record(
        incident.period,
        "incident.paged",
        by=None,
        at=at,
        subject=incident.subject,
        via="timer",
        key=incident.key,
        title=incident.title,
        severity=incident.severity,
        planned_at=pending.due_at.isoformat(),
        reason=reason,
        **page,
    )


def next_step_status(incident: Incident, *, at: datetime) -> LadderStepStatus | None:
    """Who is paged next and when, or None when the ladder has ended or was stopped."""
    return next((rung for rung in ladder_status(incident, at=at) if rung.state == "next"), None)


def ladder_status(incident: Incident, *, at: datetime) -> list[LadderStepStatus]:
    """Every step of the current round: what happened, what would happen and when. Empty for P3 and P4."""
    fired, (pending, snapshot) = _history(incident), _current(incident)
    if snapshot is None:
        return []
    by_step = {step: entry for entry in fired for step in _steps_of(entry)}
    people = User.objects.in_bulk({entry.data["who_id"] for entry in fired if entry.data.get("who_id")})
    rungs = [
        _fired_rung(snapshot, step, by_step[step], people)
        if step in by_step
        else _coming_rung(incident, snapshot, step, pending, at)
        for step in range(len(snapshot["ladder"]))
    ]
    if pending:
        first = pending.args["step"]
        rungs[first:] = _without_the_empty(rungs[first:], _due({**snapshot, "step": first}))
    return rungs


def _heir(rest: Sequence[FrozenStep], people: Callable[[FrozenStep], list[User]]) -> User | None:
    """Who is paged when the first of the steps to come is due: the first person who stands on any of them."""
    return next((found[0] for step in rest if (found := people(step))), None)


def _without_the_empty(coming: list[LadderStepStatus], due_at: datetime) -> list[LadderStepStatus]:
    """Steps to come as they will be taken: one that nobody stands on gives its time to the first that somebody does.

    The same rule as `_page_from` and `_heir` take: mail, page and war room name one person and one time.
    """
    reached = next((place for place, rung in enumerate(coming) if rung.person), None)
    if not reached:
        return coming
    passed = [replace(rung, state="passed over", due_at=due_at) for rung in coming[:reached]]
    return [*passed, replace(coming[reached], state="next", due_at=due_at), *coming[reached + 1 :]]


def _page_from(incident: Incident, args: EscalationArgs, calls: _PageCalls) -> dict[str, Any]:
    """Page the first people from this step on; a step nobody stands on is passed over at once."""
    page, skipped = _nobody(args), list(range(args["step"], len(args["ladder"])))
    for step in tuple(skipped):
        if said := _page_step(incident, {**args, "step": step}, calls):
            page, skipped = said, list(range(args["step"], step))
            break
    if any(args["ladder"][step]["who"] in escalation_targets.OF_DUTY for step in skipped):
        _tell_lead(incident, args, calls, paged=page["who_ids"])
    return {**page, "skipped": skipped}


def _page_step(incident: Incident, args: EscalationArgs, calls: _PageCalls) -> dict[str, Any] | None:
    """Page whom the step means and set the next step; None when there is nobody who can be told."""
    frozen, rest = args["ladder"][args["step"]], args["ladder"][args["step"] + 1 :]
    following: EscalationArgs = {**args, "step": args["step"] + 1}
    goes_at = _due(following) if rest else None
    # To the minute, as shifts are planned: steps that fire together then ask once.
    then = max(goes_at or calls.at, calls.at).replace(second=0, microsecond=0)
    heir = _heir(rest, lambda step: calls.people(step, incident, at=then))
    told = [
        person
        for place, person in enumerate(calls.people(frozen, incident))
        if _page(
            incident,
            person,
            calls,
            step=f"{args['step']}.{place}" if place else str(args["step"]),
            round_=args["round"],
            heir=heir,
            goes_at=goes_at,
            intended_at=_due(args),
            note=args.get("note", ""),
            tried_until=_ladder_ends(args),
        )
    ]
    if not told:
        return None
    if rest:
        calls.timers.append(_timer(following))
    return _said(args, frozen["who"], told, heir, goes_at)


def _page_beyond(incident: Incident, calls: _PageCalls, *, by: User) -> dict[str, Any]:
    """Outside the ladder: the first person who does not know yet."""
    know = {by.pk, incident.owner_id}
    for entry in _history(incident):
        know |= {entry.data.get("who_id"), *entry.data.get("who_ids", ())}
    round_, step = incident.escalation_round, f"asked{incident.version}"
    for wanted in AFTER_THE_LADDER:
        person = next(iter(escalation_targets.people_for_step(wanted, incident, at=calls.at)), None)
        if person is None or person.pk in know:
            continue
        if _page(incident, person, calls, step=step, round_=round_, heir=None, goes_at=None):
            return {
                "who": person.name,
                "who_id": person.pk,
                "who_ids": [person.pk],
                "who_kind": wanted.who,
                "round": round_,
                "step": None,
                "next": "",
                "next_at": None,
            }
    raise Refused(_nobody_left(incident.period))


def _page(
    incident: Incident,
    person: User | None,
    calls: _PageCalls,
    *,
    step: str,
    round_: int,
    heir: User | None,
    goes_at: datetime | None,
    note: str = "",
    intended_at: datetime | None = None,
    tried_until: datetime | None = None,
) -> bool:
    """Queue the page; False when there is nobody, or nobody who is still part of the period."""
    return calls.pages.add(
        user=person,
        period=incident.period,
        subject=incident.subject,
        context=_context(incident, note),
        key=f"page:{incident.pk}:{round_}:{step}",
        goes_to=heir.name if heir else "",
        goes_at=goes_at,
        intended_at=intended_at,
        tried_until=tried_until,
    )


def _context(incident: Incident, note: str) -> dict[str, Any]:
    """What a page says, as it stands now."""
    return {
        "key": incident.key,
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity,
        "component": incident.component,
        "description": incident.description[:500],
        "reported_at": incident.reported_at.isoformat(),
        "url": incident.full_url,
        "note": note,
    }


def _tell_lead(incident: Incident, args: EscalationArgs, calls: _PageCalls, *, paged: Collection[int]) -> None:
    """An empty duty is the lead's to fill; told once, and not twice when the page itself went to them."""
    lead = incident.period.lead
    if lead and lead.pk not in paged:
        _page(
            incident,
            lead,
            calls,
            step=f"{args['step']}:empty",
            round_=args["round"],
            heir=None,
            goes_at=None,
            note=NOBODY_ON_SHIFT,
        )


def _said(
    args: EscalationArgs, who: str, people: Sequence[User], heir: User | None, goes_at: datetime | None
) -> dict[str, Any]:
    return {
        "who": ", ".join(person.name for person in people),
        "who_id": people[0].pk if people else None,
        "who_ids": [person.pk for person in people],
        "who_kind": who,
        "round": args["round"],
        "step": args["step"],
        "next": heir.name if heir else "",
        "next_at": goes_at.isoformat() if goes_at else None,
    }


def _nobody(args: EscalationArgs) -> dict[str, Any]:
    return _said({**args, "step": len(args["ladder"])}, "lead", (), None, None)


def _nobody_left(period: Period) -> str:
    call = f" Call {period.lead} on {period.lead.phone}." if period.lead and period.lead.phone else ""
    return f"Everybody who could be paged has been paged.{call}"


def _timer(args: EscalationArgs) -> timers.TimerSpec:
    key = f"escalation:{args['incident']}:{args['round']}:{args['step']}"
    return timers.TimerSpec(key, KIND, _due(args), dict(args))


def _due(args: EscalationArgs) -> datetime:
    return datetime.fromisoformat(args["started_at"]) + timedelta(minutes=args["ladder"][args["step"]]["after"])


def _ladder_ends(args: EscalationArgs) -> datetime:
    """When the page of the last step, too, has been tried for as long as any."""
    return _due({**args, "step": len(args["ladder"]) - 1}) + delivery.PAGE_TRIED_FOR


def lock_incident(incident_id: int) -> Incident:
    """Period first, as everywhere, so an acknowledgement and a step never pass each other."""
    return lock_incidents([incident_id])[incident_id]


def lock_incidents(incident_ids: Collection[int]) -> dict[int, Incident]:
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


def _step(frozen: FrozenStep) -> EscalationStep:
    return EscalationStep(cast("Who", frozen["who"]), frozen["after"], frozen["role"], frozen["person"])


def _current(incident: Incident) -> tuple[Timer | None, EscalationArgs | None]:
    """The step still to come, and the ladder of the round whether or not it goes on. One query."""
    prefix = f"escalation:{incident.pk}:{incident.escalation_round}:"
    rows = list(Timer.objects.filter(key__startswith=prefix).order_by("due_at", "id"))
    pending = next((row for row in rows if row.fired_at is None and row.cleared_at is None), None)
    return pending, rows[0].args if rows else None


def _history(incident: Incident) -> list[JournalEntry]:
    """Pages of the current round, oldest first."""
    entries = JournalEntry.objects.filter(period=incident.period_id, subject=incident.subject, kind__in=PAGED)
    return [entry for entry in entries.order_by("seq") if entry.data.get("round") == incident.escalation_round]


def _steps_of(entry: JournalEntry) -> list[int]:
    paged = entry.data.get("step")
    return [*entry.data.get("skipped", ()), *([paged] if paged is not None else [])]


def _fired_rung(args: EscalationArgs, step: int, entry: JournalEntry, people: dict[int, User]) -> LadderStepStatus:
    due_at, label = _due({**args, "step": step}), args["ladder"][step]["label"]
    if entry.data.get("step") != step:
        return LadderStepStatus(f"{label}: nobody", None, due_at, entry.at, "stopped")
    others = max(0, len(entry.data.get("who_ids", ())) - 1)
    return LadderStepStatus(label, people.get(entry.data["who_id"]), due_at, entry.at, "paged", others)


def _coming_rung(
    incident: Incident, args: EscalationArgs, step: int, pending: Timer | None, at: datetime
) -> LadderStepStatus:
    due_at, frozen = _due({**args, "step": step}), args["ladder"][step]
    # What would have been is told by who was on then, not by who is on while one looks.
    people = escalation_targets.people_for_step(_step(frozen), incident, at=max(due_at, at) if pending else due_at)
    state = _state(incident, step, pending)
    return LadderStepStatus(
        frozen["label"], people[0] if people else None, due_at, None, state, max(0, len(people) - 1)
    )


def _state(incident: Incident, step: int, pending: Timer | None) -> State:
    if pending:
        return "next" if pending.args["step"] == step else "waiting"
    return "not needed" if incident.acknowledged_at else "stopped"
