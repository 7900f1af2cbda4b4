"""How much may be asked for: by people, tokens, alert sources and addresses; with Redis and without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from hypercare.accounts.api_tokens import hash_token
from hypercare.exceptions import TooMany
from hypercare.models import ApiToken, User
from hypercare.security import limits
from hypercare.web.caching import ForgivingRedisCache
from incidents.intake import alert_sources
from periods.models import Period
from tests.factories import make_user
from tests.hypercare.scene import live_period, signed_in, words

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, 0, 20, tzinfo=UTC)
READ = "/api/v1/periods/BILL/status/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lead() -> User:
    person = make_user("Maja")
    live_period(person)
    return person


@pytest.fixture
def low(settings):
    def lower(**most: int) -> None:
        settings.LIMITS = {**settings.LIMITS, **most}

    return lower


def bearer(user: User, text: str) -> dict[str, str]:
    ApiToken.objects.create(user=user, name="S", prefix="hc", token_hash=hash_token(text), created_at=NOW)
    return {"Authorization": f"Bearer {text}"}


def is_over(answer: Any, words_of_it: str, *, wait: str = "40") -> bool:
    """Whether it is a problem document that names the limit and says when to come again."""
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json"), answer.content
    assert answer["Retry-After"] == wait
    return words_of_it in answer.json()["detail"]


def test_a_token_that_reads_too_much_waits_for_the_next_minute_and_nobody_else_does(clock, lead: User, low) -> None:
    low(reads=3)
    one, other, client = bearer(lead, "one"), bearer(lead, "other"), Client()
    for _ in range(3):
        assert client.get(READ, headers=one).status_code == 200

    assert is_over(client.get(READ, headers=one), "At most 3 requests a minute that read")
    assert client.get(READ, headers=other).status_code == 200
    assert signed_in(lead).get(READ).status_code == 200
    clock.shift(timedelta(seconds=40))
    assert client.get(READ, headers=one).status_code == 200


def test_changes_are_counted_apart_and_lower(lead: User, low) -> None:
    low(writes=1)
    headers = bearer(lead, "one")
    post = {"path": "/api/v1/periods/BILL/incidents/", "data": "{}", "content_type": "application/json"}
    assert Client().post(**post, headers=headers).status_code == 422

    assert is_over(Client().post(**post, headers=headers), "At most 1 requests a minute that change something")
    assert Client().get(READ, headers=headers).status_code == 200


def test_a_browser_is_counted_by_its_person(lead: User, low) -> None:
    low(reads=1)
    signed_in(lead).get(READ)

    assert is_over(signed_in(lead).get(READ), "requests a minute that read")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guessed"}], ids=["no token", "a wrong one"])
def test_an_address_without_a_valid_token_is_soon_turned_away(lead: User, low, headers) -> None:
    low(unknown=2)
    for _ in range(2):
        assert Client().get(READ, headers=headers).status_code == 401

    assert is_over(Client().get(READ, headers=headers), "from an address that shows no valid token")
    assert Client(REMOTE_ADDR="10.0.0.9").get(READ, headers=headers).status_code == 401
    assert Client().get(READ, headers=bearer(lead, "one")).status_code == 200


def test_an_alert_source_has_its_own_high_limit(lead: User, low, settings) -> None:
    assert settings.LIMITS["hooks"] >= 30_000  # 500 a second
    low(hooks=1)
    period = Period.objects.get(lead=lead)
    _, token = alert_sources.create(period.pk, kind="alertmanager", name="Prometheus", by=lead, at=NOW)
    address = f"/hooks/alertmanager/{token}/"
    alerts = {"data": '{"version": "4", "alerts": []}', "content_type": "application/json"}
    first = Client().post(address, **alerts)
    assert first.status_code != 429

    assert is_over(Client().post(address, **alerts), "for each alert source")


def test_guessing_the_address_of_a_hook_is_soon_turned_away(low) -> None:
    low(unknown=1)
    guess = {"path": "/hooks/alertmanager/guess/", "data": "{}", "content_type": "application/json"}
    assert Client().post(**guess).status_code == 404

    assert is_over(Client().post(**guess), "from an address that shows no valid token")


@pytest.mark.parametrize(
    "path", ["/p/BILL/export/incidents.csv", "/lessons/export.csv", "/p/BILL/comms/subscribers.csv"]
)
def test_files_are_few_a_minute(lead: User, low, path: str) -> None:
    low(exports=1)
    client = signed_in(lead)
    assert client.get(path).status_code == 200

    answer = client.get(path)

    assert (answer.status_code, answer["Retry-After"]) == (429, "40")
    assert "At most 1 files a minute" in words(answer)


def test_a_list_of_the_api_as_a_file_counts_as_one(lead: User, low) -> None:
    low(exports=1)
    headers = bearer(lead, "one")
    path = "/api/v1/periods/BILL/incidents/"
    assert Client().get(path, {"format": "csv"}, headers=headers)["Content-Type"].startswith("text/csv")

    assert is_over(Client().get(path, {"format": "csv"}, headers=headers), "At most 1 files a minute")
    assert Client().get(path, headers=headers).status_code == 200


def test_a_made_up_address_before_the_proxys_own_does_not_help(settings, low) -> None:
    low(unknown=1)
    ask = [{"X-Forwarded-For": f"9.9.9.{n}, 10.1.1.1"} for n in range(2)]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    Client().get(READ, headers=ask[0])

    assert is_over(Client().get(READ, headers=ask[1]), "no valid token")


def test_an_address_of_version_six_counts_with_its_neighbours(low) -> None:
    low(unknown=1)
    Client(REMOTE_ADDR="2001:db8:1:2::1").get(READ)

    assert is_over(Client(REMOTE_ADDR="2001:db8:1:2:ffff::9").get(READ), "no valid token")
    assert Client(REMOTE_ADDR="2001:db8:1:3::1").get(READ).status_code == 401


def test_without_a_trusted_proxy_the_header_is_not_believed(settings, low) -> None:
    low(unknown=1)
    settings.SECURE_PROXY_SSL_HEADER = None
    Client().get(READ, headers={"X-Forwarded-For": "9.9.9.1"})

    assert is_over(Client().get(READ, headers={"X-Forwarded-For": "9.9.9.2"}), "no valid token")


def test_without_redis_everybody_is_still_answered_and_counted(lead: User, low, settings, monkeypatch) -> None:
    monkeypatch.setattr(ForgivingRedisCache, "_away_until", 0.0)  # and put back for the tests after this one
    settings.CACHES = {
        "default": {
            "BACKEND": "hypercare.web.caching.ForgivingRedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_connect_timeout": 0.1},
            "KEY_PREFIX": settings.CACHES["default"]["KEY_PREFIX"],
        }
    }
    low(reads=2)
    headers = bearer(lead, "one")

    answers = [Client().get(READ, headers=headers).status_code for _ in range(3)]

    assert answers == [200, 200, 429]


class Forgetful:
    """A cache that loses a key between two questions, once."""

    def __init__(self) -> None:
        self.kept: int | None = None

    def add(self, key: str, value: int, keep_s: int) -> bool:
        return False

    def set(self, key: str, value: int, keep_s: int) -> None:
        self.kept = value

    def incr(self, key: str) -> int:
        if self.kept is None:
            raise ValueError(key)
        self.kept += 1
        return self.kept


def test_a_count_the_cache_lost_in_between_begins_anew(monkeypatch, low) -> None:
    low(reads=2)
    monkeypatch.setattr(limits, "cache", Forgetful())

    limits.count_or_refuse("reads", 1, at=NOW)
    limits.count_or_refuse("reads", 1, at=NOW)

    with pytest.raises(TooMany) as over:
        limits.count_or_refuse("reads", 1, at=NOW)
    assert over.value.wait_s == 40


# --- Signing in ----------------------------------------------------------------------------------


def sign_in(email: str, password: str, *, address: str = "10.0.0.1") -> Any:
    return Client(REMOTE_ADDR=address).post("/accounts/login/", {"login": email, "password": password})


@pytest.mark.parametrize("known", [True, False], ids=["an account", "no account"])
def test_the_eleventh_wrong_password_is_429_and_the_owner_still_gets_in_elsewhere(known: bool) -> None:
    person = make_user()
    email = person.email if known else "nobody@example.test"
    for _ in range(10):
        assert sign_in(email, "wrong").status_code == 200

    answer = sign_in(email, "wrong")

    assert (answer.status_code, answer["Retry-After"]) == (429, "300")
    assert "Wait five minutes" in words(answer)
    assert sign_in(person.email, "pass-phrase-9").status_code == 429
    assert sign_in(person.email, "pass-phrase-9", address="10.0.0.2").status_code == 302


def test_signing_in_behind_a_proxy_is_counted_by_the_address_it_saw(settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    person = make_user()

    def try_from(address: str, password: str) -> int:
        form = {"login": person.email, "password": password}
        seen = {"X-Forwarded-For": f"1.2.3.4, {address}"}
        return Client(REMOTE_ADDR="172.18.0.5").post("/accounts/login/", form, headers=seen).status_code

    tries = [try_from("10.0.0.1", "wrong") for _ in range(11)]

    assert tries == [200] * 10 + [429]
    assert try_from("10.0.0.2", "pass-phrase-9") == 302
