"""Signing in gives nothing away, leads nowhere else, and takes passwords that are worth the name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from hypercare.models import User
from tests.factories import make_user
from tests.hypercare.scene import words

pytestmark = pytest.mark.django_db
NOBODY = "nobody@example.test"


class Counting(MD5PasswordHasher):
    """Hashing is what takes the time of a sign-in; here it is counted instead."""

    hashed: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        """Note it."""
        self.hashed.append(password)
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _one_moment() -> Iterator[None]:
    """Pages say when they were made."""
    with time_machine.travel(datetime(2026, 11, 23, 9, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def person() -> User:
    return make_user("Maja")


def sign_in(email: str, password: str = "wrong", **more: str) -> Any:  # noqa: S107
    return Client().post("/accounts/login/", {"login": email, "password": password, **more})


def without(page: str, *parts: str) -> str:
    """A page without what belongs to one request."""
    for part in parts:
        page = page.replace(part, "")
    return page


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer_after_the_same_work(
    settings, person: User
) -> None:
    settings.PASSWORD_HASHERS = ["tests.hypercare.accounts.test_signing_in.Counting"]
    person.set_password("pass-phrase-9")
    person.save(update_fields=["password"])
    answers, work = [], []

    for email in (person.email, NOBODY):
        Counting.hashed.clear()
        answer = sign_in(email)
        token = answer.context["csrf_token"]
        answers.append((answer.status_code, without(words(answer), email, str(token))))
        work.append(len(Counting.hashed))

    assert answers[0] == answers[1]
    assert work[0] == work[1] > 0


def test_asking_for_a_new_password_says_the_same_for_every_address_and_writes_to_each(
    person: User, mailoutbox: list[Any]
) -> None:
    pages = []
    for email in (person.email, NOBODY):
        answer = Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        pages.append((answer.redirect_chain, words(answer)))

    assert pages[0] == pages[1]
    assert [mail.to for mail in mailoutbox] == [[person.email], [NOBODY]]
    assert "/accounts/password/reset/key/" in mailoutbox[0].body
    assert "no account" in mailoutbox[1].body
    assert "sign up" not in mailoutbox[1].body


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "///evil.example"]
)
def test_signing_in_leads_to_no_other_site(person: User, place: str) -> None:
    answer = sign_in(person.email, "pass-phrase-9", next=place)

    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_signing_in_leads_where_one_wanted_to_go(person: User) -> None:
    assert sign_in(person.email, "pass-phrase-9", next="/shifts/")["Location"] == "/shifts/"


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/p/BILL/", "/api/v1/periods/"])
def test_a_made_up_host_is_refused(path: str) -> None:
    answer = Client().get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("password", ["password1", "iloveyou", "12345678", "qwertyuiop", "football1", "short7!"])
def test_common_and_short_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


def test_a_password_like_ones_own_address_is_refused(person: User) -> None:
    with pytest.raises(ValidationError):
        validate_password(person.email, person)


def test_a_long_sentence_with_spaces_and_signs_is_a_password(person: User) -> None:
    sentence = "Ein Käse, vier Mäuse und ein sehr langer Satz über das Wetter ✓ "
    client = Client()
    client.force_login(person)
    client.post(
        "/accounts/password/change/", {"oldpassword": "pass-phrase-9", "password1": sentence, "password2": sentence}
    )

    assert len(sentence) >= 64
    assert sign_in(person.email, sentence).status_code == 302


def test_nobody_signs_up() -> None:
    form = {"email": NOBODY, "password1": "pass-phrase-9", "password2": "pass-phrase-9"}

    answer = Client().post("/accounts/signup/", form)

    assert "Accounts are by invitation" in words(answer)
    assert not User.objects.exists()
