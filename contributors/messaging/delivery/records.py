"""What became of a message: the state and its line in the record, written together. Sole writer of outcomes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from contributors.messaging.delivery import breakers, states
from contributors.messaging.delivery.states import SWITCH_AFTER, AttemptResult, State
from contributors.models import ContactPoint, Delivery, DeliveryAttempt
from hypercare import registry
from hypercare.engine import timers

UNDELIVERED = "delivery.undelivered"
WORD_OF_IT = "undelivered"  # the kind of message that says that another could not be sent
WEBHOOK_TROUBLE = "webhook.trouble"
_ACCEPTED = """
    UPDATE contributors_delivery
    SET state = 'sent', sent_at = %s, settled_at = %s, lease_until = NULL, last_error = ''
    WHERE state = 'sending' AND (id, fence) IN ({pairs}) RETURNING id, fence
"""
_AND_THEIR_LINES = """
    WITH accepted AS ({accepted})
    INSERT INTO contributors_deliveryattempt (delivery_id, fence, at, outcome, detail)
    SELECT id, fence, %s, 'sent', '' FROM accepted RETURNING delivery_id
"""
_OUTCOMES = {State.DUE: "retry"}  # The other outcomes are called like their state.


def record_result(delivery: Delivery, result: AttemptResult, *, at: datetime) -> bool:
    """Write down what an attempt came to. False, and nothing changed, when the lease has gone to another."""
    return record_results([(delivery, result)], at=at) == [delivery]


def record_results(outcomes: Sequence[tuple[Delivery, AttemptResult]], *, at: datetime) -> list[Delivery]:
    """Write down what several attempts came to; the rows that were still ours to write."""
    accepted = [row for row, result in outcomes if result.state == State.SENT]
    others = [pair for pair in outcomes if pair[1].state != State.SENT]
    return _record_accepted(accepted, at) + _record_others(others, at)


@transaction.atomic
def _record_one_by_one(outcomes: Sequence[tuple[Delivery, AttemptResult]], at: datetime) -> list[Delivery]:
    recorded = []
    for row, result in outcomes:
        if _is_mine(row):
            write_result(row, result, at)
            recorded.append(row)
    breakers.record_outcomes([pair for pair in outcomes if pair[0] in recorded], at=at)
    return recorded


def _record_others(outcomes: Sequence[tuple[Delivery, AttemptResult]], at: datetime) -> list[Delivery]:
    return _record_one_by_one(outcomes, at) if outcomes else []


def _record_accepted(rows: list[Delivery], at: datetime) -> list[Delivery]:
    """The usual case, in one statement for any number of rows; what another holds by now is left alone."""
    if not rows:
        return []
    statement = _ACCEPTED.format(pairs=", ".join(["(%s, %s)"] * len(rows)))
    moment = connection.ops.adapt_datetimefield_value(at)
    values = [moment, moment, *(value for row in rows for value in (_id(row), row.fence))]
    if connection.vendor == "postgresql":
        return _written(rows, _AND_THEIR_LINES.format(accepted=statement), [*values, moment])
    with transaction.atomic():
        recorded = _written(rows, statement, values)
        lines = [DeliveryAttempt(**_line(row, "sent", "", at)) for row in recorded]
        DeliveryAttempt.objects.bulk_create(lines)
    return recorded


def _written(rows: list[Delivery], statement: str, values: list[Any]) -> list[Delivery]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        mine = {UUID(str(found)) for found, *_ in cursor.fetchall()}
    recorded = [row for row in rows if row.pk in mine]
    breakers.record_answers([row.address for row in recorded if getattr(row, "was_silent", True)])
    return recorded


def _id(row: Delivery) -> Any:
    return row.pk if connection.features.has_native_uuid_field else row.pk.hex


def _is_mine(row: Delivery) -> bool:
    """Lock the row and read what changed since it was claimed; False when its lease has gone to another."""
    mine = Delivery.objects.filter(pk=row.pk, fence=row.fence, state=State.SENDING)
    current = mine.select_for_update().first()
    if current is None:
        return False
    row.withdrawn_at, row.not_after = current.withdrawn_at, current.not_after
    return True


def write_result(row: Delivery, result: AttemptResult, at: datetime) -> None:
    """Leave a state, with its line in the record. The row is locked by the caller."""
    state, changes = states.next_state(row, result, at=at, chance=random.random())  # noqa: S311  Jitter, not a secret.
    outcome = "uncertain" if result.unknown and state == State.DUE else _OUTCOMES.get(state, state)
    Delivery.objects.filter(pk=row.pk, fence=row.fence).update(state=state, lease_until=None, **changes)
    DeliveryAttempt.objects.create(**_line(row, outcome, result.detail, at))
    if result.gone and row.point_id is not None:
        ContactPoint.objects.filter(pk=row.point_id, disabled_at__isnull=True).update(
            disabled_at=at, disabled_why=result.detail[:200]
        )
    if state == State.DEAD and row.hook_id is not None:
        _webhook_failed(row, result, at)
    if state == State.DEAD or (state == State.DUE and row.attempts == SWITCH_AFTER):
        _try_another_way(row, at)
    if state == State.DEAD and row.period_id and row.urgency != Delivery.Urgency.QUIET:
        timers.arm(f"undelivered:{row.pk}", kind=UNDELIVERED, due_at=at, args={"delivery": str(row.pk)})


def _webhook_failed(row: Delivery, result: AttemptResult, at: datetime) -> None:
    """Somebody hears of it once a day, and at once when the receiver has ended for good."""
    once = f"gone:{row.pk}" if result.gone else f"{at:%Y-%m-%d}"
    args = {"hook": row.hook_id, "gone": result.gone, "why": result.detail[:200], "id": once}
    timers.arm(f"webhook:{row.hook_id}:{once}", kind=WEBHOOK_TROUBLE, due_at=at, args=args)


def _line(row: Delivery, outcome: str, detail: str, at: datetime) -> dict[str, Any]:
    return {"delivery_id": row.pk, "fence": row.fence, "at": at, "outcome": outcome, "detail": detail[:2000]}


def _try_another_way(row: Delivery, at: datetime) -> None:
    """A page that does not get through goes out by the person's next channel too; it is tried on here as well.

    So does the word that a message failed: nobody else would hear of either.
    """
    if row.urgency != Delivery.Urgency.PAGE and row.kind != WORD_OF_IT:
        return
    other: tuple[str, dict[str, Any]] | None = registry.resolve(registry.NEXT_ROUTE)(row)
    if other is None:
        return
    key, place = other
    copied = {
        name: getattr(row, name)
        for name in (
            "period_id",
            "subject",
            "kind",
            "recipient_id",
            "context",
            "urgency",
            "intended_at",
            "not_after",
            "tried_until",
        )
    }
    Delivery.objects.get_or_create(dedupe_key=key, defaults={**copied, **place, "next_at": at, "created_at": at})
