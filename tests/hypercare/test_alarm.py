"""The web process tells the admins that the engine is silent, once for each silence; and /metrics."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hypercare import alarm, engine, pause
from hypercare.models import Heartbeat
from tests.contributors.test_delivery import queue
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db


def test_admins_are_mailed_once_for_each_silence(mailoutbox: Any) -> None:
    admin = make_user(is_superuser=True)
    engine.beat("engine", NOW)

    assert alarm.look(at=NOW + timedelta(seconds=119)) is False
    assert alarm.look(at=NOW + timedelta(seconds=121)) is True
    assert alarm.look(at=NOW + timedelta(hours=1)) is False
    engine.beat("engine", NOW + timedelta(hours=2))
    assert alarm.look(at=NOW + timedelta(hours=2)) is False
    assert alarm.look(at=NOW + timedelta(hours=3)) is True

    assert [mail.to for mail in mailoutbox] == [[admin.email], [admin.email]]


def test_a_mail_server_that_is_away_as_well_is_asked_again_at_the_next_look(
    mailoutbox: Any, settings: Any
) -> None:
    make_user(is_superuser=True)
    engine.beat("engine", NOW)
    works, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1

    with pytest.raises(OSError, match="refused"):
        alarm.look(at=NOW + timedelta(minutes=3))
    settings.EMAIL_BACKEND = works

    assert alarm.look(at=NOW + timedelta(minutes=4)) is True
    assert len(mailoutbox) == 1


def test_whoever_serves_pages_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(alarm, "start", lambda: started.append(True))

    importlib.reload(importlib.import_module("hypercare.wsgi"))

    assert started


def test_an_engine_that_beats_but_is_behind_is_told_too(mailoutbox: Any) -> None:
    make_user(is_superuser=True)
    engine.beat("engine", NOW)
    engine.beat("auditor", NOW, NOW - timedelta(minutes=5))

    assert alarm.look(at=NOW) is True
    assert alarm.look(at=NOW + timedelta(seconds=15)) is False


def test_a_paused_engine_and_one_that_never_ran_raise_no_alarm(mailoutbox: Any) -> None:
    assert alarm.look(at=NOW) is False
    engine.beat("engine", NOW)
    pause.pause(why="Maintenance", at=NOW)

    assert alarm.look(at=NOW + timedelta(hours=1)) is False


def test_metrics_are_for_those_with_the_token(settings: Any) -> None:
    assert Client().get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "s3cret"
    assert Client().get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    queue()
    queue(state="dead")
    Heartbeat.objects.create(name="engine", beat_at=NOW)

    text = Client().get("/metrics", headers={"Authorization": "Bearer s3cret"}).content.decode()

    assert 'hypercare_deliveries{state="due"} 1' in text
    assert 'hypercare_deliveries{state="dead"} 1' in text
    assert "hypercare_engine_tick_age_seconds" in text
    assert 'hypercare_lateness_last_hour{le="+Inf"} 0' in text
