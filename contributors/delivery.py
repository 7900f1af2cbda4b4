"""The sender: claim what is due, send it outside any transaction, record what became of it.

At least once: a repeat happens only where a process died, or an answer stayed out, between sending and
recording, and it always carries the same identity. Only the calling thread talks to the database; the
crew's threads do nothing but send, so a hung receiver never holds a row, a lock or a connection.
Sole writer of `Delivery.state`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from contributors import messages
from contributors.channels import Permanent, Temporary
from contributors.models import Delivery, DeliveryAttempt, Membership
from hypercare import wiring
from periods.models import Period

logger = logging.getLogger("hypercare.delivery")

LEASE = timedelta(seconds=20)
TIMEOUT = timedelta(seconds=10)
CLAIMING = timedelta(seconds=8)  # With one time-out after it, a tick stays under 20 seconds.
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
MOST_ATTEMPTS = 10
MOST_ATTEMPTS_AT_A_PAGE = 6
BATCH = 200
_LOOK_AGAIN = 0.2  # seconds between looks at the queue while threads are sending
_TURN = threading.Lock()

State = Delivery.State
Send = Callable[[Delivery, messages.Message], None]


@dataclass(frozen=True)
class Result:
    """What one attempt came to: the state it asks for and why. `unknown` when it may have arrived."""

    state: State
    detail: str = ""
    wait: timedelta | None = None
    unknown: bool = False


SENT = Result(State.SENT)
NO_ANSWER = Result(State.DUE, f"No answer within {TIMEOUT.seconds} seconds.", unknown=True)
NOT_REPORTED = Result(State.DUE, "The sender stopped before it could say what happened.", unknown=True)
_OUTCOMES = {State.DUE: "retry"}  # The other outcomes are called like their state.


class Watch:
    """The moment it was made for, moving on with the machine's steady clock."""

    def __init__(self, at: datetime) -> None:
        """Start at an instant."""
        self._at = at
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The instant it is now."""
        return self._at + self.spent()

    def spent(self) -> timedelta:
        """How long it has been running."""
        return timedelta(seconds=time.monotonic() - self._started)


def send_due(*, at: datetime, turn: threading.Lock = _TURN) -> int:
    """Send what is due until nothing is left or 8 seconds are over; how many were accepted.

    Safe with any number of senders: a row is leased to one of them, and the fence makes a report that comes
    too late change nothing. The ticks of one process take turns, so that a process that dies leaves no more
    messages in doubt than it has sender threads; waiting for a hung receiver is not part of the turn.
    """
    give_up(at=at)
    if not claimable(at).exists() or not turn.acquire(blocking=False):
        return 0
    crew = _Crew(settings.SENDER_THREADS, Watch(at))
    try:
        try:
            crew.send_what_is_due()
        finally:
            turn.release()
        return crew.wait_for_answers()
    finally:
        crew.dismiss()


# --- The queue ----------------------------------------------------------------------------------


def claimable(at: datetime) -> QuerySet[Delivery]:
    """What may be sent now, most urgent first: due, or left behind by a sender whose lease has lapsed."""
    return (
        Delivery.objects.filter(_ready(), state__in=Delivery.OPEN, next_at__lte=at)
        .exclude(not_after__lte=at)
        .exclude(_worn_out())
        .order_by("urgency", "next_at", "id")
    )


def _ready() -> Q:
    """Leases are compared between machines, so they are read and written on the database's clock."""
    return Q(state=State.DUE) | Q(state=State.SENDING, lease_until__lte=Now())


def _worn_out() -> Q:
    return Q(attempts__gte=MOST_ATTEMPTS) | Q(
        urgency=Delivery.Urgency.PAGE, attempts__gte=MOST_ATTEMPTS_AT_A_PAGE
    )


def oldest_due_at(at: datetime) -> datetime | None:
    """When the longest-waiting message should have gone out; None when nothing waits."""
    return claimable(at).order_by("next_at", "id").values_list("next_at", flat=True).first()


def dead_letters(period: Period) -> QuerySet[Delivery]:
    """Messages of a period that could not be sent, newest first, recipients loaded."""
    dead = Delivery.objects.filter(period=period, state__in=(State.DEAD, State.BOUNCED))
    return dead.select_related("recipient").order_by("-settled_at", "-id")


def claim(count: int, *, at: datetime) -> list[Delivery]:
    """Lease up to `count` rows to this sender; recipients and periods loaded, `is_member` annotated."""
    # Looked at first without a transaction: on SQLite every transaction waits for the one writer.
    return _claim(count, at) if count > 0 and claimable(at).exists() else []


@transaction.atomic
def _claim(count: int, at: datetime) -> list[Delivery]:
    """Lock, then mark.

    Two statements in one short transaction: the rows are locked, those another sender holds passed over,
    then marked. A lapsed row may have arrived, so it is marked uncertain, with a line in its record.
    """
    rows = list(claimable(at).select_for_update(skip_locked=True)[:count])
    lapsed = [row for row in rows if row.state == State.SENDING]
    DeliveryAttempt.objects.bulk_create(
        [_attempt(row, "uncertain", NOT_REPORTED.detail, at) for row in lapsed]
    )
    Delivery.objects.filter(pk__in=[row.pk for row in lapsed]).update(uncertain=True)
    mine = Delivery.objects.filter(pk__in=[row.pk for row in rows])
    mine.update(
        state=State.SENDING, lease_until=Now() + LEASE, fence=F("fence") + 1, attempts=F("attempts") + 1
    )
    members = Membership.objects.filter(
        user=OuterRef("recipient"), period=OuterRef("period"), left_at__isnull=True, user__is_active=True
    )
    loaded = mine.select_related("recipient", "period").annotate(is_member=Exists(members))
    return list(loaded.order_by("urgency", "next_at", "id")) if rows else []


def give_up(*, at: datetime) -> int:
    """Settle what is too late to matter, and what wore out a sender each time; how many."""
    over = Q(not_after__lte=at) & _ready() | _worn_out() & Q(state=State.SENDING, lease_until__lte=Now())
    hopeless = Delivery.objects.filter(over, state__in=Delivery.OPEN).order_by("id")
    return _settle_all(hopeless, at) if hopeless.exists() else 0


@transaction.atomic
def _settle_all(hopeless: QuerySet[Delivery], at: datetime) -> int:
    rows = list(hopeless.select_for_update(skip_locked=True)[:BATCH])
    for row in rows:
        left_behind = row.state == State.SENDING
        result = Result(State.DUE, NOT_REPORTED.detail if left_behind else "", unknown=left_behind)
        _write(row, result, at)
    return len(rows)


@transaction.atomic
def cancel(period: Period, subject: str, *, kinds: Collection[str], at: datetime) -> int:
    """Take back messages not yet sent; how many. Call it in the transaction that makes them needless.

    One being sent at this moment can't be stopped, but is never tried again: its time ends now.
    """
    open_ = Delivery.objects.filter(period=period, subject=subject, kind__in=kinds, state__in=Delivery.OPEN)
    # Locked before looking at the state, or a sender's retry could slip between the two updates below.
    rows = list(open_.select_for_update().order_by("id"))
    waiting = [row for row in rows if row.state == State.DUE]
    for row in waiting:
        _write(row, Result(State.CANCELLED, "No longer needed."), at)
    Delivery.objects.filter(pk__in=[row.pk for row in rows], state=State.SENDING).update(not_after=at)
    return len(waiting)


# --- What an attempt leads to -------------------------------------------------------------------


def record(delivery: Delivery, result: Result, *, at: datetime) -> bool:
    """Write down what an attempt came to. False, and nothing changed, when the lease has gone to another."""
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.SENDING)
        row = mine.select_for_update().first()
        if row is None:
            return False
        _write(row, result, at)
    return True


def _write(row: Delivery, result: Result, at: datetime) -> None:
    """The one place where a state is left: the change and its line in the record, together."""
    state, changes = step(row, result, at=at, chance=random.random())  # noqa: S311  Jitter, not a secret.
    outcome = "uncertain" if result.unknown and state == State.DUE else _OUTCOMES.get(state, state)
    Delivery.objects.filter(pk=row.pk, fence=row.fence).update(state=state, lease_until=None, **changes)
    DeliveryAttempt.objects.create(**_attempt_fields(row, outcome, result.detail, at))


def step(row: Delivery, result: Result, *, at: datetime, chance: float) -> tuple[State, dict[str, Any]]:
    """The state after an attempt and the fields that change with it. Pure; `chance` is from [0, 1).

    A retry turns into `expired` when it would come too late, and into `dead` when it was the last one.
    """
    fields: dict[str, Any] = {
        "uncertain": row.uncertain or result.unknown,
        "last_error": (result.detail or row.last_error)[:2000],
    }
    if result.state == State.SENT:
        return State.SENT, {
            "sent_at": at,
            "settled_at": at,
            "uncertain": fields["uncertain"],
            "last_error": "",
        }
    if result.state != State.DUE:
        return result.state, {**fields, "settled_at": at}
    next_at = at + max(backoff(row.attempts, chance), result.wait or timedelta())
    if row.not_after and row.not_after <= next_at:
        return State.EXPIRED, {**fields, "settled_at": at}
    if row.attempts >= most_attempts(row.urgency):
        return State.DEAD, {**fields, "settled_at": at}
    return State.DUE, {**fields, "next_at": next_at}


def backoff(attempts: int, chance: float) -> timedelta:
    """How long to wait after the n-th attempt: full jitter, uniform in [0, min(15 min, 5 s · 2ⁿ⁻¹)).

    Full jitter spreads retries best (M. Brooker, "Exponential Backoff and Jitter", 2015).
    """
    doublings = min(max(attempts - 1, 0), 20)
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings)) * chance


def most_attempts(urgency: int) -> int:
    """How often a message is tried: a page must become somebody else's within minutes."""
    return MOST_ATTEMPTS_AT_A_PAGE if urgency == Delivery.Urgency.PAGE else MOST_ATTEMPTS


def _attempt_fields(row: Delivery, outcome: str, detail: str, at: datetime) -> dict[str, Any]:
    return {"delivery_id": row.pk, "fence": row.fence, "at": at, "outcome": outcome, "detail": detail[:2000]}


def _attempt(row: Delivery, outcome: str, detail: str, at: datetime) -> DeliveryAttempt:
    return DeliveryAttempt(**_attempt_fields(row, outcome, detail, at))


# --- The crew -----------------------------------------------------------------------------------


class _Crew:
    """The sender threads of one call. Never holds more rows than it has free threads."""

    def __init__(self, size: int, watch: Watch) -> None:
        self._size, self._watch, self._accepted = size, watch, 0
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="sender")
        self._jobs: dict[Future[Result], tuple[Delivery, timedelta]] = {}
        self._hung: set[Future[Result]] = set()

    def send_what_is_due(self) -> None:
        """Claim and send until nothing is left or the time for it is over; new rows are seen while it lasts."""
        while self._watch.spent() < CLAIMING:
            taken = claim(self._free, at=self._watch.now())
            for delivery in taken:
                self._start(delivery)
            if not taken and not self._jobs:
                return
            self._gather()

    def wait_for_answers(self) -> int:
        """Wait for the last answers, none longer than its time-out; how many messages were accepted in all."""
        while self._jobs:
            self._gather()
        return self._accepted

    @property
    def _free(self) -> int:
        self._hung = {job for job in self._hung if not job.done()}
        return self._size - len(self._jobs) - len(self._hung)

    def _start(self, delivery: Delivery) -> None:
        prepared = _prepare(delivery)
        if isinstance(prepared, Result):
            self._report(delivery, prepared)
        else:
            send: Send = wiring.resolve(wiring.CHANNELS[delivery.channel])
            self._jobs[self._pool.submit(_attempt_to_send, send, delivery, prepared)] = (
                delivery,
                self._watch.spent(),
            )

    def _gather(self) -> None:
        """Wait a little, then report the answers that came and the ones that stay out."""
        wait(self._jobs, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED)
        for job, (delivery, since) in list(self._jobs.items()):
            if job.done():
                self._report(delivery, job.result())
            elif self._watch.spent() - since >= TIMEOUT:
                self._hung.add(job)
                self._report(delivery, NO_ANSWER)
            else:
                continue
            del self._jobs[job]

    def _report(self, delivery: Delivery, result: Result) -> None:
        """Record a result, and keep trying to for as long as the lease lasts when the database is away."""
        give_up_at = self._watch.spent() + LEASE
        while True:
            try:
                recorded = record(delivery, result, at=self._watch.now())
            except (OperationalError, InterfaceError):
                if connection.in_atomic_block or self._watch.spent() > give_up_at:
                    raise
                logger.warning("A sent message can't be recorded yet; trying again")
                connection.close()
                time.sleep(_LOOK_AGAIN)
            else:
                self._accepted += recorded and result.state == State.SENT
                return

    def dismiss(self) -> None:
        """Let the threads go. One that still hangs ends with its socket; its answer changes nothing."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _prepare(delivery: Delivery) -> messages.Message | Result:
    """The rendered message, or what is to become of one that must not be sent."""
    wanted = delivery.recipient_id is None or delivery.period_id is None or delivery.is_member  # type: ignore[attr-defined]
    if not wanted:
        return Result(State.CANCELLED, "The person is no longer part of the period.")
    try:
        return messages.render(delivery)
    except Exception as error:  # One message that can't be written must not hold up the others.
        logger.exception("A message can't be written")
        return Result(State.DEAD, f"The message can't be written: {type(error).__name__}: {error}")


def _attempt_to_send(send: Send, delivery: Delivery, message: messages.Message) -> Result:
    try:
        send(delivery, message)
    except Temporary as error:
        return Result(State.DUE, str(error), wait=error.wait)
    except Permanent as error:
        return Result(State.DEAD, str(error))
    except Exception as error:  # A third party's transport may raise anything.
        logger.exception("A channel failed in a way it does not know")
        return Result(State.DUE, f"{type(error).__name__}: {error}", unknown=True)
    finally:
        connections.close_all()
    return SENT
