"""One's own profile and tokens for scripts: nobody else's, no token stronger than its maker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from hypercare.accounts import api_tokens
from hypercare.models import ApiToken, User
from tests.factories import make_user
from tests.hypercare.scene import live_period, signed_in

pytestmark = pytest.mark.django_db
ME, TOKENS = "/api/v1/me/profile/", "/api/v1/me/tokens/"
JSON = "application/json"


@pytest.fixture
def person() -> User:
    return make_user("Maja Lindqvist")


def script(user: User, *, may_write: bool = True) -> Client:
    """A client that speaks with a token of the person."""
    _, text = api_tokens.make_token(user, name="Script", may_write=may_write, at=timezone.now())
    return Client(headers={"authorization": f"Bearer {text}"})


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


def test_name_and_zone_are_read_and_changed_and_the_rest_stays(person: User) -> None:
    client = signed_in(person)

    changed = client.patch(ME, {"timezone": "Asia/Kolkata", "name": "Maja L."}, content_type=JSON)

    assert changed.status_code == 200
    shown = client.get(ME).json()
    assert (shown["name"], shown["timezone"], shown["email"]) == ("Maja L.", "Asia/Kolkata", person.email)
    assert (shown["theme"], shown["shortcuts"]) == (person.theme, person.shortcuts)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"name": ""}, "/name"),
        ({"is_staff": True}, "/is_staff"),
        ({"email": "else@example.test"}, "/email"),
        ({"theme": "pink"}, "/theme"),
    ],
)
def test_a_profile_that_cannot_be_names_the_field(person: User, body: dict[str, Any], pointer: str) -> None:
    answer = signed_in(person).patch(ME, body, content_type=JSON)

    assert (answer.status_code, pointers(answer)) == (422, [pointer])


def test_nobody_is_anybody_without_signing_in() -> None:
    assert Client().get(ME).status_code == Client().get(TOKENS).status_code == 401


def test_a_token_is_made_listed_used_and_revoked(person: User) -> None:
    live_period(person)
    client = script(person)

    made = client.post(TOKENS, {"name": "Poller", "may_write": False}, content_type=JSON)
    poller = Client(headers={"authorization": f"Bearer {made.json()['token']}"})
    before = poller.get("/api/v1/periods/").status_code
    ended = client.delete(f"{TOKENS}{made.json()['id']}/")

    assert (made.status_code, before, ended.status_code) == (201, 200, 204)
    assert poller.get("/api/v1/periods/").status_code == 401
    listed = client.get(TOKENS).json()["results"]
    assert [token["name"] for token in listed] == ["Script"]
    assert "token" not in listed[0]


def test_a_token_makes_none_that_may_do_more_or_lasts_longer(person: User) -> None:
    reader = script(person, may_write=False)
    writer = script(person)
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=3))

    refused = reader.post(TOKENS, {"name": "Stronger", "may_write": True}, content_type=JSON)
    made = writer.post(TOKENS, {"name": "Child", "may_write": True}, content_type=JSON)

    assert refused.status_code == 403
    assert made.status_code == 201
    child = ApiToken.objects.get(name="Child")
    assert child.expires_at == ApiToken.objects.filter(name="Script").latest("id").expires_at
    assert not ApiToken.objects.filter(name="Stronger").exists()


def test_a_browser_that_signed_in_long_ago_makes_no_token(person: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser = signed_in(person)
        browser.get("/settings/")
        fresh = browser.post(TOKENS, {"name": "Fresh"}, content_type=JSON)
        clock.shift(timedelta(minutes=6))
        stale = browser.post(TOKENS, {"name": "Stale"}, content_type=JSON)

    assert (fresh.status_code, stale.status_code) == (201, 403)
    assert [token.name for token in api_tokens.living_tokens(person)] == ["Fresh"]


def test_who_owes_a_second_step_makes_no_token_by_token(person: User, settings) -> None:
    client = script(person)
    live_period(person)
    settings.REQUIRE_MFA = True

    answer = client.post(TOKENS, {"name": "Another"}, content_type=JSON)

    assert answer.status_code == 403
    assert "second step" in answer.json()["detail"]


def test_somebody_elses_token_does_not_exist(person: User) -> None:
    token, _ = api_tokens.make_token(make_user("Ana"), name="Hers", may_write=True, at=timezone.now())

    assert script(person).delete(f"{TOKENS}{token.pk}/").status_code == 404
    assert api_tokens.living_tokens(token.user).count() == 1


@pytest.mark.parametrize(("body", "pointer"), [({}, "/name"), ({"name": "x", "scope": "all"}, "/scope")])
def test_a_token_that_cannot_be_names_the_field(person: User, body: dict[str, Any], pointer: str) -> None:
    answer = script(person).post(TOKENS, body, content_type=JSON)

    assert (answer.status_code, pointers(answer)) == (422, [pointer])
