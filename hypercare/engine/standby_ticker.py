"""Whoever gives the ticks plays the workers' part while they hear none.

Celery's workers hear their ticks through Redis. When it is away or hangs, or every worker is gone, nothing would be
told to anybody. So the process that gives the ticks looks each second when the last one ended, by the database, and
ticks itself after three seconds of silence, until somebody else does again. Every row is claimed, so that a worker
which is only slow loses nothing by it, and nothing is told twice.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connections

from hypercare.database import db_clock
from hypercare.engine import engine, memory_guard
from hypercare.models import Heartbeat

logger = logging.getLogger(__name__)

SILENCE: Final = timedelta(seconds=3)
LOOKS_EVERY: Final = 1.0  # seconds
# Touched after each look, so that a health check sees that this process still does its part, whatever else is away.
LOOKED: Final = Path(tempfile.gettempdir()) / "hypercare-understudy"
_started = threading.Event()


class StandbyTicker:
    """Remembers which tick was its own: the silence of others is what counts."""

    def __init__(self) -> None:
        """It has not stood in yet."""
        self._own: datetime | None = None
        self._since: datetime | None = None

    def look(self, *, at: datetime) -> bool:
        """Tick when nobody else has for three seconds; whether it did.

        A new installation's first tick is the workers' own: nobody knows yet how long it takes them to start.
        """
        last = Heartbeat.objects.filter(name=engine.ENGINE).values_list("beat_at", flat=True).first()
        if last is None or (last != self._own and at - last < SILENCE):
            self._own = self._since = None
            return False
        if self._since is None:
            self._since = at
            logger.warning("No tick has ended since %s: ticking here until workers hear theirs again", last)
        engine.run_turn(at=at)
        engine.record_beat(engine.STANDBY_TICKER, at, self._since)
        self._own = at
        return True


def start_standby() -> None:
    """Look from now on, in a thread of this process; a second call changes nothing."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=tick_forever, name="understudy", daemon=True).start()


def tick_forever() -> None:
    """Look each second, for ever; a database that is away, or a tick that fails, is met again at the next look."""
    ticker, wake = StandbyTicker(), threading.Event()
    while not wake.wait(LOOKS_EVERY):
        try:
            with memory_guard.end_without_memory():
                ticker.look(at=db_clock.now())
        except DatabaseError:
            logger.warning("The database does not answer; looking again", exc_info=True)
            connections.close_all()
        except Exception:
            logger.exception("A tick failed; the next one tries again")
        with suppress(OSError):  # somebody else's file, or a disk that is full: no reason to stop
            LOOKED.touch()
