"""Worker and clock in one process, with no broker server beside it.

Celery's `memory://` transport lives inside a process, so beat must be a thread of the worker: Celery's own
embedded beat is a child process, which would tick into a queue of its own. The threads pool that this needs
has no time limits; the guard below stands in for them by ending the process, and the supervisor starts it
again. Nothing is lost by that: the rows are the truth, and a claim ends with its lease.
"""

import logging
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from celery import Celery, bootsteps, signals
from celery.beat import Scheduler, Service
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.core.management.base import BaseCommand

from hypercare.celery import app
from hypercare.engine.memory_guard import end_process

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """`manage.py worker`: run the engine until TERM."""

    help = "Run the worker and the clock in one process (make run and `up` start it)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the size of the pool."""
        parser.add_argument("--threads", type=int, default=4)

    def handle(self, *args: Any, threads: int, **options: Any) -> None:
        """Run until asked to stop; the exit code is the worker's own."""
        prepare(app)
        worker = app.Worker(
            pool="threads",
            concurrency=threads,
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker.start()
        raise SystemExit(worker.exitcode or 0)


def prepare(celery: Celery) -> None:
    """Set what this process needs beyond the settings that every worker shares."""
    # Connected, though it does nothing: then Celery leaves the logging of settings.py alone.
    signals.setup_logging.connect(keep_logging)
    logging.captureWarnings(capture=True)
    logging.getLogger("py.warnings").addFilter(says_more_than_that_we_are_root)
    if celery.conf.broker_url.startswith("memory:"):
        celery.conf.update(
            broker_url="memory://localhost/",  # kombu warns of an address without a host
            broker_transport_options={"polling_interval": 0.2},  # seconds until an idle worker sees a tick
        )
    celery.steps["worker"].add(TickThread)


def keep_logging(**_: Any) -> None:
    """Answer Celery's question who sets up logging: it is done."""


def says_more_than_that_we_are_root(record: logging.LogRecord) -> bool:
    """Drop Celery's advice about root: inside a container everybody is."""
    return SecurityWarning.__name__ not in record.getMessage()


class TaskGuard:
    """Ends the process when a task runs too long or the ticking stops: both would go unseen otherwise."""

    def __init__(self, *, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`limit` in seconds, for one task and for the silence between two."""
        self._limit = limit
        self._clock = clock
        self._running: dict[str, float] = {}
        self._heard_at = clock()

    def begin(self, *, task_id: str, **_: Any) -> None:
        """Note that a task begins."""
        self._running[task_id] = self._heard_at = self._clock()

    def end(self, *, task_id: str, **_: Any) -> None:
        """Note that a task ended."""
        self._running.pop(task_id, None)

    def fault(self) -> str:
        """Say what is wrong now, in words for the log; empty when all is well."""
        now = self._clock()
        if now - self._heard_at > self._limit:
            return f"No tick has begun for {now - self._heard_at:.0f} s"
        longest = now - min(self._running.copy().values(), default=now)
        return f"A task has run for {longest:.0f} s" if longest > self._limit else ""

    def check(self) -> None:
        """End the process at once on a fault; a thread that hangs cannot be ended alone."""
        fault = self.fault()
        if fault:
            end_process(fault)


class TickThread(bootsteps.StartStopStep):
    """Beat as a thread of the worker, and the guard that watches over it."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def start(self, worker: Any) -> None:
        """Begin to tick. The schedule stays in memory: it is one entry per second and needs no file."""
        self._guard = TaskGuard(limit=settings.CELERY_TASK_TIME_LIMIT)
        # Signals hold their receivers weakly; this step keeps the guard alive as long as the worker lives.
        signals.task_prerun.connect(self._guard.begin)
        signals.task_postrun.connect(self._guard.end)
        worker.timer.call_repeatedly(1.0, self._guard.check)
        self._beat = Service(worker.app, max_interval=1, scheduler_cls=Scheduler)
        threading.Thread(target=self._beat.start, name="beat", daemon=True).start()

    def stop(self, worker: Any) -> None:
        """Tick no more; tasks that run are finished by the pool."""
        self._beat.stop()
