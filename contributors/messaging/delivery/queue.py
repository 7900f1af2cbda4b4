"""The queue: what is due, who takes it, what is swept up and what is taken back.

Times in conditions are the tick's, which reads the database's clock; leases are compared between machines and
are written and read by the database alone.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from contributors.messaging.delivery import claimed_rows, records, states
from contributors.messaging.delivery.states import LEASE, State
from contributors.models import Breaker, Delivery
from periods.models import Period

BATCH = 200
# What should have gone out this long ago is late: a person gets one late message about an incident, not ten.
LATE = timedelta(seconds=60)

_READY = "{d}.state = 'due' AND {d}.next_at <= %(at)s AND ({d}.not_after IS NULL OR {d}.not_after > %(at)s)"
# A message that comes late has a better one beside it: of the same person and incident, no less urgent,
# and itself late, or sent late just now.
_BETTER = """
    SELECT 1 FROM contributors_delivery b
    WHERE b.period_id = d.period_id AND b.subject = d.subject AND b.recipient_id = d.recipient_id
      AND b.address = d.address AND b.id <> d.id AND b.intended_at < %(late)s
      AND ((b.state = 'due' AND b.attempts = 0 AND b.next_at <= %(at)s
            AND (b.urgency < d.urgency OR (b.urgency = d.urgency AND
                 (b.created_at > d.created_at OR (b.created_at = d.created_at AND b.id > d.id)))))
           OR (b.urgency <= d.urgency AND (b.state = 'sending' OR
               (b.state = 'sent' AND b.sent_at > %(late)s AND b.intended_at < %(long_before)s))))
"""
_IS_BUNDLED = f"""
    d.attempts = 0 AND d.intended_at < %(late)s AND d.subject LIKE 'incident:%%' AND EXISTS ({_BETTER})
"""
_CLAIM = """
    UPDATE contributors_delivery
    SET state = 'sending', fence = fence + 1, attempts = attempts + 1, lease_until = {lease}
    WHERE id {one_of} (
        SELECT d.id FROM contributors_delivery d
        WHERE {ready} {not_busy}
          AND NOT EXISTS (
              SELECT 1 FROM contributors_breaker k WHERE k.address = d.address AND k.open_until > %(at)s)
          AND d.id = (
              SELECT f.id FROM contributors_delivery f WHERE f.address = d.address AND {first_ready}
              ORDER BY f.urgency, f.next_at, f.id LIMIT 1)
          AND NOT (CASE WHEN d.intended_at < %(late)s THEN {is_bundled} ELSE {false} END)
        ORDER BY d.urgency, d.next_at, d.id LIMIT %(count)s {lock}
    ){close}
    RETURNING {returned}
"""
# A queue grows and empties faster than the planner's figures about it. With old ones it sorts everything that is
# due for the few rows that are wanted (23 ms instead of 0.8 with 10,000 due), so it is told to walk the index, and not
# to compile what that advice makes look dear.
_WALK = "".join(f"SET LOCAL {name} = off;" for name in ("enable_sort", "enable_bitmapscan", "enable_seqscan", "jit"))
_DIALECT = {
    "postgresql": {
        "lease": "statement_timestamp() + %(lease)s * interval '1 second'",
        "one_of": "= ANY (ARRAY",
        "close": ")",
        "false": "FALSE",
        "lock": "FOR UPDATE OF d SKIP LOCKED",
        "returned": "*",
    },
    # One writer at a time: what is read in the statement that writes can't be another's.
    "sqlite": {
        "lease": "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', '+' || %(lease)s || ' seconds')",
        "one_of": "IN",
        "close": "",
        "false": "0",
        "lock": "",
        "returned": "id",
    },
}


def claim(count: int, *, at: datetime, busy: Collection[str] = ()) -> list[Delivery]:
    """Lease up to `count` rows to this sender in one statement: one a destination, none to a `busy` one.

    Most urgent first. Recipients and periods are loaded, `is_member` and `was_silent` annotated.
    """
    # Looked at first without a transaction: on SQLite every write waits for the one writer.
    if count <= 0 or (connection.vendor == "sqlite" and not ready_deliveries(at).exists()):
        return []
    params = _params(at, busy) | {"count": count, "lease": LEASE.seconds}
    with connection.cursor() as cursor:
        cursor.execute(_claim_sql(connection.vendor, len(busy)), params)
        found = cursor.fetchall()
        if connection.vendor == "sqlite" and found:  # It can't read on from what an UPDATE returns.
            marks = ", ".join(["%s"] * len(found))
            cursor.execute(
                claimed_rows.select_statement("contributors_delivery", f"WHERE d.id IN ({marks})"),
                [key for (key,) in found],
            )
            found = cursor.fetchall()
    return sorted(claimed_rows.build_deliveries(found), key=lambda row: (row.urgency, row.next_at, row.pk))


@lru_cache(maxsize=64)
def _claim_sql(vendor: str, busy: int) -> str:
    names = ", ".join(f"%(busy{number})s" for number in range(busy))
    claim_ = _CLAIM.format(
        ready=_READY.format(d="d"),
        first_ready=_READY.format(d="f"),
        is_bundled=_IS_BUNDLED,
        not_busy=f"AND d.address NOT IN ({names})" if busy else "",
        **_DIALECT[vendor],
    )
    return (
        claim_
        if vendor == "sqlite"
        else f"{_WALK} WITH claimed AS ({claim_}) {claimed_rows.select_statement('claimed')}"
    )


def _params(at: datetime, busy: Collection[str] = ()) -> dict[str, Any]:
    moments = {"at": at, "late": at - LATE, "long_before": at - 2 * LATE}
    adapt = connection.ops.adapt_datetimefield_value
    return {name: adapt(moment) for name, moment in moments.items()} | {
        f"busy{number}": address for number, address in enumerate(busy)
    }


def ready_deliveries(at: datetime) -> QuerySet[Delivery]:
    """What is due now and not too late, in no order; destinations that are busy or do not answer included."""
    return Delivery.objects.filter(state=State.DUE, next_at__lte=at).exclude(not_after__lte=at)


def oldest_due_at(at: datetime) -> datetime | None:
    """When the longest-waiting message should have gone out; None when nothing waits.

    A destination that does not answer keeps only its own messages waiting: they are not the engine's delay.
    """
    silent = Breaker.objects.filter(address=OuterRef("address"))
    waiting = ready_deliveries(at).exclude(Exists(silent))
    moments = [_first(waiting.filter(urgency=urgency), "next_at") for urgency in Delivery.Urgency.values]
    moments.append(_first(_lapsed(), "lease_until"))
    return min((moment for moment in moments if moment is not None), default=None)


def _first(rows: QuerySet[Delivery], field: str) -> datetime | None:
    return rows.order_by(field).values_list(field, flat=True).first()


def dead_letters(period: Period) -> QuerySet[Delivery]:
    """Messages to people of a period that could not be sent, nor were sent again; newest first, recipients loaded."""
    dead = Delivery.objects.filter(period=period, state__in=(State.DEAD, State.BOUNCED), retried_at=None, hook=None)
    return dead.select_related("recipient").order_by("-settled_at", "-id")


# --- Sweeping up --------------------------------------------------------------------------------


def settle_unneeded(*, at: datetime) -> int:
    """Settle what nobody needs to send: left behind, too late, or sent with another; how many.

    What a dead sender left behind is due again at once, marked uncertain. At most 200 of each in a call.
    """
    return (
        _settle(_lapsed(), states.NOT_REPORTED, at)
        + _settle(Delivery.objects.filter(state=State.DUE, not_after__lte=at), states.TOO_LATE, at)
        + _bundle(at)
    )


def _lapsed() -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=State.SENDING, lease_until__lte=Now())


def _settle(rows: QuerySet[Delivery], result: states.AttemptResult, at: datetime) -> int:
    if not rows.exists():
        return 0  # The usual tick takes no lock.
    with transaction.atomic():
        mine = list(rows.select_for_update(skip_locked=True).order_by("id")[:BATCH])
        for row in mine:
            records.write_result(row, result, at)
    return len(mine)


def _bundle(at: datetime) -> int:
    late = ready_deliveries(at).filter(intended_at__lt=at - LATE, attempts=0, subject__startswith="incident:")
    if not late.exists():
        return 0
    with connection.cursor() as cursor:
        where = f"SELECT d.id FROM contributors_delivery d WHERE {_READY.format(d='d')} AND {_IS_BUNDLED}"  # noqa: S608
        cursor.execute(f"{where} ORDER BY d.id LIMIT {BATCH}", _params(at))
        keys = [row[0] for row in cursor.fetchall()]
    return _settle(late.filter(pk__in=keys), states.BUNDLED, at)


def expire_older_than(moment: datetime, *, at: datetime) -> int:
    """Settle as too late every waiting message that was meant for before a moment; how many."""
    old = Delivery.objects.filter(state=State.DUE, intended_at__lt=moment)
    done = 0
    while count := _settle(old, states.TOO_LATE, at):
        done += count
    return done


# --- Taking back --------------------------------------------------------------------------------


@transaction.atomic
def cancel_unsent(period: Period, subject: str, *, kinds: Collection[str], at: datetime) -> int:
    """Take back messages not yet sent; how many. Call it in the transaction that makes them needless.

    One being sent at this moment can't be stopped, but is never tried again.
    """
    open_ = Delivery.objects.filter(period=period, subject=subject, kind__in=kinds, state__in=Delivery.OPEN)
    # Locked before looking at the state, or a sender's retry could slip between the two updates below.
    rows = list(open_.select_for_update().order_by("id"))
    waiting = [row for row in rows if row.state == State.DUE]
    for row in waiting:
        records.write_result(row, states.TAKEN_BACK, at)
    Delivery.objects.filter(Q(pk__in=[row.pk for row in rows]), state=State.SENDING).update(withdrawn_at=at)
    return len(waiting)
