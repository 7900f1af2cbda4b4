"""Who is paged about an incident nobody has taken, in which order and when.

A ladder is a list of steps, each with a kind of person and a wait from the start (`policies.py` has them). It is copied
into every timer, so changing it later never breaks an escalation that runs; the person is found when the step fires,
so the page reaches whoever is on shift then. Steps: docs/domain.md section 5.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypedDict, cast

from contributors import notifications
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
    _arm({
        "incident": incident.pk, "round": incident.escalation_round, "step": 0, "started_at": at.isoformat(),
        "ladder": [_freeze(step, incident) for step in ladder.unrolled()], "answers": ladder.answers,
    })  # fmt: skip


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


def on_step(args: Args, *, due_at: datetime, at: datetime) -> None:
    """Timer handler: page the step's person and set the next step, unless somebody has taken it meanwhile."""
    incident = locked(args["incident"])
    if not _still_wanted(incident, args["round"]):
        return
    page = _page_from(incident, args, at=at)
    journal.record(
        incident.period, "incident.paged", by=None, at=at, subject=incident.subject, via="timer",
        key=incident.key, title=incident.title, severity=incident.severity, planned_at=due_at.isoformat(), **page,
    )  # fmt: skip


def page_next(incident: Incident, *, by: User, at: datetime) -> dict[str, Any]:
    """Page the next person now, at somebody's wish; what the journal says about it.

    While the ladder runs its next step is taken early; afterwards the first of on shift, deputy, lead and
    sponsor who has not been paged this round and is neither the owner nor asking. Raises Refused when none is left.
    """
    pending, _ = _current(incident)
    if pending and _still_wanted(incident, pending.args["round"]):
        timers.clear(pending.key, at=at)
        page = _page_from(incident, pending.args, at=at)
    else:
        page = _page_beyond(incident, by=by, at=at)
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


def _page_from(incident: Incident, args: Args, *, at: datetime) -> dict[str, Any]:
    """Page the first people from this step on; a step nobody stands on is passed over at once."""
    page, skipped = _nobody(args), list(range(args["step"], len(args["ladder"])))
    for step in tuple(skipped):
        if said := _page_step(incident, {**args, "step": step}, at):
            page, skipped = said, list(range(args["step"], step))
            break
    if any(args["ladder"][step]["who"] in ladders.OF_DUTY for step in skipped):
        _tell_lead(incident, args, paged=page["who_ids"], at=at)
    return {**page, "skipped": skipped}


def _page_step(incident: Incident, args: Args, at: datetime) -> dict[str, Any] | None:
    """Page whom the step means and set the next step; None when there is nobody who can be told."""
    frozen, rest = args["ladder"][args["step"]], args["ladder"][args["step"] + 1 :]
    heir = _first_person(incident, rest, at)
    following: Args = {**args, "step": args["step"] + 1}
    goes_at = _due(following) if rest else None
    told = [
        person
        for place, person in enumerate(ladders.people(_step(frozen), incident, at=at))
        if _page(
            incident, person, at, step=f"{args['step']}.{place}" if place else str(args["step"]),
            round_=args["round"], heir=heir, goes_at=goes_at, intended_at=_due(args),
        )
    ]  # fmt: skip
    if not told:
        return None
    if rest:
        _arm(following)
    return _said(args, frozen["who"], told, heir, goes_at)


def _page_beyond(incident: Incident, *, by: User, at: datetime) -> dict[str, Any]:
    """Outside the ladder: the first person who does not know yet."""
    know = {by.pk, incident.owner_id}
    for entry in _history(incident):
        know |= {entry.data.get("who_id"), *entry.data.get("who_ids", ())}
    round_, step = incident.escalation_round, f"asked{incident.version}"
    for wanted in AFTER_THE_LADDER:
        person = next(iter(ladders.people(wanted, incident, at=at)), None)
        if person is None or person.pk in know:
            continue
        if _page(incident, person, at, step=step, round_=round_, heir=None, goes_at=None):
            return {
                "who": person.name, "who_id": person.pk, "who_ids": [person.pk], "who_kind": wanted.who,
                "round": round_, "step": None, "next": "", "next_at": None,
            }  # fmt: skip
    raise Refused(_nobody_left(incident.period))


def _page(
    incident: Incident,
    person: User | None,
    at: datetime,
    *,
    step: str,
    round_: int,
    heir: User | None,
    goes_at: datetime | None,
    note: str = "",
    intended_at: datetime | None = None,
) -> bool:
    """Queue the page; False when there is nobody, or nobody who is still part of the period."""
    return notifications.page(
        user=person, period=incident.period, subject=incident.subject, context=_context(incident, note),
        key=f"page:{incident.pk}:{round_}:{step}", at=at, goes_to=heir.name if heir else "", goes_at=goes_at,
        intended_at=intended_at,
    ) is not None  # fmt: skip


def _context(incident: Incident, note: str) -> dict[str, Any]:
    """What a page says, as it stands now."""
    return {
        "key": incident.key, "number": incident.number, "title": incident.title, "severity": incident.severity,
        "component": incident.component, "description": incident.description[:500],
        "reported_at": incident.reported_at.isoformat(), "url": incident.full_url, "note": note,
    }  # fmt: skip


def _tell_lead(incident: Incident, args: Args, *, paged: Collection[int], at: datetime) -> None:
    """An empty duty is the lead's to fill; told once, and not twice when the page itself went to them."""
    lead = incident.period.lead
    if lead and lead.pk not in paged:
        _page(
            incident, lead, at, step=f"{args['step']}:empty", round_=args["round"], heir=None, goes_at=None,
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


def _arm(args: Args) -> None:
    key = f"escalation:{args['incident']}:{args['round']}:{args['step']}"
    timers.arm(key, kind=KIND, due_at=_due(args), args=dict(args))


def _due(args: Args) -> datetime:
    return datetime.fromisoformat(args["started_at"]) + timedelta(
        minutes=args["ladder"][args["step"]]["after"]
    )


def locked(incident_id: int) -> Incident:
    """Period first, as everywhere, so an acknowledgement and a step never pass each other."""
    period_id = Incident.objects.values_list("period_id", flat=True).get(pk=incident_id)
    period = Period.objects.locked().select_related(*NAMED).get(pk=period_id)
    incident: Incident = Incident.objects.locked().select_related("team", "owner").get(pk=incident_id)
    incident.period = period
    return incident


def _still_wanted(incident: Incident, round_: int) -> bool:
    return incident.is_open and incident.paging_since is not None and incident.escalation_round == round_


def _step(frozen: Frozen) -> Step:
    return Step(cast("Who", frozen["who"]), frozen["after"], frozen["role"], frozen["person"])


def _first_person(incident: Incident, rest: list[Frozen], at: datetime) -> User | None:
    found = (ladders.people(_step(frozen), incident, at=at) for frozen in rest)
    return next((people[0] for people in found if people), None)


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
    people = ladders.people(_step(frozen), incident, at=max(due_at, at))
    state = _state(incident, step, pending)
    return Rung(frozen["label"], people[0] if people else None, due_at, None, state, max(0, len(people) - 1))


def _state(incident: Incident, step: int, pending: Timer | None) -> State:
    if pending:
        return "next" if pending.args["step"] == step else "waiting"
    return "not needed" if incident.acknowledged_at else "stopped"
