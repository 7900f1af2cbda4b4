"""The engine's brake, the auditor, and noticing a database that was restored."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from hypercare.database import db_clock
from hypercare.engine import engine, engine_pause, overdue_audit, restore, timers
from hypercare.models import Heartbeat, Installation, Timer
from tests.contributors.messaging.test_delivery import queue
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_a_paused_engine_fires_nothing_loses_nothing_and_says_it_is_alive() -> None:
    timers.arm("x", kind="period.end", due_at=NOW, args={"period": 0})
    assert engine_pause.pause(why="Maintenance", at=NOW) is True
    assert engine_pause.pause(why="Again", at=NOW) is False

    assert engine.tick(at=NOW) == {}

    assert Timer.objects.get().fired_at is None
    assert Heartbeat.objects.get().beat_at == NOW
    assert (engine.read_heartbeats(at=NOW).paused_why, engine.read_heartbeats(at=NOW).ok) == ("Maintenance", False)
    assert engine_pause.resume() is True
    assert engine_pause.resume() is False
    assert engine.tick(at=NOW) != {}


def test_a_paused_engine_is_not_healthy() -> None:
    engine.tick(at=db_clock.now())
    engine_pause.pause(why="Maintenance", at=NOW)

    answer = Client().get("/healthz/engine/")

    assert (answer.status_code, answer.json()["why"]) == (503, "paused")


def test_what_the_auditor_found_overdue_is_known_to_every_page() -> None:
    engine.tick(at=NOW)
    timers.arm("x", kind="period.end", due_at=NOW - timedelta(minutes=2))
    assert not engine.is_late(at=NOW)

    found = overdue_audit.audit_overdue(at=NOW)

    assert found.overdue == timedelta(minutes=2)
    assert engine.is_late(at=NOW)


def test_the_auditor_asks_a_constant_number_of_questions_however_much_waits(django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        timers.arm(f"x{number}", kind="period.end", due_at=NOW - timedelta(days=number))
    overdue_audit.audit_overdue(at=NOW - timedelta(seconds=1))

    with django_assert_max_num_queries(12):
        overdue_audit.audit_overdue(at=NOW)


@pytest.fixture
def watcher() -> Any:
    """A watcher outside: counts what it is told."""
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield calls, f"http://127.0.0.1:{server.server_port}/ping"
    server.shutdown()
    server.server_close()


def test_the_watcher_outside_hears_of_it_only_while_all_is_well(watcher: Any, settings: Any) -> None:
    calls, settings.DEAD_MAN_URL = watcher
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    engine.tick(at=NOW)

    overdue_audit.audit_overdue(at=NOW)
    assert calls == ["/ping"]
    timers.arm("x", kind="period.end", due_at=NOW - timedelta(minutes=2))
    overdue_audit.audit_overdue(at=NOW)
    engine_pause.pause(why="Maintenance", at=NOW)
    overdue_audit.audit_overdue(at=NOW)

    assert calls == ["/ping"]


def test_a_watcher_that_cannot_be_reached_harms_nobody() -> None:
    assert overdue_audit.ping_watcher("http://127.0.0.1:9/") is False
    assert overdue_audit.ping_watcher("") is False


# --- A database that was restored ---------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    restore._DONE.clear()


def test_a_fresh_database_belongs_here_and_starts_running() -> None:
    assert restore.pause_if_restored(at=NOW) is False
    assert restore.pause_if_restored(at=NOW) is False
    assert not engine_pause.is_paused()


def test_a_database_from_elsewhere_starts_paused() -> None:
    restore.pause_if_restored(at=NOW)
    Installation.objects.update(mark="another server")

    assert restore.pause_if_restored(at=NOW) is True

    assert engine_pause.pause_state() == (NOW, restore.WHY)
    restore.adopt_database()
    engine_pause.resume()
    assert restore.pause_if_restored(at=NOW) is False


def test_an_embedded_database_that_went_back_in_time_starts_paused() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("On PostgreSQL the tables themselves tell.")
    restore.pause_if_restored(at=NOW)
    engine.tick(at=NOW)
    restore.remember_position(at=NOW + timedelta(hours=1))

    assert restore.pause_if_restored(at=NOW) is True


def test_a_damaged_note_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "installation.json").write_text("{")

    assert restore.pause_if_restored(at=NOW) is False


# --- Commands -----------------------------------------------------------------------------------


def told(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_pausing_says_so_once() -> None:
    assert "is paused." in told("pause_engine", "--why", "Restore tonight.")
    assert "already" in told("pause_engine")
    assert engine_pause.pause_state()[1] == "Restore tonight."


def test_resuming_tells_what_waits_and_changes_nothing_before_it_is_told_how() -> None:
    engine_pause.pause(why="x", at=NOW)
    queue(at=db_clock.now() - timedelta(hours=2))

    said = told("resume_engine")

    assert "1 × page" in said
    assert "Nothing was changed" in said
    assert engine_pause.is_paused()


def test_resuming_can_drop_what_is_old() -> None:
    engine_pause.pause(why="x", at=NOW)
    old, fresh = queue(at=db_clock.now() - timedelta(hours=2)), queue(at=db_clock.now())

    said = told("resume_engine", "--expire", "30")

    old.refresh_from_db()
    fresh.refresh_from_db()
    assert "Dropped as too old: 1" in said
    assert (old.state, fresh.state) == ("expired", "due")
    assert not engine_pause.is_paused()


def test_resuming_can_send_everything() -> None:
    engine_pause.pause(why="x", at=NOW)
    row = queue(at=db_clock.now() - timedelta(hours=2))

    told("resume_engine", "--send")

    row.refresh_from_db()
    assert row.state == "due"
    assert not engine_pause.is_paused()
