"""The rungs an incident climbs while nobody acts: a quarter of a target left, a target missed, a P1 that goes on.

One timer per incident, set to the next rung. When it fires, everything due by then is told, each rung once per incident
and deadline, and the next is set. What was told is kept on the incident as `marks`, so a deadline that was missed stays
a fact whatever becomes of severity or targets. Who is told: docs/domain.md section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypedDict

from contributors.messaging import outbox
from contributors.models import Delivery, Role
from contributors.shifts import on_call
from hypercare.engine import timers
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation, escalation_policies, rollback
from incidents.paging.sla import clocks_of
from periods.journal import journal
from periods.models import Period

AlertStage = Literal["soon", "late", "silent", "old", "too_old"]

KIND: Final = "incident.rung"
URGENT: Final = ("P1", "P2")
OLD: Final = timedelta(hours=2)  # a P1 that is not mitigated: the sponsor hears, later it is decided on a rollback
COMMS: Final = "CO"
CLOCKS: Final = {
    "acknowledge": "acknowledging",
    "update": "the next update",
    "mitigate": "mitigating",
    "resolve": "resolving",
}
WORDS: Final[dict[AlertStage, str]] = {
    "soon": "A quarter of the time left for {clock}: owner and lead hear",
    "late": "Late with {clock}: owner and lead hear",
    "silent": "Still no update: people are paged again",
    "old": "Two hours: sponsor and communication hear",
    "too_old": "A rollback is to be decided",
}
MARKS_KEPT: Final = 100


class SlaAlertArgs(TypedDict):
    """What the timer carries."""

    incident: int


@dataclass(frozen=True, slots=True)
class Breach:
    """One rung, when it is reached and the deadline it belongs to."""

    rung: AlertStage
    kind: str
    at: datetime
    due_at: datetime

    @property
    def words(self) -> str:
        """What happens then, for whoever looks at the incident before."""
        return WORDS[self.rung].format(clock=CLOCKS.get(self.kind, ""))

    @property
    def key(self) -> tuple[str, str, str]:
        """What is told once."""
        return self.rung, self.kind, self.due_at.isoformat()


def reschedule(incident: Incident, *, at: datetime) -> None:
    """Set the timer anew, in the transaction of what changed the incident; the period must be loaded.

    A promise that was kept too late just now becomes a fact without another word: whoever waited has an answer.
    """
    finished = [
        Breach("late", clock.kind, clock.due_at, clock.due_at)
        for clock in clocks_of(incident, at)
        if clock.state == "met_late"
    ]
    if _mark(incident, [due for due in finished if due.key not in _told(incident)], at):
        incident.save(update_fields=["marks"])
    rollback.end_if_over(incident, at=at)
    _arm(incident, at)


def note_missed(incident: Incident, *, at: datetime) -> None:
    """Note what is missed as things stand, before severity changes what counts as late. The caller saves `marks`."""
    late = {"late", "met_late"}
    found = [
        Breach("late", clock.kind, clock.due_at, clock.due_at)
        for clock in clocks_of(incident, at)
        if clock.state in late
    ]
    _mark(incident, [due for due in found if due.key not in _told(incident)], at)


def forgive_silence(incident: Incident, *, at: datetime) -> None:
    """People are being paged just now: that it was silent until now pages nobody a second time."""
    silent = [due for due in _reached(incident, at) if due.rung == "silent"]
    if _mark(incident, silent, at):
        incident.save(update_fields=["marks"])


def settle_due(incident: Incident, *, at: datetime) -> None:
    """Take everything due by now as told, and wait for the next: for history that is written after the fact."""
    if _mark(incident, _reached(incident, at), at):
        incident.save(update_fields=["marks"])
    _arm(incident, at)


def on_alert_due(args: SlaAlertArgs, *, due_at: datetime, at: datetime) -> None:
    """Timer handler: tell what is due, page again where it fell silent, and set the next."""
    incident = escalation.lock_incident(args["incident"])
    reached = _reached(incident, at) if incident.is_open else []
    if reached:
        _mark(incident, reached, at)
        incident.updated_at = at
        incident.save(update_fields=["marks", "updated_at"])
        _tell_all(incident, reached, at)
        _journal(incident, reached, planned_at=due_at, at=at)
    _arm(incident, at, after=due_at)


def upcoming_alerts(incident: Incident, *, at: datetime) -> list[Breach]:
    """The rungs not reached yet, the next first; for the incident's page."""
    told = _told(incident)
    return sorted((due for due in _rungs(incident, at) if due.at > at and due.key not in told), key=lambda due: due.at)


def _rungs(incident: Incident, at: datetime) -> Iterator[Breach]:
    """Every rung of the clocks that run, reached or not."""
    if not incident.is_open or incident.has_no_clock:
        return
    for clock in clocks_of(incident, at):
        if clock.is_open:
            yield Breach("soon", clock.kind, clock.soon_at, clock.due_at)
            yield Breach("late", clock.kind, clock.due_at, clock.due_at)
        if clock.is_open and clock.kind == "update" and incident.severity in URGENT:
            # Reminded when it is due; silent for as long again, half of it, and the page opens anew.
            yield Breach("silent", "update", clock.due_at + (clock.due_at - clock.started_at) / 2, clock.due_at)
    if incident.severity == "P1" and incident.mitigated_at is None:
        old, too_old = (
            incident.clock_from + OLD,
            incident.clock_from + escalation_policies.policy_of(incident.period).rollback.after,
        )
        yield Breach("old", "age", old, old)
        yield Breach("too_old", "age", too_old, too_old)


def _reached(incident: Incident, at: datetime) -> list[Breach]:
    """What is due and not told. A warning beside the miss of the same deadline says nothing new: it is left out."""
    told = _told(incident)
    found = [due for due in _rungs(incident, at) if due.at <= at and due.key not in told]
    late = {(due.kind, due.due_at) for due in _rungs(incident, at) if due.rung == "late" and due.at <= at}
    return [due for due in found if due.rung != "soon" or (due.kind, due.due_at) not in late]


def _told(incident: Incident) -> set[tuple[str, str, str]]:
    return {(mark["rung"], mark["kind"], mark["due_at"]) for mark in incident.marks}


def _mark(incident: Incident, reached: Iterable[Breach], at: datetime) -> bool:
    fresh = [
        {
            "rung": due.rung,
            "kind": due.kind,
            "due_at": due.due_at.isoformat(),
            "at": at.isoformat(),
            "severity": incident.severity,
        }
        for due in reached
    ]
    if fresh:
        incident.marks = _kept([*incident.marks, *fresh])
    return bool(fresh)


def _kept(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All marks within reason; old warnings go first, misses last."""
    spare = len(marks) - MARKS_KEPT
    if spare <= 0:
        return marks
    warnings = [place for place, mark in enumerate(marks) if mark["rung"] != "late"][:spare]
    kept = [mark for place, mark in enumerate(marks) if place not in set(warnings)]
    return kept[-MARKS_KEPT:]


def _arm(incident: Incident, at: datetime, *, after: datetime | None = None) -> None:
    """One timer for the next rung; what is due already goes at once."""
    prefix = f"rung:{incident.pk}:"
    if after is None:
        timers.clear_prefix(prefix, at=at)
    told = _told(incident)
    late_now = _reached(incident, at)
    waiting = [due.at for due in _rungs(incident, at) if due.at > at and due.key not in told]
    moments = [at] if late_now else sorted(waiting)[:1]
    for moment in moments:
        key = f"{prefix}{incident.version}:{moment.isoformat()}"
        timers.arm(key, kind=KIND, due_at=moment, args={"incident": incident.pk})


def _journal(incident: Incident, reached: list[Breach], *, planned_at: datetime, at: datetime) -> None:
    """One entry for everything that was due together."""
    rungs = [{"rung": due.rung, "kind": due.kind, "due_at": due.due_at.isoformat()} for due in reached]
    late = any(due.rung == "late" for due in reached)
    journal.record(
        incident.period,
        "incident.late" if late else "incident.due",
        by=None,
        at=at,
        subject=incident.subject,
        via="timer",
        key=incident.key,
        title=incident.title,
        severity=incident.severity,
        rungs=rungs,
        planned_at=planned_at.isoformat(),
    )


def _tell_all(incident: Incident, reached: list[Breach], at: datetime) -> None:
    for due in reached:
        for person in _people(incident, due, at):
            _tell(incident, due, person, at)
    if any(due.rung == "too_old" for due in reached):
        rollback.ask_for_decision(incident, at=at)
    if any(due.rung == "silent" for due in reached) and incident.acknowledged_at:
        escalation.start(incident, at=at)


def _people(incident: Incident, due: Breach, at: datetime) -> list[User]:
    """Whom a rung is for, each once."""
    period, owner = incident.period, incident.owner
    accountable = [owner, period.lead]
    if due.rung == "late" and incident.severity in URGENT:
        accountable.append(period.sponsor)
    if due.rung == "old":
        accountable = [period.sponsor, *_comms(period, at)]
    if due.rung == "too_old":
        asked = period.rollback_authority or period.sponsor
        accountable = [person for person in (period.sponsor, period.lead) if person != asked]
    if due.rung == "silent":
        accountable = [owner]
    return list({person.pk: person for person in accountable if person}.values())


def _comms(period: Period, at: datetime) -> list[User | None]:
    """Whoever is on duty for communication."""
    role = Role.objects.filter(period=period, code=COMMS).order_by("position", "id").first()
    return list(on_call.responders_for(role, period, at=at)[:1]) if role else []


def _tell(incident: Incident, due: Breach, person: User, at: datetime) -> None:
    said = {"rung": due.rung, "clock": due.kind, "due_at": due.due_at.isoformat()}
    outbox.notify(
        user=person,
        kind="incident_rung",
        period=incident.period,
        subject=incident.subject,
        context={**incident_context(incident), **said},
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        key=f"rung:{incident.pk}:{due.rung}:{due.kind}:{due.due_at.isoformat()}:{person.pk}",
    )


def incident_context(incident: Incident) -> dict[str, Any]:
    """What a message about an incident says, as it stands now."""
    return {
        "key": incident.key,
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity,
        "component": incident.component,
        "reported_at": incident.reported_at.isoformat(),
        "owner": incident.owner.name if incident.owner else "",
    }
