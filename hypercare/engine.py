"""One tick: dispatch the journal, fire timers, send deliveries, and say that it ran."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError

from hypercare import wiring
from hypercare.models import Heartbeat

logger = logging.getLogger("hypercare.engine")

LATE = timedelta(seconds=60)


def tick(*, at: datetime) -> dict[str, int]:
    """Run each part of the engine; a part that fails leaves the others running. Path → rows worked off."""
    done = {path: _run(path, at) for path in wiring.ENGINE}
    _beat(at)
    return done


def _beat(at: datetime) -> None:
    """Say when the engine last ran; a slow tick that ends late never sets the clock back."""
    Heartbeat.objects.get_or_create(name="engine", defaults={"beat_at": at})
    Heartbeat.objects.filter(name="engine", beat_at__lt=at).update(beat_at=at)


def _run(path: str, at: datetime) -> int:
    try:
        return int(wiring.resolve(path)(at=at))
    except DatabaseError:
        raise
    except Exception:
        logger.exception("A part of the engine failed; the others go on")
        return 0


def lateness(*, at: datetime) -> timedelta:
    """How long the most overdue timer or message has been waiting."""
    waiting = [moment for path in wiring.OLDEST_DUE if (moment := wiring.resolve(path)(at)) is not None]
    return max((at - moment for moment in waiting), default=timedelta())


def is_late(*, at: datetime) -> bool:
    """Whether the engine has not run for 60 seconds: reminders and pages are not going out."""
    beat = Heartbeat.objects.filter(name="engine").first()
    return beat is None or at - beat.beat_at > LATE
