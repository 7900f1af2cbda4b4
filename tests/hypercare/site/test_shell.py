"""The frame around every page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hypercare.engine import engine, engine_pause
from hypercare.models import Heartbeat, User
from hypercare.site.context import frame_context
from periods.models import Period
from tests.factories import make_incident, make_member, make_user
from tests.hypercare.scene import coming_period, fill, live_period, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return make_user("Maja Lindqvist")


def frame(user: User, path: str = "/"):
    request = RequestFactory().get(path)
    request.user = user
    return frame_context(request)["shell"]


def test_live_periods_carry_their_open_incidents_and_a_p1_is_red(person: User) -> None:
    calm, burning = live_period(person, key="CALM"), live_period(person, key="FIRE")
    make_incident(calm, severity="P2", owner=person)
    make_incident(burning, severity="P1", owner=person)
    make_incident(burning, severity="P4", status="resolved", resolved_at=timezone.now())

    rows = {row["url"]: (row["count"], row["red"]) for row in frame(person).live}

    assert rows == {"/p/CALM/": (1, False), "/p/FIRE/": (1, True)}


def test_coming_periods_say_in_how_many_days(person: User) -> None:
    coming_period(person, key="SOON", go_live_at=timezone.now() + timedelta(days=3, hours=1))
    coming_period(person, key="LATE", go_live_at=timezone.now() - timedelta(hours=1))

    assert {row["url"]: row["note"] for row in frame(person).upcoming} == {"/p/SOON/": "3 d", "/p/LATE/": "late"}


def test_ended_periods_and_those_of_others_are_not_listed(person: User) -> None:
    live_period(person, key="OVER", status=Period.Status.CLOSED, ended_at=timezone.now())
    live_period(make_user(), key="OTHER")
    left = live_period(make_user(), key="LEFT")
    make_member(left, person, left_at=timezone.now())

    found = frame(person)

    assert (found.live, found.upcoming, found.open_incidents) == ([], [], 0)


@pytest.mark.parametrize(
    ("path", "section", "current"),
    [
        ("/", "home", False),
        ("/p/BILL/coverage/", "periods", True),
        ("/i/BILL-3/", "incidents", True),
        ("/i/BILLX-3/", "incidents", False),
        ("/shifts/", "shifts", False),
        ("/settings/", "settings", False),
    ],
)
def test_the_frame_knows_where_one_is(person: User, path: str, section: str, current: bool) -> None:
    live_period(person)

    found = frame(person, path)

    assert (found.section, found.live[0]["current"]) == (section, current)


def test_everybody_is_told_when_the_engine_is_late(person: User) -> None:
    browser = signed_in(person)
    late = words(browser.get("/"))
    engine.tick(at=timezone.now())

    assert "Reminders and pages are not going out." in late
    assert "Reminders and pages are not going out." not in words(browser.get("/"))


def test_a_worker_that_died_is_told_after_a_minute_and_not_before(person: User) -> None:
    browser, now = signed_in(person), timezone.now()
    engine.record_beat("engine", now - timedelta(seconds=50))
    assert "Reminders and pages are not going out." not in words(browser.get("/"))

    Heartbeat.objects.update(beat_at=now - timedelta(seconds=70))

    for url in ("/", "/periods/", "/settings/"):
        assert "The worker is silent or behind." in words(browser.get(url))


def test_an_engine_that_beats_but_leaves_things_lying_is_told_too(person: User) -> None:
    now = timezone.now()
    engine.record_beat("engine", now)
    engine.record_beat("auditor", now, now - timedelta(seconds=70))

    assert "The worker is silent or behind." in words(signed_in(person).get("/"))


def test_a_paused_engine_says_why_on_every_page(person: User) -> None:
    browser, now = signed_in(person), timezone.now()
    engine.record_beat("engine", now)
    engine_pause.pause(why="Moving house.", at=now)

    assert "The engine is paused: Moving house." in words(browser.get("/periods/"))
    engine_pause.resume()
    assert "The engine is paused" not in words(browser.get("/periods/"))


def test_the_frame_takes_as_many_queries_for_twenty_rows_as_for_one(person: User) -> None:
    period = live_period(person)
    fill(period, 1)

    with CaptureQueriesContext(connection) as one:
        frame(person)
    fill(period, 19)
    for number in range(10):
        live_period(person, key=f"MORE{number}")
    with CaptureQueriesContext(connection) as twenty:
        frame(person)

    assert len(twenty) == len(one)


def test_an_address_that_only_takes_a_form_says_that_nothing_was_sent():
    person = make_user("Maja Lindqvist")
    live_period(person)

    answer = signed_in(person).get("/p/BILL/settings/start/")

    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert "Nothing was sent" in answer.content.decode()
