"""While the workers hear no tick, whoever gives the ticks does their work, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import signals
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from hypercare import celery, registry
from hypercare.engine import alarm, engine, standby_ticker, timers
from hypercare.engine.standby_ticker import StandbyTicker
from hypercare.models import Heartbeat, Timer
from tests import ROOT
from tests.factories import NOW, make_period, make_user
from tests.hypercare.site.test_shell import signed_in, words

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def test_it_ticks_after_three_seconds_of_silence_and_then_each_second() -> None:
    standing_by = StandbyTicker()
    engine.record_beat(engine.ENGINE, NOW)
    period = make_period()
    timers.arm("x", kind="period.reading", due_at=NOW, args={"period": period.pk})

    assert [standing_by.look(at=NOW + n * SECOND) for n in (1, 2, 3, 4, 5)] == [False, False, True, True, True]
    assert Timer.objects.get(key="x").fired_at == NOW + 3 * SECOND


def test_it_stops_as_soon_as_a_worker_ticks() -> None:
    standing_by = StandbyTicker()
    engine.record_beat(engine.ENGINE, NOW)
    assert standing_by.look(at=NOW + 3 * SECOND)

    engine.run_turn(at=NOW + 3.5 * SECOND)

    assert not standing_by.look(at=NOW + 4 * SECOND)
    assert not standing_by.look(at=NOW + 6 * SECOND)
    assert standing_by.look(at=NOW + 7 * SECOND)


def test_of_two_only_one_stands_in() -> None:
    first, second = StandbyTicker(), StandbyTicker()
    engine.record_beat(engine.ENGINE, NOW)

    looks = [(first.look(at=NOW + n * SECOND), second.look(at=NOW + (n + 0.5) * SECOND)) for n in range(1, 7)]

    assert [ticked for ticked, _ in looks] == [False, False, True, True, True, True]
    assert not any(ticked for _, ticked in looks)


def test_it_leaves_the_first_tick_of_an_installation_to_the_workers() -> None:
    assert not StandbyTicker().look(at=NOW)
    assert not Heartbeat.objects.exists()


def test_health_stays_well_and_names_the_workers() -> None:
    now = timezone.now()
    engine.record_beat(engine.ENGINE, now - 9 * SECOND)
    StandbyTicker().look(at=now)

    response = Client().get("/healthz/engine/")

    assert (response.status_code, response.json()["why"]) == (200, "the workers hear no ticks")


@pytest.mark.usefixtures("frozen")
def test_every_page_says_so_after_a_minute_and_no_longer_once_they_hear_again() -> None:
    person, now = make_user(), timezone.now()
    standing_by = StandbyTicker()
    engine.record_beat(engine.ENGINE, now - 80 * SECOND)
    standing_by.look(at=now - 30 * SECOND)
    standing_by.look(at=now)
    assert "The workers are silent." not in words(signed_in(person).get("/"))

    Heartbeat.objects.filter(name=engine.STANDBY_TICKER).update(oldest_due_at=now - 61 * SECOND)
    assert "The workers are silent." in words(signed_in(person).get("/"))

    Heartbeat.objects.filter(name=engine.STANDBY_TICKER).update(beat_at=now - 31 * SECOND)
    assert "The workers are silent." not in words(signed_in(person).get("/"))


def test_admins_are_mailed_once_when_it_has_stood_in_for_two_minutes(mailoutbox: Any) -> None:
    make_user(is_superuser=True)
    standing_by = StandbyTicker()
    engine.record_beat(engine.ENGINE, NOW)
    mailed = []
    for n in range(3, 130):
        standing_by.look(at=NOW + n * SECOND)
        mailed.append(alarm.mail_alarms(at=NOW + n * SECOND, since=NOW))

    assert mailed.count(True) == 1
    assert [mail.subject for mail in mailoutbox] == ["Hypercare still sends, but its workers are silent"]
    assert "Redis" in mailoutbox[0].body


def test_the_clock_of_celery_stands_by_and_a_worker_with_its_own_broker_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(registry, "resolve", lambda path: lambda: begun.append(path))

    for broker in ("memory://", "redis://127.0.0.1:6379/0"):
        monkeypatch.setattr(celery.app.conf, "broker_url", broker)
        signals.beat_init.send(sender=None)

    assert begun == [registry.STANDBY_TICKER]


def healthy(folder: Path) -> bool:
    """What the container's own check says, with this folder for its files."""
    command = [sys.executable, "scripts/health_in_container.py", "beat"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, check=False)
    return done.returncode == 0


def test_a_database_that_is_away_ends_nothing_and_the_clock_is_still_healthy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Woken:
        """Wakes three times, as an event would after a second each."""

        times = 0

        def wait(self, _seconds: float) -> bool:
            self.times += 1
            return self.times > 3

    looked: list[Any] = []

    def look(_self: StandbyTicker, *, at: Any) -> bool:
        looked.append(at)
        raise DatabaseError("away")

    monkeypatch.setattr(StandbyTicker, "look", look)
    monkeypatch.setattr(standby_ticker.threading, "Event", Woken)
    monkeypatch.setattr(standby_ticker.connections, "close_all", lambda: None)
    monkeypatch.setattr(standby_ticker, "LOOKED", tmp_path / standby_ticker.LOOKED.name)
    assert not healthy(tmp_path)

    standby_ticker.tick_forever()

    assert len(looked) == 3
    assert healthy(tmp_path)


def test_a_clock_that_has_not_looked_for_half_a_minute_is_not_healthy(tmp_path: Path) -> None:
    looked = tmp_path / standby_ticker.LOOKED.name
    looked.touch()
    os.utime(looked, (time.time() - 31, time.time() - 31))

    assert not healthy(tmp_path)
