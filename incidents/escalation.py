"""Who is paged about an incident nobody has taken, in which order and when.

A ladder is a list of steps, each with a kind of person and a wait from the start. It is copied into every
timer, so changing it later never breaks an escalation that runs; the person is found when the step fires,
so the page reaches whoever is on shift then. Steps: docs/domain.md section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypedDict

from contributors import notifications, roster
from hypercare import timers
from hypercare.errors import Refused
from hypercare.models import Timer, User
from incidents.models import Incident
from periods import journal, policy
from periods.models import JournalEntry, Period

Who = Literal["on_shift", "deputy", "lead", "sponsor"]
State = Literal["next", "waiting", "paged", "stopped", "not needed"]

KIND: Final = "incident.escalation"
LABELS: Final[dict[str, str]] = {
    "on_shift": "On shift", "deputy": "Deputy", "lead": "Lead", "sponsor": "Sponsor",
}  # fmt: skip
# Severity → who is paged, and how many minutes after the start.
LADDERS: Final[dict[str, tuple[tuple[Who, int], ...]]] = {
    "P1": (("on_shift", 0), ("deputy", 5), ("lead", 10), ("sponsor", 15)),
    "P2": (("on_shift", 0), ("deputy", 15), ("lead", 30)),
}
AFTER_THE_LADDER: Final[tuple[Who, ...]] = ("on_shift", "deputy", "lead", "sponsor")
PAGED: Final = ("incident.paged", "incident.escalated")
NOBODY_ON_SHIFT: Final = "Nobody is on shift."


class Args(TypedDict):
    """What a timer carries: enough to go on whatever happens to the ladder meanwhile."""

    incident: int
    round: int
    step: int
    started_at: str
    ladder: list[tuple[Who, int]]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step as the page shows it."""

    label: str
    person: User | None
    due_at: datetime
    fired_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True)
class _People:
    """Who would be paged at an instant, by kind."""

    on_shift: User | None
    deputy: User | None
    lead: User | None
    sponsor: User | None

    def get(self, who: Who) -> User | None:
        person: User | None = getattr(self, who)
        return person


def steps(severity: str, period_id: int | None = None) -> tuple[tuple[Who, int], ...]:
    """The ladder of a severity, the period's own where its template has one: people and minutes; empty is nobody."""
    own = policy.ladder(period_id, severity) if period_id else ()
    return own or LADDERS.get(severity, ())


def start(incident: Incident, *, at: datetime) -> None:
    """Begin a new round in the caller's transaction, ending the one before. Nothing for P3 and P4."""
    stop(incident, at=at)
    ladder = steps(incident.severity, incident.period_id)
    if not ladder:
        return
    incident.escalation_round += 1
    incident.save(update_fields=["escalation_round"])
    _arm(
        {"incident": incident.pk, "round": incident.escalation_round, "step": 0, "started_at": at.isoformat(),
         "ladder": list(ladder)}
    )  # fmt: skip


def stop(incident: Incident, *, at: datetime) -> None:
    """No more pages: pending steps are cleared and pages not yet sent are cancelled."""
    timers.clear_prefix(f"escalation:{incident.pk}:", at=at)
    notifications.cancel(incident.period, incident.subject, kinds=("page",), at=at)


def on_step(args: Args, *, due_at: datetime, at: datetime) -> None:
    """Timer handler: page the step's person and set the next step, unless somebody has taken it meanwhile."""
    incident = _locked(args["incident"])
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
    """Page the first person from this step on; a step nobody stands on is passed over at once."""
    people = _people(incident, at)
    page, skipped = _nobody(args), list(range(args["step"], len(args["ladder"])))
    for step in tuple(skipped):
        if said := _page_step(incident, {**args, "step": step}, people, at):
            page, skipped = said, list(range(args["step"], step))
            break
    if any(args["ladder"][step][0] in ("on_shift", "deputy") for step in skipped):
        _tell_lead(incident, args, paged=page["who_id"], lead=people.lead, at=at)
    return {**page, "skipped": skipped}


def _page_step(incident: Incident, args: Args, people: _People, at: datetime) -> dict[str, Any] | None:
    """Page the step's person and set the next step; None when there is nobody who can be told."""
    who, rest = args["ladder"][args["step"]][0], args["ladder"][args["step"] + 1 :]
    person, heir = people.get(who), _first_person(people, rest)
    following: Args = {**args, "step": args["step"] + 1}
    goes_at = _due(following) if rest else None
    if not _page(
        incident, person, at, step=str(args["step"]), round_=args["round"], heir=heir, goes_at=goes_at,
        intended_at=_due(args),
    ):  # fmt: skip
        return None
    if rest:
        _arm(following)
    return _said(args, who, person, heir, goes_at)


def _page_beyond(incident: Incident, *, by: User, at: datetime) -> dict[str, Any]:
    """Outside the ladder: the first person who does not know yet."""
    people = _people(incident, at)
    know = {by.pk, incident.owner_id, *(entry.data.get("who_id") for entry in _history(incident))}
    round_, step = incident.escalation_round, f"asked{incident.version}"
    for who in AFTER_THE_LADDER:
        person = people.get(who)
        if person is None or person.pk in know:
            continue
        if _page(incident, person, at, step=step, round_=round_, heir=None, goes_at=None):
            return {
                "who": person.name, "who_id": person.pk, "who_kind": who, "round": round_, "step": None,
                "next": "", "next_at": None,
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


def _tell_lead(incident: Incident, args: Args, *, paged: int | None, lead: User | None, at: datetime) -> None:
    """An empty duty is the lead's to fill; told once, and not twice when the page itself went to them."""
    if lead and lead.pk != paged:
        _page(
            incident, lead, at, step=f"{args['step']}:empty", round_=args["round"], heir=None, goes_at=None,
            note=NOBODY_ON_SHIFT,
        )  # fmt: skip


def _said(
    args: Args, who: Who, person: User | None, heir: User | None, goes_at: datetime | None
) -> dict[str, Any]:
    return {
        "who": person.name if person else "", "who_id": person.pk if person else None, "who_kind": who,
        "round": args["round"], "step": args["step"],
        "next": heir.name if heir else "", "next_at": goes_at.isoformat() if goes_at else None,
    }  # fmt: skip


def _nobody(args: Args) -> dict[str, Any]:
    return _said({**args, "step": len(args["ladder"])}, "lead", None, None, None)


def _nobody_left(period: Period) -> str:
    call = f" Call {period.lead} on {period.lead.phone}." if period.lead and period.lead.phone else ""
    return f"Everybody who could be paged has been paged.{call}"


def _arm(args: Args) -> None:
    key = f"escalation:{args['incident']}:{args['round']}:{args['step']}"
    timers.arm(key, kind=KIND, due_at=_due(args), args=dict(args))


def _due(args: Args) -> datetime:
    return datetime.fromisoformat(args["started_at"]) + timedelta(minutes=args["ladder"][args["step"]][1])


def _locked(incident_id: int) -> Incident:
    """Period first, as everywhere, so an acknowledgement and a step never pass each other."""
    period_id = Incident.objects.values_list("period_id", flat=True).get(pk=incident_id)
    period = Period.objects.locked().select_related("lead", "sponsor").get(pk=period_id)
    incident: Incident = Incident.objects.locked().select_related("team", "owner").get(pk=incident_id)
    incident.period = period
    return incident


def _still_wanted(incident: Incident, round_: int) -> bool:
    return incident.is_open and incident.acknowledged_at is None and incident.escalation_round == round_


def _people(incident: Incident, at: datetime) -> _People:
    period = incident.period
    on_shift, deputy = roster.answering(incident.team, period, at=at)
    return _People(on_shift=on_shift, deputy=deputy, lead=period.lead, sponsor=period.sponsor)


def _first_person(people: _People, rest: list[tuple[Who, int]]) -> User | None:
    return next((person for who, _ in rest if (person := people.get(who))), None)


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
    due_at = _due({**args, "step": step})
    label = LABELS[args["ladder"][step][0]]
    if entry.data.get("step") != step:
        return Rung(f"{label}: nobody", None, due_at, entry.at, "stopped")
    return Rung(label, people.get(entry.data["who_id"]), due_at, entry.at, "paged")


def _coming_rung(incident: Incident, args: Args, step: int, pending: Timer | None, at: datetime) -> Rung:
    due_at = _due({**args, "step": step})
    who = args["ladder"][step][0]
    person = _people(incident, max(due_at, at)).get(who)
    return Rung(LABELS[who], person, due_at, None, _state(incident, step, pending))


def _state(incident: Incident, step: int, pending: Timer | None) -> State:
    if pending:
        return "next" if pending.args["step"] == step else "waiting"
    return "not needed" if incident.acknowledged_at else "stopped"
