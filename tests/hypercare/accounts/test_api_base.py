"""What every answer of the API has in common: who is asking, how problems read, what never happens twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.accounts.api_tokens import hash_token
from hypercare.models import ApiToken, User
from tests.factories import make_user
from tests.hypercare.scene import live_period, signed_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/periods/BILL/status/"


@pytest.fixture
def person() -> User:
    lead = make_user("Maja Lindqvist")
    live_period(lead)
    return lead


def with_token(user: User, **fields: Any) -> dict[str, str]:
    """Headers of a script that acts for this person."""
    now = timezone.now()
    dates = {"created_at": now, "expires_at": now + timedelta(days=1), **fields}
    ApiToken.objects.create(user=user, name="Script", prefix="hc_t", token_hash=hash_token("hc_text"), **dates)
    return {"Authorization": "Bearer hc_text"}


def test_a_token_does_what_its_person_may_do_and_its_use_is_noted(person: User) -> None:
    headers = with_token(person)

    assert Client().get(URL, headers=headers).status_code == 200
    assert ApiToken.objects.get().last_used_at is not None


def test_a_token_that_only_reads_changes_nothing(person: User) -> None:
    headers = with_token(person, may_write=False)
    client = Client()

    answer = client.post("/api/v1/periods/BILL/incidents/", {}, content_type="application/json", headers=headers)

    assert client.get(URL, headers=headers).status_code == 200
    assert answer.status_code == 403
    assert "only reads" in answer.json()["detail"]


def test_a_token_that_ended_is_not_accepted(person: User) -> None:
    headers = with_token(person, expires_at=timezone.now() - timedelta(seconds=1))

    assert Client().get(URL, headers=headers).status_code == 401


def test_the_token_of_somebody_who_was_switched_off_is_not_accepted(person: User) -> None:
    headers = with_token(person)
    person.is_active = False
    person.save(update_fields=["is_active"])

    assert Client().get(URL, headers=headers).status_code == 401


def test_an_unknown_token_is_401_as_a_problem_document(person: User) -> None:
    response = Client().get(URL, headers={"Authorization": "Bearer hc_other"})

    assert response.status_code == 401
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert {"type", "title", "status", "detail"} <= set(response.json())
    assert "WWW-Authenticate" in response.headers


def test_what_one_may_not_see_is_404_as_a_problem_document(person: User) -> None:
    response = signed_in(make_user()).get(URL)

    assert (response.status_code, response.json()["status"]) == (404, 404)
    assert response.headers["Content-Type"].startswith("application/problem+json")


def test_a_method_nobody_offers_is_405(person: User) -> None:
    assert signed_in(person).put(URL).status_code == 405
