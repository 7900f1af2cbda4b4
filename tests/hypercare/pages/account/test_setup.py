"""The set-up page: what an installation still needs, with the line that mends it, and only for administrators."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from hypercare.engine import engine, engine_pause, installation_check
from hypercare.models import Heartbeat, User
from tests.factories import make_user
from tests.hypercare.scene import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/settings/setup/"


@pytest.fixture
def admin() -> User:
    return make_user("Astrid", is_superuser=True)


@pytest.fixture
def client(admin: User) -> Client:
    return signed_in(admin)


def level(code: str) -> str:
    """How one fact is."""
    return next(fact.level for fact in installation_check.read_setup(at=timezone.now()) if fact.code == code)


def beat(ago: timedelta) -> None:
    Heartbeat.objects.update_or_create(name=engine.ENGINE, defaults={"beat_at": timezone.now() - ago})


def test_it_names_each_part_and_offers_the_line_that_is_missing(client: Client, settings: Any) -> None:
    settings.BASE_URL, settings.EMAIL_URL, settings.DEAD_MAN_URL = "http://127.0.0.1:8000", "", ""
    settings.EMAIL_CONFIG = {"EMAIL_FILE_PATH": "/srv/mail"}

    page = client.get(PAGE).content.decode()

    for words in (
        "Worker and clock",
        "BASE_URL=https://",
        "EMAIL_URL=smtp+tls://",
        "DEAD_MAN_URL=",
        "Backup",
        "/srv/mail",
    ):
        assert words in page, words


def test_it_is_for_administrators_and_linked_from_their_settings(client: Client) -> None:
    other = signed_in(make_user("Maja", may_plan=True))

    assert f'href="{PAGE}"' in client.get("/settings/").content.decode()
    assert PAGE not in other.get("/settings/").content.decode()
    assert [other.get(PAGE).status_code, other.post(f"{PAGE}mail/").status_code] == [404, 404]


def test_the_engine_is_ready_when_it_ran_and_not_when_it_is_silent_or_paused() -> None:
    assert level("workers") == "bad"
    beat(timedelta(seconds=2))
    assert level("workers") == "ok"
    beat(timedelta(minutes=5))
    assert level("workers") == "bad"
    beat(timedelta(seconds=2))
    engine_pause.pause(why="A restore", at=timezone.now())
    assert level("workers") == "bad"


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("address", {"BASE_URL": "http://127.0.0.1:8000"}, "todo"),
        ("address", {"BASE_URL": "https://hypercare.example.com"}, "ok"),
        ("mail", {"EMAIL_URL": "", "EMAIL_CONFIG": {"EMAIL_FILE_PATH": "/srv/mail"}}, "todo"),
        ("mail", {"EMAIL_URL": "smtp://mail", "EMAIL_CONFIG": {"EMAIL_HOST": "mail"}}, "ok"),
        ("keys", {"ENCRYPTION_KEYS": []}, "todo"),
        ("keys", {"ENCRYPTION_KEYS": ["x" * 44]}, "ok"),
        ("second-step", {"REQUIRE_MFA": False}, "todo"),
        ("second-step", {"REQUIRE_MFA": True}, "ok"),
        ("mailbox", {"MAILBOX_URL": ""}, "unseen"),
        ("watch", {"DEAD_MAN_URL": ""}, "todo"),
        ("watch", {"DEAD_MAN_URL": "https://hc.example.com/ping"}, "ok"),
        ("backup", {}, "unseen"),
    ],
)
def test_each_fact_follows_what_it_is_about(settings: Any, code: str, changes: dict[str, Any], expected: str) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    assert level(code) == expected


def test_a_redis_that_does_not_answer_is_said_and_the_page_still_opens(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES = {
        "default": {
            "BACKEND": "hypercare.web.caching.ForgivingRedisCache",
            "LOCATION": settings.REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 0.1},
        }
    }

    assert level("redis") == "bad"
    assert "It does not answer" in client.get(PAGE).content.decode()


def test_a_test_mail_goes_to_oneself_at_once(client: Client, admin: User) -> None:
    page = client.post(f"{PAGE}mail/", follow=True).content.decode()

    assert [one.to for one in mail.outbox] == [[admin.email]]
    assert f"took a mail for {admin.email}" in page


def test_what_the_mail_server_says_against_it_is_shown(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise smtplib.SMTPAuthenticationError(535, b"5.7.8 Bad credentials")

    monkeypatch.setattr(installation_check, "send_mail", refuse)

    assert "Bad credentials" in client.post(f"{PAGE}mail/", follow=True).content.decode()
