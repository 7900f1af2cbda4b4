"""Where an incident waits: for its reporter, for a retest, for a planned fix, or simply until later.

A queue ages in sight of everybody. Waiting for the reporter holds the mitigate and resolve clocks, not the update; the
other two hold none. A snooze only takes it out of the open list: its clocks run on.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Final, TypedDict
from zoneinfo import ZoneInfo

from django.db import transaction

from contributors.messaging import outbox
from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation, sla_alerts
from incidents.shared.locking import lock, previous_values, record_entry, require_open, save_fields
from incidents.shared.phrases import moment_phrase
from incidents.triage import triage, validation
from periods.calendar.wallclock import instant, local_day

Queue = Incident.Queue
KIND: Final = "incident.snooze"
LONGEST_SNOOZE: Final = timedelta(days=14)


SNOOZES: Final[dict[str, str]] = {
    "1h": "1 hour",
    "4h": "4 hours",
    "tomorrow": "Tomorrow 09:00",
    "monday": "Monday 09:00",
    "week": "1 week",
}
MORNING: Final = time(9, 0)


def snooze_end_of(choice: str, zone: ZoneInfo, *, at: datetime) -> datetime | None:
    """When a snooze of SNOOZES ends; None for no snooze. Mornings are those of `zone`. Raises KeyError for another."""
    if not choice:
        return None
    today = local_day(at, zone)
    if choice in ("tomorrow", "monday"):
        days = 1 if choice == "tomorrow" else 7 - today.weekday()
        return instant(today + timedelta(days=days), MORNING, zone)
    return at + {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "week": timedelta(weeks=1)}[choice]


class SnoozeArgs(TypedDict):
    """What a snooze's timer carries: which snooze it ends."""

    incident: int
    until: str


@transaction.atomic
def enter_queue(incident_id: int, *, queue: str, by: User, at: datetime, note: str = "", via: str = "") -> Incident:
    """Let it wait in a queue, or in none ("") again. Out of new, this also takes it: somebody has looked.

    Raises Invalid for an unknown queue and for a return without a question, AlreadyDone when it waits there.
    """
    incident = lock(incident_id)
    note = " ".join(note.split())
    validation.check_queue(queue, note)
    require_open(incident)
    if incident.queue == queue and incident.queue_note == note:
        where = Queue(queue).label.lower() if queue else "no queue"
        raise AlreadyDone(f"{incident.key} is in {where} already.")
    before, since = incident.queue, incident.queued_at
    fields = [*triage.leave_queues(incident, at)]
    if queue and incident.status == Incident.Status.NEW:
        fields += triage.take_ownership(incident, Incident.Status.ACKNOWLEDGED, by, at)
    if queue:
        # Another note on the same wait does not make it younger.
        stays = queue == before and since is not None
        incident.queue, incident.queue_note, incident.queued_at = queue, note, since if stays else at
    if queue == Queue.RETURNED:
        incident.pauses = [*incident.pauses, [at.isoformat(), None]]
    save_fields(incident, at, *dict.fromkeys(fields))
    waited_s = int((at - since).total_seconds()) if since else None
    record_entry(
        incident,
        "incident.queued",
        by,
        at,
        via,
        before=before,
        after=queue,
        note=note,
        waited_s=waited_s,
        **previous_values(incident),
    )
    sla_alerts.reschedule(incident, at=at)
    return incident


def pause_clocks(incident_id: int, *, note: str, by: User, at: datetime, via: str = "") -> Incident:
    """Ask the reporter something: the mitigate and resolve clocks stand until `end_wait`."""
    return enter_queue(incident_id, queue=Queue.RETURNED, note=note, by=by, at=at, via=via)


def end_wait(incident_id: int, *, by: User, at: datetime, via: str = "") -> Incident:
    """The wait is over: out of the queue it is in. Raises AlreadyDone when it is in none."""
    return enter_queue(incident_id, queue="", by=by, at=at, via=via)


@transaction.atomic
def snooze_until(incident_id: int, *, until: datetime | None, by: User, at: datetime, via: str = "") -> Incident:
    """Out of the open list until a moment, or back in it now (None). Its clocks and its owner stay.

    Raises Refused for a P1 and for one nobody has acknowledged that pages people, Invalid for a moment that is not
    within 14 days.
    """
    incident = lock(incident_id)
    require_open(incident)
    if until is None and incident.snoozed_until is None:
        raise AlreadyDone(f"{incident.key} is in the open list already.")
    if until is not None:
        _check_snooze(incident, until, at)
    incident.snoozed_until = until
    save_fields(incident, at, "snoozed_until")
    said = {"until": until.isoformat() if until else None}
    record_entry(incident, "incident.snoozed", by, at, via, **said, **previous_values(incident))
    timers.clear_prefix(f"snooze:{incident.pk}:", at=at)
    if until is not None:
        args: SnoozeArgs = {"incident": incident.pk, "until": until.isoformat()}
        timers.arm(f"snooze:{incident.pk}:{incident.version}", kind=KIND, due_at=until, args=dict(args))
    return incident


def _check_snooze(incident: Incident, until: datetime, at: datetime) -> None:
    if incident.severity == Incident.Severity.P1:
        raise Refused("A P1 can't be snoozed. Give it a lower severity first, or an owner.")
    if incident.paging_since is not None:
        raise Refused(f"{incident.key} is paging people. Acknowledge it first.")
    if until.utcoffset() is None or not at < until <= at + LONGEST_SNOOZE:
        latest = moment_phrase(at + LONGEST_SNOOZE, incident.period)
        raise Invalid({"until": f"Choose a time in the future, at the latest {latest}."})


def on_wake(args: SnoozeArgs, *, due_at: datetime, at: datetime) -> None:
    """Timer handler: back in the open list, and its owner (or the lead) hears of it."""
    incident = escalation.lock_incident(args["incident"])
    until = incident.snoozed_until
    if until is None or until != datetime.fromisoformat(args["until"]) or not incident.is_open:
        return
    incident.snoozed_until = None
    save_fields(incident, at, "snoozed_until")
    record_entry(incident, "incident.woken", None, at, "timer", planned_at=due_at.isoformat())
    outbox.notify(
        user=incident.owner or incident.period.lead,
        kind="incident_rung",
        period=incident.period,
        subject=incident.subject,
        context=_context(incident, until),
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        key=f"snooze:{incident.pk}:{until.isoformat()}",
    )


def _context(incident: Incident, until: datetime) -> dict[str, Any]:
    return {**sla_alerts.incident_context(incident), "rung": "woken", "clock": "", "due_at": until.isoformat()}
