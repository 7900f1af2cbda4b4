"""The web process tells the admins that the engine is silent, once for each silence; and /metrics."""

from __future__ import annotations

import importlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from hypercare.engine import alarm, engine, engine_pause
from hypercare.models import Heartbeat
from tests.contributors.messaging.test_delivery import queue
from tests.factories import NOW, make_user
from tests.hypercare.site.test_shell import signed_in, words

pytestmark = pytest.mark.django_db


def look(*, at: datetime) -> bool:
    """As a web process looks that began with NOW."""
    return alarm.mail_alarms(at=at, since=NOW)


def test_admins_are_mailed_once_for_each_silence(mailoutbox: Any) -> None:
    admin = make_user(is_superuser=True)
    engine.record_beat("engine", NOW)

    assert look(at=NOW + timedelta(seconds=119)) is False
    assert look(at=NOW + timedelta(seconds=121)) is True
    assert look(at=NOW + timedelta(hours=1)) is False
    engine.record_beat("engine", NOW + timedelta(hours=2))
    assert look(at=NOW + timedelta(hours=2)) is False
    assert look(at=NOW + timedelta(hours=3)) is True

    assert [mail.to for mail in mailoutbox] == [[admin.email], [admin.email]]


def test_a_mail_server_that_is_away_as_well_is_asked_again_at_the_next_look(mailoutbox: Any, settings: Any) -> None:
    make_user(is_superuser=True)
    engine.record_beat("engine", NOW)
    works, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1

    with pytest.raises(OSError, match="refused"):
        look(at=NOW + timedelta(minutes=3))
    settings.EMAIL_BACKEND = works

    assert look(at=NOW + timedelta(minutes=4)) is True
    assert len(mailoutbox) == 1


def test_whoever_serves_pages_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(alarm, "start_watching", lambda: started.append(True))

    importlib.reload(importlib.import_module("hypercare.wsgi"))

    assert started


def test_an_engine_that_beats_but_is_behind_is_told_too(mailoutbox: Any) -> None:
    make_user(is_superuser=True)
    engine.record_beat("engine", NOW)
    engine.record_beat("auditor", NOW, NOW - timedelta(minutes=5))

    assert look(at=NOW) is True
    assert look(at=NOW + timedelta(seconds=15)) is False


def test_a_paused_engine_raises_no_alarm_whether_or_not_it_ever_ran(mailoutbox: Any) -> None:
    make_user(is_superuser=True)
    engine_pause.pause(why="Maintenance", at=NOW)

    assert look(at=NOW + timedelta(hours=1)) is False
    engine.record_beat("engine", NOW)
    assert look(at=NOW + timedelta(hours=1)) is False
    assert mailoutbox == []


def test_an_engine_that_never_ran_is_told_two_minutes_after_the_web_process_began_to_look(mailoutbox: Any) -> None:
    admin = make_user(is_superuser=True)
    watcher, looks = alarm.EngineWatcher(), [NOW + timedelta(seconds=15 * n) for n in range(20)]

    assert [at - NOW for at in looks if watcher.look(at=at)] == [timedelta(seconds=135)]

    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([admin.email], "Hypercare is not sending: its engine has never run")
    assert "Start worker and beat, and look at their logs." in mail.body


def test_where_nobody_can_be_told_yet_the_first_administrator_is_told_at_the_next_look(mailoutbox: Any) -> None:
    assert look(at=NOW + timedelta(minutes=3)) is False
    make_user(is_superuser=True)

    assert look(at=NOW + timedelta(minutes=4)) is True
    assert look(at=NOW + timedelta(minutes=5)) is False
    assert len(mailoutbox) == 1


def test_every_page_and_the_health_page_say_that_the_engine_never_ran() -> None:
    answer = Client().get("/healthz/engine/")

    assert (answer.status_code, answer.json()["why"]) == (503, "has not run yet")
    assert "Reminders and pages are not going out." in words(signed_in(make_user()).get("/"))


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
