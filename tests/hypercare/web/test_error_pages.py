"""What is answered while the database, or the cache, is away."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client, RequestFactory

from hypercare.models import User
from hypercare.web import caching, error_pages
from hypercare.web.caching import ForgivingRedisCache
from tests.factories import make_user
from tests.hypercare.scene import live_period, signed_in

NOBODY = "redis://127.0.0.1:1/0"  # nothing listens there


def break_with(error: Exception) -> None:
    """Fail as a view does."""
    raise error


def after(error: Exception, path: str) -> Any:
    """What the last resort answers while an error is handled."""
    try:
        break_with(error)
    except type(error):
        return error_pages.server_error(RequestFactory().get(path))


def test_a_program_is_told_that_the_database_is_away_and_when_to_come_back() -> None:
    response = after(OperationalError("shutting down"), "/api/v1/periods/")

    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert response["Retry-After"] == "5"


def test_a_person_is_told_so_on_a_page_that_asks_the_database_nothing() -> None:
    response = after(OperationalError("shutting down"), "/p/BILL/")

    assert response.status_code == 503
    assert "The database is away" in response.content.decode()


def test_another_error_is_ours() -> None:
    response = after(ZeroDivisionError(), "/p/BILL/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


@pytest.fixture
def _no_redis(settings, monkeypatch) -> None:
    monkeypatch.setattr(ForgivingRedisCache, "_away_until", 0.0)
    settings.CACHES = {
        "default": {
            "BACKEND": "hypercare.web.caching.ForgivingRedisCache",
            "LOCATION": NOBODY,
            "OPTIONS": {"socket_connect_timeout": 0.3},
            "KEY_PREFIX": "away",
        }
    }


@pytest.fixture
def lead(db: None) -> User:
    person = make_user("Maja Lindqvist", email="maja@example.test")
    live_period(person)
    return person


@pytest.mark.usefixtures("_no_redis")
@pytest.mark.parametrize("path", ["/", "/p/BILL/", "/p/BILL/incidents/"])
def test_pages_are_shown_while_redis_is_away(lead: User, path: str) -> None:
    assert signed_in(lead).get(path).status_code == 200


@pytest.mark.usefixtures("_no_redis")
def test_people_sign_in_while_redis_is_away(lead: User) -> None:
    response = Client().post("/accounts/login/", {"login": lead.email, "password": "pass-phrase-9"})

    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.usefixtures("_no_redis")
def test_guessing_a_password_is_slowed_down_while_redis_is_away(lead: User) -> None:
    client, wrong = Client(), {"login": lead.email, "password": "wrong"}

    answers = [client.post("/accounts/login/", wrong).status_code for _ in range(11)]

    assert answers == [200] * 10 + [429]


@pytest.mark.usefixtures("_no_redis")
def test_redis_is_left_alone_for_a_while_after_it_did_not_answer(monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(caching.RedisCache, "get", lambda self, *args, **more: asked.append("asked"))

    cache.set("a", 1)  # does not answer

    assert (cache.get("a"), asked) == (1, [])


@pytest.mark.django_db
@pytest.mark.urls("tests.hypercare.failing_urls")
@pytest.mark.parametrize("path", ["/boom/", "/api/v1/boom/"])
def test_an_error_of_ours_shows_nothing_of_its_inside(path: str) -> None:
    client = Client(raise_request_exception=False)

    answer = client.get(path)

    page = answer.content.decode()
    assert answer.status_code == 500
    assert "It has been recorded." in page
    assert [inside for inside in ("canary", "Traceback", "ValueError", ".py") if inside in page] == []
