"""One tick: dispatch the journal, fire timers, send deliveries, and say that it ran."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Subquery

from hypercare import registry
from hypercare.engine import engine_pause, hints, restore
from hypercare.models import Heartbeat, Installation, Setback

logger = logging.getLogger(__name__)

LATE = timedelta(seconds=60)
ENGINE, AUDITOR, STANDBY_TICKER = "engine", "auditor", "understudy"
STOOD_IN = timedelta(seconds=30)  # How long ago the standby ticker may have ticked and still be called on.


@dataclass(frozen=True)
class EngineCondition:
    """How the engine is.

    `beat_at` is None before the first tick; `overdue` is how long the oldest row waits; `alone_since` is since when the
    workers hear no tick and `hypercare/engine/standby_ticker.py` does their work, None while they hear it.
    """

    at: datetime
    beat_at: datetime | None
    overdue: timedelta
    paused_at: datetime | None
    paused_why: str
    setbacks: int
    alone_since: datetime | None = None

    @property
    def silent(self) -> bool:
        """Whether no tick ended for 60 seconds."""
        return self.beat_at is None or self.at - self.beat_at > LATE

    @property
    def late(self) -> bool:
        """Whether reminders and pages are not going out in time."""
        return self.silent or self.overdue > LATE

    @property
    def ok(self) -> bool:
        """Whether everything goes out in time."""
        return not self.late and self.paused_at is None

    @property
    def alone(self) -> timedelta:
        """How long the workers have heard no tick while others did their work."""
        return self.at - self.alone_since if self.alone_since else timedelta()


def run_turn(*, at: datetime) -> None:
    """A tick as a process of its own runs it: a database that was restored pauses the engine first."""
    restore.pause_once_if_restored(at=at)
    tick(at=at)
    restore.remember_position(at=at)


def tick(*, at: datetime) -> dict[str, int]:
    """Run each part of the engine; a part that fails leaves the others running. Path → rows worked off.

    A paused engine does nothing but say that it is alive.
    """
    with hints.merge_hints():
        done = {} if engine_pause.is_paused() else {path: _run(path, at) for path in registry.ENGINE}
    record_beat(ENGINE, at)
    return done


def run_clock(*, at: datetime) -> None:
    """The parts that must not wait for slow receivers; senders call it while they wait for answers."""
    for path in registry.CLOCK:
        _run(path, at)


def record_beat(name: str, at: datetime, oldest_due_at: datetime | None = None) -> None:
    """Say when a part of the engine last ran; a slow tick that ends late never sets the clock back."""
    fresh = {"beat_at": at, "oldest_due_at": oldest_due_at}
    _, created = Heartbeat.objects.get_or_create(name=name, defaults=fresh)
    if not created:
        Heartbeat.objects.filter(name=name, beat_at__lt=at).update(**fresh)


def _run(path: str, at: datetime) -> int:
    try:
        return int(registry.resolve(path)(at=at))
    except (DatabaseError, MemoryError):
        raise
    except Exception:
        logger.exception("A part of the engine failed; the others go on")
        return 0


def oldest_due_at(*, at: datetime) -> datetime | None:
    """When the most overdue timer or message should have gone; None when nothing waits."""
    waiting = [moment for path in registry.OLDEST_DUE if (moment := registry.resolve(path)(at)) is not None]
    return min(waiting, default=None)


def lateness_of_engine(*, at: datetime) -> timedelta:
    """How long the most overdue timer or message has been waiting."""
    oldest = oldest_due_at(at=at)
    return max(at - oldest, timedelta()) if oldest else timedelta()


def read_condition(*, at: datetime) -> EngineCondition:
    """Look at the queues themselves: what health checks ask."""
    beats = {row.name: row for row in Heartbeat.objects.filter(name__in=(ENGINE, STANDBY_TICKER))}
    beat_at = beats[ENGINE].beat_at if ENGINE in beats else None
    paused_at, why = engine_pause.pause_state()
    alone = _alone_since(beats, at)
    return EngineCondition(at, beat_at, lateness_of_engine(at=at), paused_at, why, Setback.objects.count(), alone)


def read_heartbeats(*, at: datetime) -> EngineCondition:
    """Look at the heartbeats alone, in one query (two before the first tick): what every page asks.

    What was overdue when the auditor last looked counts until it looks again.
    """
    rows = Heartbeat.objects.filter(name__in=(ENGINE, AUDITOR, STANDBY_TICKER)).annotate(
        paused_at=Subquery(Installation.objects.values("paused_at")[:1]),
        paused_why=Subquery(Installation.objects.values("paused_why")[:1]),
    )
    beats = {row.name: row for row in rows}
    engine, auditor = beats.get(ENGINE), beats.get(AUDITOR)
    if engine is None:
        return EngineCondition(at, None, timedelta(), *engine_pause.pause_state(), 0)
    seen = auditor.beat_at - auditor.oldest_due_at if auditor and auditor.oldest_due_at else timedelta()
    alone = _alone_since(beats, at)
    return EngineCondition(at, engine.beat_at, seen, engine.paused_at, engine.paused_why, 0, alone)


def _alone_since(beats: Mapping[str, Heartbeat], at: datetime) -> datetime | None:
    """Since when the standby ticker ticks; None when it has not lately."""
    stood_in = beats.get(STANDBY_TICKER)
    return stood_in.oldest_due_at if stood_in and at - stood_in.beat_at <= STOOD_IN else None


def is_late(*, at: datetime) -> bool:
    """Whether reminders and pages are not going out in time, by the heartbeats."""
    return read_heartbeats(at=at).late
