"""What people do with an incident, from report to hand-over. Sole writer of `Incident.status`.

Every function locks the period, then the incident; so a report never slips into a period that is closing,
numbers have no gap, and a page is never sent after somebody acknowledged. Each bumps `version`, writes one
journal entry and returns the incident with its period loaded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from contributors.models import Role
from hypercare.exceptions import AlreadyDone, Invalid, TransitionRefused
from hypercare.models import User
from incidents.models import Alert, Comment, Incident, StatusChange
from incidents.paging import escalation, escalation_targets, fired_again, sla_alerts
from incidents.shared.locking import lock, previous_values, record_entry, require_open, resolved_sentence, save_fields
from incidents.shared.phrases import moment_phrase, person_phrase
from incidents.triage import validation
from periods.models import Period

Status = Incident.Status
WORKED = validation.WORKED
CALM = (Status.MITIGATED, Status.MONITORING)


@transaction.atomic
def report(
    period_id: int,
    *,
    title: str,
    impact: str,
    urgency: str,
    by: User | None,
    at: datetime,
    description: str = "",
    component: str = "",
    team: Role | None = None,
    source: str = Incident.Source.BROWSER,
    kind: str = "",
    alert: Mapping[str, Any] | None = None,
    via: str = "",
) -> Incident:
    """A new incident with the next number; severity from impact × urgency; P1 and P2 start to page people.

    `alert` is what the journal keeps of the alert that opened it.
    Raises TransitionRefused unless the period is live, and Invalid for fields that can't stand.
    """
    period = Period.objects.locked().get(pk=period_id)
    _require_live(period)
    title, description, component = " ".join(title.split()), description.strip(), component.strip()
    validation.check_report(period, title, description, component, team)
    validation.check_kind(kind)
    severity = validation.checked_severity(impact, urgency)
    incident = Incident.objects.create(
        period=period,
        number=_next_number(period),
        title=title,
        description=description,
        component=component,
        team=team,
        impact=impact,
        urgency=urgency,
        severity=severity,
        source=source,
        kind=kind,
        reported_at=at,
        reported_by=by,
        updated_at=at,
    )
    StatusChange.objects.create(incident=incident, period=period, to_status=Status.NEW, opens=1, at=at, by=by)
    facts = {"component": component, "source": source, "description": description, **(alert or {})}
    record_entry(incident, "incident.reported", by, at, via, **facts)
    escalation.start(incident, at=at)
    sla_alerts.reschedule(incident, at=at)
    return incident


@transaction.atomic
def acknowledge(incident_id: int, *, by: User, at: datetime, via: str = "") -> Incident:
    """One person takes it: paging stops in the same transaction, unless the policy asks for more of them.

    An incident that fell silent and pages again is acknowledged again. Raises AlreadyDone when no answer is awaited,
    or this person has given theirs.
    """
    incident = lock(incident_id)
    again = incident.acknowledged_at is not None
    if again and (not incident.is_wanted or by.pk in incident.answered):
        raise AlreadyDone(acknowledged_sentence(incident))
    require_open(incident)
    before = incident.owner
    fields = _join(incident, by, at) if again else take_ownership(incident, Status.ACKNOWLEDGED, by, at)
    save_fields(incident, at, *fields)
    after_s = int((at - incident.clock_from).total_seconds())
    owner = incident.owner.name if incident.owner else ""
    missing = escalation.count_answers_missing(incident)
    record_entry(
        incident,
        "incident.acknowledged",
        by,
        at,
        via,
        after_s=after_s,
        owner=owner,
        took=before is None,
        again=again,
        missing=missing,
        **previous_values(incident),
    )
    sla_alerts.reschedule(incident, at=at)
    return incident


def _join(incident: Incident, by: User, at: datetime) -> Iterable[str]:
    """One more who answers, or the first who answers again after it fell silent: that is an update of its own."""
    escalation.record_answer(incident, by=by, at=at)
    incident.owner = incident.owner or by
    return ("owner",)


@transaction.atomic
def assign(incident_id: int, *, owner: User | None, by: User, at: datetime, via: str = "") -> Incident:
    """Name who works on it, or nobody. Taking it yourself while it is new also acknowledges it.

    Raises Invalid when the person can't work in this period.
    """
    incident = lock(incident_id)
    require_open(incident)
    validation.check_owner(incident, owner)
    before, incident.owner = incident.owner, owner
    takes = owner == by and incident.acknowledged_at is None
    fields = take_ownership(incident, Status.ACKNOWLEDGED, by, at) if takes else ("owner",)
    save_fields(incident, at, *fields)
    record_entry(
        incident,
        "incident.assigned",
        by,
        at,
        via,
        owner=owner.name if owner else "",
        owner_id=owner.pk if owner else None,
        before=before.name if before else "",
        acknowledged=takes,
        **previous_values(incident),
    )
    sla_alerts.reschedule(incident, at=at)
    return incident


@transaction.atomic
def regrade(
    incident_id: int, *, impact: str, urgency: str, by: User, at: datetime, reason: str = "", via: str = ""
) -> Incident:
    """Judge impact and urgency again; its deadlines count from the report as if it had always been so.

    What it missed before stays missed. Raised before anybody took it, paging starts anew, and a snooze ends.
    """
    incident = lock(incident_id)
    _require_live(incident.period)
    require_open(incident)
    before, severity = incident.severity, validation.checked_severity(impact, urgency)
    sla_alerts.note_missed(incident, at=at)
    incident.impact, incident.urgency, incident.severity = impact, urgency, severity
    raised = severity < before  # P1 sorts before P2
    if raised:
        incident.snoozed_until = None
    save_fields(incident, at, "impact", "urgency", "severity", "snoozed_until", "marks")
    record_entry(
        incident, "incident.regraded", by, at, via, before=before, reason=reason.strip(), **previous_values(incident)
    )
    if raised and incident.acknowledged_at is None:
        escalation.start(incident, at=at)
    elif not escalation_targets.ladder_for_incident(incident).steps:
        escalation.stop(incident, at=at)
    sla_alerts.reschedule(incident, at=at)
    return incident


@transaction.atomic
def set_status(incident_id: int, *, status: str, by: User, at: datetime, note: str = "", via: str = "") -> Incident:
    """Say how far the work is; any open status except back to new. From new it also acknowledges.

    Resolving has its own function because it asks how it ended. Raises Invalid for a status that can't be chosen.
    """
    incident = lock(incident_id)
    validation.check_status(status)
    require_open(incident)
    if incident.status == status:
        raise AlreadyDone(f"{incident.key} is already {Status(status).label.lower()}.")
    before = incident.status
    fields = {*_move(incident, status, by, at), *_mitigated(incident, at)}
    save_fields(incident, at, *fields)
    record_entry(
        incident,
        "incident.status",
        by,
        at,
        via,
        before=before,
        after=status,
        note=note.strip(),
        **previous_values(incident),
    )
    sla_alerts.reschedule(incident, at=at)
    return incident


@transaction.atomic
def comment(incident_id: int, *, body: str, kind: str, by: User, at: datetime, via: str = "") -> Comment:
    """Write a note, a stakeholder update or a decision. An update restarts the update clock."""
    incident = lock(incident_id)
    body = body.strip()
    validation.check_comment(body, kind)
    entry = Comment.objects.create(incident=incident, kind=kind, body=body, by=by, at=at)
    updates = kind == Comment.Kind.UPDATE
    if updates:
        incident.last_update_at = at
    save_fields(incident, at, *(("last_update_at",) if updates else ()))
    record_entry(incident, "incident.commented", by, at, via, comment=entry.pk, comment_kind=kind, body=body)
    if updates:
        if incident.acknowledged_at:
            escalation.stop(incident, at=at, kinds=escalation.TOLD)
        sla_alerts.reschedule(incident, at=at)
    return entry


@transaction.atomic
def resolve(
    incident_id: int,
    *,
    ending: str,
    resolution: str,
    by: User,
    at: datetime,
    cause: str = "",
    verdict: str = "",
    workaround: str = "",
    tell: Collection[str] = (),
    debrief: bool = False,
    via: str = "",
) -> Incident:
    """It no longer hurts: how it ended, what fixed it and, where known, why it happened. Paging stops.

    An empty verdict leaves the one given at triage. The lead and those who follow it hear of it anyway; `tell` adds
    its reporter or everybody. `debrief` puts it on the next debrief's agenda, where P1s stand by themselves.
    """
    incident = lock(incident_id)
    if not incident.is_open:
        raise AlreadyDone(resolved_sentence(incident))
    resolution, cause, workaround = resolution.strip(), " ".join(cause.split()), " ".join(workaround.split())
    validation.check_resolution(ending, resolution, cause, workaround, tell)
    validation.check_verdict(verdict)
    before = incident.status
    incident.ending, incident.resolution, incident.cause = ending, resolution, cause
    incident.workaround = workaround or incident.workaround
    incident.verdict = verdict or incident.verdict
    incident.resolved_at, incident.resolved_by = at, by
    _move(incident, Status.RESOLVED, by, at, opens=-1)
    save_fields(
        incident,
        at,
        "status",
        "ending",
        "resolution",
        "cause",
        "workaround",
        "verdict",
        "resolved_at",
        "resolved_by",
        *leave_queues(incident, at),
    )
    escalation.stop(incident, at=at, kinds=escalation.TOLD)
    sla_alerts.reschedule(incident, at=at)
    after_s = int((at - incident.reported_at).total_seconds())
    record_entry(
        incident,
        "incident.resolved",
        by,
        at,
        via,
        ending=ending,
        resolution=resolution,
        cause=cause,
        before=before,
        after_s=after_s,
        workaround=workaround,
        tell=sorted(tell),
        reporter=incident.reported_by_id,
        debrief=debrief,
        still_fires=_still_fires(incident),
    )
    return incident


def _still_fires(incident: Incident) -> list[str]:
    """Names of its alerts that go on firing, by what their sources told last."""
    found = Alert.objects.filter(incident=incident, ended_at__isnull=True, source__revoked_at__isnull=True)
    return list(dict.fromkeys(found.order_by("started_at", "id").values_list("name", flat=True)))


@transaction.atomic
def close(incident_id: int, *, by: User, at: datetime, via: str = "") -> Incident:
    """Whoever was affected agrees that it is over. Raises AlreadyDone when it is closed, Refused while it is open."""
    incident = lock(incident_id)
    if incident.is_open:
        raise TransitionRefused(f"{incident.key} is open. Resolve it first; closing says that the result was checked.")
    if incident.status == Status.CLOSED:
        raise AlreadyDone(f"{incident.key} is closed already.")
    _change(incident, Status.CLOSED, by, at)
    save_fields(incident, at, "status")
    record_entry(incident, "incident.closed", by, at, via)
    return incident


@transaction.atomic
def reopen(incident_id: int, *, reason: str, by: User | None, at: datetime, via: str = "") -> Incident:
    """It came back. New and unacknowledged again, its clocks start from now, and a P1 or P2 pages anew.

    Raises TransitionRefused outside a live period or while it is open, and Invalid without a reason.
    """
    incident = lock(incident_id)
    _require_live(incident.period)
    if incident.is_open:
        raise TransitionRefused(f"{incident.key} is open already. Nothing needs to be reopened.")
    if not reason.strip():
        raise Invalid({"reason": "Say what came back, in a sentence."})
    fields = _clear_answers(incident, at)
    incident.reopened += 1
    _move(incident, Status.NEW, by, at, opens=1)
    save_fields(incident, at, "status", "reopened", *fields)
    record_entry(incident, "incident.reopened", by, at, via, reason=reason.strip(), times=incident.reopened)
    escalation.start(incident, at=at)
    sla_alerts.reschedule(incident, at=at)
    return incident


@transaction.atomic
def record_fired_again(incident_id: int, *, alert: Mapping[str, Any], at: datetime, via: str = "") -> Incident:
    """Its alert cleared and fires anew while it is open: whoever works on it hears, unless it flaps.

    What was mitigated goes back to work, since it hurts again; a snooze ends. `alert` is what the journal keeps of it.
    Raises Refused when the incident has ended: then it is to be re-opened.
    """
    incident = lock(incident_id)
    require_open(incident)
    before, was_calm, was_snoozed = (incident.status, incident.status in CALM, incident.snoozed_until is not None)
    if was_calm:
        _change(incident, Status.INVESTIGATING, None, at)
        _mitigated(incident, at)
    if was_calm or was_snoozed:
        incident.snoozed_until = None
        save_fields(incident, at, "status", "mitigated_at", "snoozed_until")
    told = fired_again.notify_fired_again(incident, was_calm=was_calm, alert=alert["alert"], at=at)
    record_entry(incident, "alert.attached", None, at, via, **alert, **told)
    if was_calm:
        note = f"{alert['alert']} fires again."
        record_entry(incident, "incident.status", None, at, via, before=before, after=incident.status, note=note)
    sla_alerts.reschedule(incident, at=at)
    return incident


@transaction.atomic
def escalate(incident_id: int, *, reason: str, by: User, at: datetime, via: str = "") -> Incident:
    """Page the next person now instead of later. Raises Refused when everybody has been paged."""
    incident = lock(incident_id)
    _require_live(incident.period)
    require_open(incident)
    page = escalation.page_next(incident, by=by, at=at)
    save_fields(incident, at)
    record_entry(incident, "incident.escalated", by, at, via, reason=reason.strip(), **page)
    return incident


@transaction.atomic
def transfer_to_bau(incident_id: int, *, team: str, by: User, at: datetime, via: str = "") -> Incident:
    """Name who takes over what is still open when the period ends."""
    incident = lock(incident_id)
    require_open(incident)
    team = " ".join(team.split())
    if not 0 < len(team) <= 120:
        raise Invalid({"team": "Name the team that takes it over, in at most 120 characters."})
    before, incident.handed_to = incident.handed_to, team
    save_fields(incident, at, "handed_to")
    record_entry(incident, "incident.handed_over", by, at, via, team=team, before=before, **previous_values(incident))
    return incident


def acknowledged_sentence(incident: Incident) -> str:
    """`Tomasz Wójcik acknowledged it at 13:24 on 18 Nov (Copenhagen).` Needs period and people loaded."""
    assert incident.acknowledged_at is not None  # noqa: S101  the caller has just looked
    said = moment_phrase(incident.acknowledged_at, incident.period)
    return f"{person_phrase(incident.acknowledged_by)} acknowledged it at {said}."


def _next_number(period: Period) -> int:
    """Taken from the locked period, so parallel reports get neighbouring numbers and none is lost."""
    number = period.next_incident_number
    period.next_incident_number = number + 1
    period.save(update_fields=["next_incident_number"])
    return number


def _move(incident: Incident, status: str, by: User | None, at: datetime, *, opens: int = 0) -> Iterable[str]:
    """Write the status and its history; leaving new for work also acknowledges. Names the changed fields."""
    if incident.status == Status.NEW and status in WORKED and by:
        return take_ownership(incident, status, by, at)
    _change(incident, status, by, at, opens=opens)
    return ("status",)


def take_ownership(incident: Incident, status: str, by: User, at: datetime) -> Iterable[str]:
    """Somebody accepts it: who and when, an owner if there was none, and no more pages. Names the changed fields."""
    incident.acknowledged_at, incident.acknowledged_by = at, by
    incident.owner = incident.owner or by
    _change(incident, status, by, at)
    escalation.record_answer(incident, by=by, at=at)
    return ("status", "acknowledged_at", "acknowledged_by", "owner")


def close_as_duplicate(incident: Incident, target: Incident, *, by: User, at: datetime) -> Iterable[str]:
    """Close the held incident with a pointer to another; for `merge.py`. Names the changed fields."""
    incident.duplicate_of, incident.parent = target, None
    incident.ending, incident.resolution = (Incident.Ending.DUPLICATE, f"The same as {target.key} {target.title}")
    incident.resolved_at, incident.resolved_by = at, by
    _change(incident, Status.CLOSED, by, at, opens=-1)
    return (
        "status",
        "duplicate_of",
        "parent",
        "ending",
        "resolution",
        "resolved_at",
        "resolved_by",
        *leave_queues(incident, at),
    )


def restore_state(incident: Incident, was: Mapping[str, Any], *, by: User, at: datetime) -> Iterable[str]:
    """Make the held incident what it was, a step of its status included; for `undo.py`. Names the changed fields."""
    facts = {name: value for name, value in was.items() if name != "status"}
    if not incident.is_open:
        # It never ended after all: its closing no longer counts in what was open when.
        incident.changes.filter(at=incident.resolved_at or at, opens=-1).update(opens=0)
    for name, value in facts.items():
        setattr(incident, name, value)
    if was.get("status", incident.status) != incident.status:
        _change(incident, was["status"], by, at)
    return [name.removesuffix("_id") for name in was]


def _change(incident: Incident, status: str, by: User | None, at: datetime, *, opens: int = 0) -> None:
    StatusChange.objects.create(
        incident=incident,
        period=incident.period,
        from_status=incident.status,
        to_status=status,
        opens=opens,
        at=at,
        by=by,
    )
    incident.status = status


def leave_queues(incident: Incident, at: datetime) -> Iterable[str]:
    """It waits for nobody any more: queue and snooze end, and so does a pause. Names the changed fields."""
    if incident.pauses and incident.pauses[-1][1] is None:
        incident.pauses = [*incident.pauses[:-1], [incident.pauses[-1][0], at.isoformat()]]
    incident.queue = incident.queue_note = ""
    incident.queued_at = incident.snoozed_until = None
    return ("queue", "queue_note", "queued_at", "snoozed_until", "pauses")


def _mitigated(incident: Incident, at: datetime) -> Iterable[str]:
    """Both watching states mean it no longer hurts; going back to work means it does again."""
    calm = incident.status in CALM
    if calm == (incident.mitigated_at is not None):
        return ()
    incident.mitigated_at = at if calm else None
    return ("mitigated_at",)


def _clear_answers(incident: Incident, at: datetime) -> Iterable[str]:
    """What was said at the end of its first life stands in the journal, no longer on the incident."""
    incident.reopened_at = at
    incident.resolved_at = incident.resolved_by = incident.mitigated_at = None
    incident.acknowledged_at = incident.acknowledged_by = None
    incident.ending, incident.duplicate_of = "", None
    return (
        "reopened_at",
        "resolved_at",
        "resolved_by",
        "mitigated_at",
        "acknowledged_at",
        "acknowledged_by",
        "ending",
        "duplicate_of",
    )


def _require_live(period: Period) -> None:
    if period.is_live:
        return
    if period.status in Period.PRE_LIVE:
        raise TransitionRefused(f"{period.name} is not live yet. Incidents can be reported after go-live.")
    raise TransitionRefused(
        f"{period.name} has ended ({period.get_status_display().lower()}). Report this to the team that runs it now."
    )
