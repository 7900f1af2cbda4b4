"""One thing done to many incidents at once: one transaction, and whatever refuses says why and stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from incidents.models import Incident
from incidents.shared.severity import levels_for
from incidents.triage import editing, permissions, queues, triage, undo
from periods.models import Period

MOST: Final = 100


@dataclass(slots=True)
class BulkOutcome:
    """Which were changed, each with the number of its journal entry, and which were not, each with the reason."""

    done: list[tuple[Incident, int]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def undo(self) -> str:
        """How the address of an undo names them: `36.120,37.121`."""
        return ",".join(f"{incident.number}.{seq}" for incident, seq in self.done)


def _regrade(pk: int, *, value: Any, **who: Any) -> Incident:
    impact, urgency = levels_for(value)
    return triage.regrade(pk, impact=impact, urgency=urgency, **who)


ACTIONS: Final[dict[str, Callable[..., Incident]]] = {
    "assign": lambda pk, value, **who: triage.assign(pk, owner=value, **who),
    "severity": _regrade,
    "status": lambda pk, value, **who: triage.set_status(pk, status=value, **who),
    "queue": lambda pk, value, **who: queues.enter_queue(
        pk, queue=value, note="Sent back together with others." if value == "returned" else "", **who
    ),
    "snooze": lambda pk, value, **who: queues.snooze_until(pk, until=value, **who),
    "kind": lambda pk, value, **who: editing.update_fields(pk, kind=value, **who),
    "component": lambda pk, value, **who: editing.update_fields(pk, component=value, **who),
    "verdict": lambda pk, value, **who: editing.update_fields(pk, verdict=value, **who),
}


@transaction.atomic
def apply(
    period_id: int, *, numbers: Sequence[int], action: str, value: Any, by: User, at: datetime, via: str = ""
) -> BulkOutcome:
    """Do `action` to each; the value is what it takes: a user, a severity, a status, a queue, a moment, a type …

    The person's rights are asked per incident. Raises Invalid for an unknown action, and for none or over 100 of them.
    """
    if action not in ACTIONS:
        raise Invalid({"action": f"Choose {', '.join(ACTIONS)}."})
    if not 0 < len(set(numbers)) <= MOST:
        raise Invalid({"numbers": f"Choose 1 to {MOST} incidents."})
    period, mine = _held(period_id, by)
    outcome = BulkOutcome()
    for incident in _chosen(period, numbers):
        incident.period = period
        _one(outcome, incident, mine, action, value=value, by=by, at=at, via=via)
    return outcome


@transaction.atomic
def undo_all(
    period_id: int, *, entries: Sequence[tuple[int, int]], by: User, at: datetime, via: str = ""
) -> BulkOutcome:
    """Take back what was done to each: pairs of incident number and journal entry. Raises Invalid as `apply` does."""
    if not 0 < len(entries) <= MOST:
        raise Invalid({"of": f"Name 1 to {MOST} incidents."})
    period, mine = _held(period_id, by)
    seqs = dict(entries)
    outcome = BulkOutcome()
    for incident in _chosen(period, list(seqs)):
        incident.period = period
        _attempt(
            outcome,
            incident,
            period,
            lambda one: undo.undo_entry(one.pk, seq=seqs[one.number], by=by, at=at, via=via),
            mine,
        )
    return outcome


def _held(period_id: int, by: User) -> tuple[Period, permissions.IncidentRights]:
    period = Period.objects.locked().get(pk=period_id)
    return period, permissions.rights_in(by, period)


def _chosen(period: Period, numbers: Sequence[int]) -> list[Incident]:
    found = Incident.objects.filter(period=period, number__in=set(numbers)).select_related("owner")
    return list(found.order_by("number"))


def _one(
    outcome: BulkOutcome, incident: Incident, mine: permissions.IncidentRights, action: str, *, value: Any, **who: Any
) -> None:
    def run(one: Incident) -> Incident:
        if action == "assign":
            mine.require_assign(one, value)
        return ACTIONS[action](one.pk, value=value, **who)

    _attempt(outcome, incident, incident.period, run, mine)


def _attempt(
    outcome: BulkOutcome,
    incident: Incident,
    period: Period,
    run: Callable[[Incident], Incident],
    mine: permissions.IncidentRights,
) -> None:
    """In a savepoint of its own, so what refuses leaves nothing behind and the others stand."""
    before = Period.objects.values_list("journal_seq", flat=True).get(pk=period.pk)
    try:
        with transaction.atomic():
            mine.require_handle(incident)
            after = run(incident)
    except Refused as refusal:
        outcome.refused.append((incident.key, " ".join(refusal.reasons)))
        return
    if after.period.journal_seq == before:
        outcome.refused.append((incident.key, "It is so already."))
    else:
        outcome.done.append((after, after.period.journal_seq))
