"""A P1 that is not mitigated within its limit asks whoever may roll back to decide, by a time.

The answer is to roll back, or to hold until another look with a reason. Without an answer in time the sponsor is asked
too. The question ends by itself once the incident no longer hurts. Deciding is a record and a word to those in charge;
rolling the release back is a step of the period, taken in its Settings.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from django.db import transaction

from contributors.messaging import outbox
from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from incidents.models import Incident, RollbackDecision
from incidents.paging import escalation_policies
from incidents.shared.locking import lock, record_entry
from incidents.shared.phrases import moment_phrase
from periods.journal import journal
from periods.models import Period

Answer = RollbackDecision.Answer
KIND: Final = "incident.rollback"
HOLD_OVER: Final = "The hold is over."
LETTER: Final = "rollback_asked"
SOONEST: Final = timedelta(minutes=10)
LONGEST: Final = timedelta(hours=24)


class RollbackArgs(TypedDict):
    """What a timer carries: the question, and whether it is due or to be asked again."""

    decision: int
    again: bool


def ask_for_decision(incident: Incident, *, at: datetime) -> RollbackDecision | None:
    """Open the question in the caller's transaction, which journals why; None while one is open."""
    if open_decision_of(incident):
        return None
    period = incident.period
    asked = next(iter(_deciders(period)), None)
    due_at = at + escalation_policies.policy_of(period).rollback.answer
    decision = RollbackDecision.objects.create(incident=incident, asked=asked, opened_at=at, due_at=due_at)
    _arm(decision, due_at, again=False)
    _tell(decision, asked, at, escalated=False)
    return decision


@transaction.atomic
def answer_decision(
    incident_id: int,
    *,
    answer: str,
    reason: str,
    by: User,
    at: datetime,
    look_again_at: datetime | None = None,
    via: str = "",
) -> RollbackDecision:
    """Roll back, or hold with a reason until another look. One entry, and a word to lead and sponsor.

    Raises NotAllowed for others than those asked, AlreadyDone when it was answered, Refused without a question, and
    Invalid for a reason or a time that can't stand.
    """
    incident = lock(incident_id)
    decision = open_decision_of(incident)
    if decision is None:
        raise _nothing_asked(incident)
    if not may_answer(by, incident.period):
        named = " or ".join(str(person) for person in _deciders(incident.period))
        raise NotAllowed(f"Whether to roll back is decided by {named}.")
    reason = " ".join(reason.split())
    _check(incident, answer, reason, look_again_at, at)
    decision.look_again_at = look_again_at if answer == Answer.HOLD else None
    _end(decision, answer, reason, by, at)
    if decision.look_again_at:
        _arm(decision, decision.look_again_at, again=True)
    record_entry(
        incident,
        "incident.rollback_decided",
        by,
        at,
        via,
        answer=answer,
        reason=reason,
        look_again_at=decision.look_again_at.isoformat() if decision.look_again_at else None,
        asked_at=decision.opened_at.isoformat(),
        late=at > decision.due_at,
    )
    return decision


def end_if_over(incident: Incident, *, at: datetime) -> None:
    """End the question once the incident no longer hurts, in the transaction of what changed it.

    One that hurts again past its limit, after the question had ended by itself, is asked about again.
    """
    if is_hurting(incident):
        last = incident.rollbacks.order_by("-opened_at", "-id").first()
        limit = incident.clock_from + escalation_policies.policy_of(incident.period).rollback.after
        if last and last.answer == Answer.NOT_NEEDED and at >= limit:
            ask_for_decision(incident, at=at)
        return
    if decision := open_decision_of(incident):
        _end(decision, Answer.NOT_NEEDED, "", None, at)
    timers.clear_prefix(f"rollback:{incident.pk}:", at=at)


def is_hurting(incident: Incident) -> bool:
    """Whether it is still what rolling back would be for."""
    return (
        incident.is_open and incident.severity == "P1" and incident.mitigated_at is None and not incident.has_no_clock
    )


def open_decision_of(incident: Incident) -> RollbackDecision | None:
    """The question that waits for an answer. One query."""
    found = RollbackDecision.objects.filter(incident=incident, answered_at__isnull=True)
    return found.select_related("asked").first()


def open_decisions_in(period: Period) -> list[RollbackDecision]:
    """Questions that wait in a period, the first due first. One query."""
    # What has ended waits for nothing (`end_if_over`); said here so that no index of all incidents is read.
    found = RollbackDecision.objects.filter(
        incident__period=period, incident__resolved_at__isnull=True, answered_at__isnull=True
    )
    return list(found.select_related("asked", "incident").order_by("due_at", "id"))


def may_answer(user: User, period: Period) -> bool:
    """Whoever holds the authority to roll back, and the sponsor; the lead where nobody is named."""
    return user.pk in {person.pk for person in _deciders(period)}


def on_due(args: RollbackArgs, *, due_at: datetime, at: datetime) -> None:
    """Timer handler: nobody answered in time, so the sponsor is asked; or a hold is over, so it is asked again."""
    decision = RollbackDecision.objects.select_related("incident").get(pk=args["decision"])
    incident = lock(decision.incident_id)
    decision.refresh_from_db()
    if not is_hurting(incident):
        return
    if args["again"]:
        if ask_for_decision(incident, at=at):
            _journal(incident, "incident.rollback_asked", due_at, at, HOLD_OVER)
    elif decision.answered_at is None:
        decision.escalated_at = at
        decision.save(update_fields=["escalated_at"])
        decision.incident = incident
        _tell(decision, incident.period.sponsor, at, escalated=True)
        _journal(incident, "incident.rollback_escalated", due_at, at, "")


def _journal(incident: Incident, kind: str, due_at: datetime, at: datetime, reason: str) -> None:
    sponsor = incident.period.sponsor.name if incident.period.sponsor else ""
    journal.record(
        incident.period,
        kind,
        by=None,
        at=at,
        subject=incident.subject,
        via="timer",
        key=incident.key,
        title=incident.title,
        severity=incident.severity,
        planned_at=due_at.isoformat(),
        reason=reason,
        who=sponsor,
    )


def _end(decision: RollbackDecision, answer: str, reason: str, by: User | None, at: datetime) -> None:
    decision.answer, decision.reason, decision.answered_by, decision.answered_at = answer, reason, by, at
    decision.save(update_fields=["answer", "reason", "answered_by", "answered_at", "look_again_at"])
    timers.clear_prefix(f"rollback:{decision.incident_id}:", at=at)


def _check(incident: Incident, answer: str, reason: str, look_again_at: datetime | None, at: datetime) -> None:
    errors = {}
    if answer not in (Answer.ROLL_BACK, Answer.HOLD):
        errors["answer"] = "Choose to roll back or to hold."
    if not 0 < len(reason) <= 500:
        errors["reason"] = "Say why, in 1 to 500 characters."
    if answer == Answer.HOLD and (look_again_at is None or not at + SOONEST <= look_again_at <= at + LONGEST):
        first, last = moment_phrase(at + SOONEST, incident.period), moment_phrase(at + LONGEST, incident.period)
        errors["look_again_at"] = f"Say when to look again, between {first} and {last}."
    if errors:
        raise Invalid(errors)


def _nothing_asked(incident: Incident) -> Refused:
    last = incident.rollbacks.select_related("answered_by").order_by("-opened_at", "-id").first()
    if last is None or last.answered_at is None:
        return Refused(f"Nobody asks whether to roll back for {incident.key}.")
    said = f"{last.get_answer_display().lower()}, at {moment_phrase(last.answered_at, incident.period)}"
    return AlreadyDone(f"{last.answered_by or 'Hypercare'} answered: {said}.")


def _deciders(period: Period) -> list[User]:
    """Who may decide, whoever is asked first in front."""
    named = {person.pk: person for person in (period.rollback_authority, period.sponsor) if person}
    return list(named.values()) or [person for person in (period.lead,) if person]


def _arm(decision: RollbackDecision, due_at: datetime, *, again: bool) -> None:
    args: RollbackArgs = {"decision": decision.pk, "again": again}
    key = f"rollback:{decision.incident_id}:{decision.pk}:{'again' if again else 'due'}"
    timers.arm(key, kind=KIND, due_at=due_at, args=dict(args))


def _tell(decision: RollbackDecision, user: User | None, at: datetime, *, escalated: bool) -> None:
    incident = decision.incident
    outbox.notify(
        user=user,
        kind=LETTER,
        period=incident.period,
        subject=incident.subject,
        urgency=Delivery.Urgency.PAGE,
        at=at,
        context=_context(decision, escalated=escalated),
        key=f"rollback:{decision.pk}:{'late' if escalated else 'asked'}",
    )


def _context(decision: RollbackDecision, *, escalated: bool) -> dict[str, Any]:
    incident = decision.incident
    return {
        "key": incident.key,
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity,
        "component": incident.component,
        "reported_at": incident.reported_at.isoformat(),
        "due_at": decision.due_at.isoformat(),
        "asked": decision.asked.name if decision.asked else "",
        "escalated": escalated,
    }
