"""How long somebody stays signed in, and signing out everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hypercare import tasks
from hypercare.models import User
from tests.factories import make_user
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def person() -> User:
    return make_user("Maja")


def browser(person: User) -> Client:
    """Signed in with the form, as people do."""
    client = Client()
    answer = client.post("/accounts/login/", {"login": person.email, "password": "pass-phrase-9"})
    assert answer.status_code == 302
    return client


def is_in(client: Client, **more: Any) -> bool:
    return bool(client.get("/settings/", **more).status_code == 200)


def test_signing_in_makes_a_new_session_so_that_one_planted_before_is_worth_nothing(person: User) -> None:
    client = Client()
    client.get("/accounts/login/")
    client.session["planted"] = True
    client.session.save()
    before = client.session.session_key

    client.post("/accounts/login/", {"login": person.email, "password": "pass-phrase-9"})

    assert is_in(client)
    assert client.session.session_key != before


def test_looking_writes_the_session_every_five_minutes_at_most(person: User) -> None:
    written = []
    with time_machine.travel(NOW, tick=False) as clock:
        client = browser(person)
        for minutes in (0, 4, 5, 6, 10):
            clock.move_to(NOW + timedelta(minutes=minutes))
            with CaptureQueriesContext(connection) as said:
                client.get("/settings/")
            written.append(any(one["sql"].startswith("UPDATE") for one in said))

    assert written == [False, False, True, False, True]


@pytest.mark.parametrize(("idle", "still"), [(timedelta(hours=7, minutes=54), True), (timedelta(hours=8), False)])
def test_a_session_nobody_uses_for_eight_hours_has_ended(clock, person: User, idle, still: bool) -> None:
    client = browser(person)
    client.get("/")
    clock.shift(timedelta(minutes=4))
    client.get("/")
    clock.shift(idle)

    assert is_in(client) is still


def test_use_keeps_it_open_but_no_longer_than_a_day(clock, person: User) -> None:
    client = browser(person)

    open_for = 0
    while is_in(client):
        clock.shift(timedelta(hours=1))
        open_for += 1

    assert open_for == 24


def test_a_page_that_looks_by_itself_is_no_use(clock, person: User) -> None:
    client = browser(person)
    client.get("/")
    for _ in range(8):
        clock.shift(timedelta(hours=1))
        client.get("/_home/today/", headers={"X-Poll": "1", "HX-Request": "true"})

    assert not is_in(client)


def test_the_hours_are_settings(clock, settings, person: User) -> None:
    settings.SESSION_IDLE = timedelta(hours=1)
    client = browser(person)
    client.get("/")
    clock.shift(timedelta(hours=1))

    assert not is_in(client)


def test_a_session_that_ended_also_ended_for_the_api(clock, person: User) -> None:
    client = browser(person)
    client.get("/")
    clock.shift(timedelta(hours=8))

    assert client.get("/api/v1/periods/").status_code == 401


def test_signing_out_everywhere_ends_every_session_with_its_next_request(person: User) -> None:
    here, elsewhere, stranger = browser(person), browser(person), signed_in(make_user())

    answer = here.post("/settings/sign-out-everywhere/")

    assert "You are signed out everywhere." in words(here.get(answer["Location"]))
    assert [is_in(client) for client in (here, elsewhere, stranger)] == [False, False, True]
    assert is_in(browser(person))


def test_only_a_form_signs_out_everywhere(person: User) -> None:
    client = browser(person)

    assert client.get("/settings/sign-out-everywhere/").status_code == 405
    assert is_in(client)
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(person)
    assert guarded.post("/settings/sign-out-everywhere/").status_code == 403
    assert is_in(client)


def test_a_new_password_signs_out_the_other_browsers(person: User) -> None:
    here, elsewhere = browser(person), browser(person)
    new = {"oldpassword": "pass-phrase-9", "password1": "other-phrase-7", "password2": "other-phrase-7"}

    assert here.post("/accounts/password/change/", new).status_code == 302

    assert is_in(here)
    assert not is_in(elsewhere)


def test_somebody_switched_off_is_out_with_the_next_request(person: User) -> None:
    client = browser(person)
    User.objects.filter(pk=person.pk).update(is_active=False)

    assert not is_in(client)


def test_a_session_that_has_ended_leaves_no_row_behind(clock, person: User) -> None:
    browser(person)
    clock.shift(timedelta(hours=23))
    late = browser(person)
    clock.shift(timedelta(hours=2))

    tasks.tidy()

    assert list(Session.objects.values_list("session_key", flat=True)) == [late.session.session_key]
