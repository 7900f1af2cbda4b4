"""Wake-up hints: nobody waits for a broker that is dead or stands still, and the engine wakes itself once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from hypercare.celery import app
from hypercare.engine import hints


@pytest.fixture(autouse=True)
def fresh(settings: Any) -> Iterator[None]:
    settings.WAKE_UP_HINTS = True
    hints._broker.cache_clear()
    hints._held.__dict__.clear()
    yield
    hints._broker.cache_clear()
    hints._held.__dict__.clear()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been published."""
    sent: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda name, **_: sent.append(name))
    return sent


@pytest.fixture
def frozen_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """A server that takes connections and never says a word."""
    taken: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        while True:
            try:
                taken.append(server.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    address = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
    monkeypatch.setitem(app.conf, "broker_url", address)
    monkeypatch.setitem(app.conf, "broker_write_url", address)
    monkeypatch.setattr(hints, "PATIENCE_S", 0.05)
    yield taken
    for line in (*taken, server):
        line.close()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_stands_still_is_asked_once_and_then_left_alone(
    frozen_broker: list[socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        with transaction.atomic():
            hints.hint_after_commit()

    assert [record.message for record in caplog.records if record.name == "hypercare.engine.hints"] == [
        "No broker to wake the engine; the next tick will find the row."
    ]
    assert len(frozen_broker) <= 1


@pytest.mark.django_db(transaction=True)
def test_hints_given_together_are_sent_once_at_the_end(published: list[str]) -> None:
    with hints.merge_hints():
        for _ in range(3):
            with transaction.atomic():
                hints.hint_after_commit()
        assert published == []

    assert published == ["hypercare.tick"]


@pytest.mark.django_db(transaction=True)
def test_a_hint_waits_for_the_commit(published: list[str]) -> None:
    with transaction.atomic():
        hints.hint_after_commit()
        assert published == []

    assert published == ["hypercare.tick"]
