"""The senders: claim what is due, send it outside any transaction, record what became of it.

Only the calling thread talks to the database; the crew's threads do nothing but write and send one message at a
time, so a hung receiver never holds a row's neighbours, a lock or a connection.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections

from contributors.channels import Gone, Message, Permanent, Temporary, every_channel, find_channel
from contributors.messaging import rendering
from contributors.messaging.delivery import breakers, queue, records, states
from contributors.messaging.delivery.states import LEASE, NO_ANSWER, SENT, AttemptResult, State
from contributors.models import Delivery
from hypercare.engine import engine, memory_guard

logger = logging.getLogger(__name__)

CLAIMING = timedelta(seconds=8)
LONGEST = timedelta(seconds=18)  # With one time-out after it, a tick stays under 30 seconds.
LINGER = timedelta(milliseconds=900)  # After the last message: what comes next does not wait for a tick.
SLOW = timedelta(milliseconds=500)  # A send that takes longer no longer counts as one of the crew.
MOST_SLOW = 32  # Slow and hung ones together; beyond that they do count.
KEEP_TIME = timedelta(seconds=1)
_LOOK_AGAIN = 0.2  # seconds between looks at the queue while threads are sending
_TOGETHER = 0.03  # seconds an answer waits for its neighbours', so that one statement records and one claims for all
_QUICK = timedelta(seconds=0.05)  # A receiver that takes longer is not waited for in this way.

Send = Callable[[Delivery, Message], None]


class SteadyClock:
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


@dataclass
class Lanes:
    """What one process has under way, whichever tick began it: one send a destination, and who may claim."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    busy: set[str] = field(default_factory=set)
    hung: set[Future[AttemptResult]] = field(default_factory=set)

    @contextmanager
    def my_turn(self) -> Iterator[bool]:
        """Whether this tick may claim; only one of a process does at a time."""
        mine = self.turn.acquire(blocking=False)
        try:
            yield mine
        finally:
            if mine:
                self.turn.release()


_LANES = Lanes()


@dataclass
class _Job:
    delivery: Delivery
    since: timedelta


def send_due(*, at: datetime, lanes: Lanes = _LANES) -> int:
    """Send what is due until nothing is left or 8 seconds are over; how many were accepted.

    Safe with any number of senders: a row is leased to one of them, and the fence makes a report that comes
    too late change nothing. The ticks of one process take turns, so that a process that dies leaves no more
    messages in doubt than it has sender threads; waiting for a hung receiver is not part of the turn.
    """
    queue.settle_unneeded(at=at)
    if not queue.ready_deliveries(at).exists():
        return 0
    crew = _Crew(settings.SENDER_THREADS, SteadyClock(at), lanes)
    try:
        with lanes.my_turn() as mine:
            if mine:
                crew.send_what_is_due()
    finally:
        # Also when the loop broke off: what was sent meanwhile is recorded, or it would be sent again.
        accepted = crew.finish()
    return accepted


class _Crew:
    """The sender threads of one call. Never holds more rows than it has free threads."""

    def __init__(self, size: int, watch: SteadyClock, lanes: Lanes) -> None:
        self._size, self._watch, self._lanes, self._accepted = size, watch, lanes, 0
        self._pool = ThreadPoolExecutor(size + MOST_SLOW, thread_name_prefix="sender")
        self._jobs: dict[Future[AttemptResult], _Job] = {}
        self._kept = timedelta()

    def send_what_is_due(self) -> None:
        """Claim and send until nothing is left or the time for it is over; new rows are seen while it lasts."""
        last = self._watch.spent()
        while (spent := self._watch.spent()) < CLAIMING or (self._jobs and spent < LONGEST):
            # Towards the end nobody knocks where nobody answers: what hangs runs out, and the rest goes on meanwhile.
            silent = breakers.silent_destinations() if spent >= CLAIMING else set()
            memory_guard.check_room()  # What can't be recorded must not be claimed.
            taken = queue.claim(self._free, at=self._watch.now(), busy=sorted(self._lanes.busy | silent))
            for delivery in taken:
                self._start(delivery)
            if self._jobs:
                self._gather()
            elif spent - last > LINGER or self._accepted <= self._size:
                return
            else:
                time.sleep(_LOOK_AGAIN)
            last = self._watch.spent() if taken else last

    def finish(self) -> int:
        """Wait for the last answers, none longer than its time-out; how many messages were accepted in all."""
        try:
            while self._jobs:
                self._gather()
        finally:
            self._dismiss()
        return self._accepted

    @property
    def _free(self) -> int:
        self._lanes.hung -= {job for job in self._lanes.hung if job.done()}
        now = self._watch.spent()
        slow = sum(now - job.since >= SLOW for job in self._jobs.values()) + len(self._lanes.hung)
        young = len(self._jobs) + len(self._lanes.hung) - slow
        return self._size - young - max(0, slow - MOST_SLOW)

    def _start(self, delivery: Delivery) -> None:
        self._lanes.busy.add(delivery.address)
        job = self._pool.submit(_attempt, delivery, delivery.intended_at < self._watch.now() - queue.LATE)
        self._jobs[job] = _Job(delivery, self._watch.spent())

    def _gather(self) -> None:
        """Wait a little, then report the answers that came and the ones that stay out, all at once."""
        self._keep_time()
        wait(self._jobs, timeout=_LOOK_AGAIN, return_when=FIRST_COMPLETED)
        wait(self._quick(), timeout=_TOGETHER)
        outcomes: list[tuple[Delivery, AttemptResult]] = []
        for future, job in list(self._jobs.items()):
            if future.done():
                outcomes.append((job.delivery, future.result()))
            elif self._watch.spent() - job.since >= states.TIMEOUT:
                self._lanes.hung.add(future)
                outcomes.append((job.delivery, NO_ANSWER))
            else:
                continue
            del self._jobs[future]
        if outcomes:
            self._report(outcomes)

    def _quick(self) -> list[Future[AttemptResult]]:
        now = self._watch.spent()
        return [future for future, job in self._jobs.items() if now - job.since < _QUICK]

    def _keep_time(self) -> None:
        """Escalation must not stand still while this thread waits for receivers that hang."""
        if self._watch.spent() - self._kept >= KEEP_TIME:
            self._kept = self._watch.spent()
            engine.run_clock(at=self._watch.now())

    def _report(self, outcomes: list[tuple[Delivery, AttemptResult]]) -> None:
        """Record results, and keep trying to for as long as the lease lasts when the database is away."""
        give_up_at = self._watch.spent() + LEASE
        try:
            while True:
                try:
                    recorded = records.record_results(outcomes, at=self._watch.now())
                except (OperationalError, InterfaceError):
                    if connection.in_atomic_block or self._watch.spent() > give_up_at:
                        raise
                    logger.warning("Sent messages can't be recorded yet; trying again")
                    connection.close()
                    time.sleep(_LOOK_AGAIN)
                else:
                    self._accepted += sum(result is SENT and row in recorded for row, result in outcomes)
                    return
        finally:
            self._lanes.busy -= {row.address for row, _ in outcomes}

    def _dismiss(self) -> None:
        """Let the threads go. One that still hangs ends with its socket; its answer changes nothing."""
        self._lanes.busy -= {job.delivery.address for job in self._jobs.values()}
        self._pool.shutdown(wait=False, cancel_futures=True)
        for channel in every_channel().values():
            channel.hang_up()


# --- In a sender thread -------------------------------------------------------------------------


def _attempt(delivery: Delivery, late: bool) -> AttemptResult:  # noqa: FBT001  handed over by submit()
    try:
        message = _prepare(delivery, late=late)
        if isinstance(message, AttemptResult):
            return message
        return _send(find_channel(delivery.channel).send, delivery, message)
    finally:
        connections.close_all()


def _prepare(delivery: Delivery, *, late: bool) -> Message | AttemptResult:
    """The rendered message, or what is to become of one that must not be sent."""
    wanted = delivery.recipient_id is None or delivery.period_id is None or delivery.is_member  # type: ignore[attr-defined]
    if not wanted:
        return AttemptResult(State.CANCELLED, "The person is no longer part of the period.")
    try:
        return rendering.render(delivery, late=late)
    except MemoryError:  # Not the message's fault.
        return AttemptResult(State.DUE, "The process that was to send it ran out of memory.")
    except Exception as error:  # One message that can't be written must not hold up the others.
        logger.exception("A message can't be written")
        return AttemptResult(State.DEAD, f"The message can't be written: {type(error).__name__}: {error}")


def _send(send: Send, delivery: Delivery, message: Message) -> AttemptResult:
    try:
        send(delivery, message)
    except Temporary as error:
        return AttemptResult(State.DUE, str(error), error.wait, unknown=error.unknown, no_answer=error.no_answer)
    except Gone as error:
        return AttemptResult(State.DEAD, str(error), gone=True)
    except Permanent as error:
        return AttemptResult(State.DEAD, str(error))
    except Exception as error:  # A third party's transport may raise anything.
        logger.exception("A channel failed in a way it does not know")
        return AttemptResult(State.DUE, f"{type(error).__name__}: {error}", unknown=True)
    return SENT
