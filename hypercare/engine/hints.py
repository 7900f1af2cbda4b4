"""Wake-up hints. A hint may be lost at any time: the tick finds the row a second later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic
from typing import Final

from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import producers

from hypercare.celery import app

logger = logging.getLogger(__name__)
_held = threading.local()

PATIENCE_S: Final = 0.4
QUIET_S: Final = 5.0  # After a hint that failed this thread gives none for so long: the next would wait as well.


def hint_after_commit(task: str = "hypercare.tick") -> None:
    """After the current transaction commits, ask a worker to look now. Never fails, never waits over 0.5 s."""
    if settings.WAKE_UP_HINTS:
        # A nested function: `robust=True` with a partial crashes in Django 5.2 when the callback fails.
        def hint() -> None:
            _publish(task)

        transaction.on_commit(hint, robust=True)


@contextmanager
def merge_hints() -> Iterator[None]:
    """Hold this thread's hints until the end and send each once: the engine itself causes one for every row."""
    held: set[str] = set()
    _held.tasks = held
    try:
        yield
    finally:
        _held.tasks = None
        for task in held:
            _publish(task)


def _publish(task: str) -> None:
    if (held := getattr(_held, "tasks", None)) is not None:
        held.add(task)
        return
    if monotonic() < getattr(_held, "quiet_until", 0.0):
        return
    try:
        with producers[_broker()].acquire(block=True, timeout=PATIENCE_S) as producer:
            app.send_task(task, producer=producer, expires=5, retry=False, ignore_result=True)
    except (OperationalError, LimitExceeded):
        _held.quiet_until = monotonic() + QUIET_S
        logger.warning("No broker to wake the engine; the next tick will find the row.")


@lru_cache(maxsize=1)
def _broker() -> Connection:
    """A connection of its own: a worker waits half a minute for its next task, a request waits for nobody."""
    found: Connection = app.connection_for_write(
        transport_options={
            "socket_timeout": PATIENCE_S,
            "socket_connect_timeout": PATIENCE_S,
            "max_retries": 0,
            "interval_start": 0,
            "connect_retries_timeout": PATIENCE_S,
        }
    )
    return found
