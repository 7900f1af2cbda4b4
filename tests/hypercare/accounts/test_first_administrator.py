"""From nothing: the first visit makes the first administrator, once, and only with the code of the terminal."""

from __future__ import annotations

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from hypercare.accounts import first_administrator
from hypercare.accounts.first_administrator import FirstAdministrator, make_first_administrator, setup_code
from hypercare.exceptions import AlreadyDone, Invalid, TooMany
from hypercare.models import User
from tests.factories import make_user

PAGE = "/accounts/first/"
PASSWORD = "a quiet harbour at noon"


def answers(**changes: str) -> dict[str, str]:
    """What the form sends."""
    said = {"email": "Astrid@Example.com", "name": " Astrid  Holm ", "password": PASSWORD, "timezone": "Europe/Oslo"}
    return {"code": setup_code(), **said, **changes}


@pytest.mark.django_db
def test_every_way_in_leads_a_first_visit_to_the_page_that_makes_the_account(client: Client) -> None:
    for path in ("/", "/periods/", "/accounts/login/"):
        assert client.get(path, follow=True).redirect_chain[-1][0] == PAGE, path

    assert "Nobody has an account here yet" in client.get(PAGE).content.decode()


@pytest.mark.django_db
def test_the_code_makes_an_administrator_who_is_signed_in_and_led_to_the_set_up(client: Client) -> None:
    answer = client.post(PAGE, answers())

    user = User.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, "/settings/setup/")
    assert (user.email, user.name, user.timezone) == ("astrid@example.com", "Astrid Holm", "Europe/Oslo")
    assert (user.is_superuser, user.is_staff, user.may_plan) == (True, True, True)
    assert user.check_password(PASSWORD)
    assert client.get("/settings/setup/").status_code == 200


@pytest.mark.django_db
def test_once_somebody_has_an_account_the_page_is_not_there_and_signing_in_is(client: Client) -> None:
    make_user("Maja")

    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, answers()).status_code == 404
    assert "Sign in" in client.get("/accounts/login/").content.decode()
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "AAAAA-AAAAA"}, "This is not the code"),
        ({"code": ""}, "required"),
        ({"email": "astrid"}, "valid email"),
        ({"password": "1234"}, "too short"),
        ({"password": "password1234"}, "too common"),
        ({"timezone": "Oslo"}, "Oslo is not one of"),
        ({"name": "  "}, "required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nobody_is_made(
    client: Client, changes: dict[str, str], words: str
) -> None:
    answer = client.post(PAGE, answers(**changes))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_code_may_be_typed_small_and_without_its_dash(client: Client) -> None:
    assert client.post(PAGE, answers(code=f" {setup_code().lower().replace('-', ' ')} ")).status_code == 302


@pytest.mark.django_db
def test_guessing_ends_after_a_few_tries(settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "codes": 2}
    who, now = FirstAdministrator("a@example.com", "A", PASSWORD), timezone.now()

    def guess(code: str) -> None:
        make_first_administrator(who, code=code, address="203.0.113.9", at=now)

    for _ in range(2):
        with pytest.raises(Invalid):
            guess("AAAAA-AAAAA")
    with pytest.raises(TooMany):
        guess(setup_code())
    assert not User.objects.exists()


def test_the_code_is_an_installations_own_and_easy_to_read(settings: Any) -> None:
    settings.SECRET_KEY = "x" * 50
    one = setup_code()
    settings.SECRET_KEY = "y" * 50

    assert one != setup_code()
    assert len(one) == first_administrator.LENGTH + 1
    assert not set("01IOL") & set(one)


@pytest.mark.django_db
def test_the_command_says_where_and_with_which_code_until_there_is_an_account(settings: Any) -> None:
    settings.BASE_URL = "https://hypercare.example.com"
    said = StringIO()
    call_command("setup_code", stdout=said)

    assert said.getvalue().split() == [f"https://hypercare.example.com{PAGE}", setup_code()]
    make_user("Maja")
    with pytest.raises(CommandError, match="There is an account already"):
        call_command("setup_code", stdout=said)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time")
def test_of_two_first_administrators_at_once_one_is_made() -> None:
    start, outcomes = threading.Barrier(2), []

    def make(email: str) -> None:
        start.wait()
        try:
            who = FirstAdministrator(email, "A", PASSWORD)
            make_first_administrator(who, code=setup_code(), address=email, at=timezone.now())
            outcomes.append("made")
        except AlreadyDone:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make, args=(f"{name}@example.com",)) for name in ("ann", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["made", "refused"]
    assert User.objects.count() == 1
