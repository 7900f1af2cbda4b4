"""Wake-up hints. A hint may be lost at any time: the tick finds the row a second later."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from hypercare.celery import app

logger = logging.getLogger("hypercare.queue")


def later(task: str = "hypercare.tick") -> None:
    """After the current transaction commits, ask a worker to look now. Never fails, never waits over 0.5 s."""
    if settings.WAKE_UP_HINTS:
        # A nested function: `robust=True` with a partial crashes in Django 5.2 when the callback fails.
        def hint() -> None:
            _publish(task)

        transaction.on_commit(hint, robust=True)


def _publish(task: str) -> None:
    try:
        app.send_task(task, expires=5, retry=False, ignore_result=True)
    except OperationalError:
        logger.warning("No broker to wake the engine; the next tick will find the row.")
