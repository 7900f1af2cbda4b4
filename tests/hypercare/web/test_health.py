"""Liveness for those who watch the installation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.engine import engine, timers

pytestmark = pytest.mark.django_db


def test_it_is_healthy_while_the_database_answers() -> None:
    response = Client().get("/healthz/")

    assert (response.status_code, response.json()) == (200, {"ok": True})


def test_an_engine_that_never_ran_is_late() -> None:
    assert Client().get("/healthz/engine/").status_code == 503


def test_an_engine_that_just_ran_is_on_time() -> None:
    engine.tick(at=timezone.now())

    response = Client().get("/healthz/engine/")

    body = response.json()
    assert body.pop("mailbox")["quarantined"] == 0
    assert (response.status_code, body) == (200, {"ok": True, "oldest_due_s": 0.0, "setbacks": 0, "why": ""})


def test_a_timer_that_waits_for_over_a_minute_is_reported_although_the_engine_beats() -> None:
    now = timezone.now()
    engine.tick(at=now)
    timers.arm("x", kind="period.end", due_at=now - timedelta(minutes=2))

    response = Client().get("/healthz/engine/")

    assert response.status_code == 503
    assert response.json()["oldest_due_s"] >= 120


def test_nothing_is_changed_by_asking() -> None:
    assert Client().post("/healthz/").status_code == 405
