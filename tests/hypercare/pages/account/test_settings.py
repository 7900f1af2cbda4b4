"""One's own settings and API tokens."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.accounts.api_tokens import hash_token
from hypercare.models import ApiToken, User
from tests.factories import make_user
from tests.hypercare.scene import live_period, signed_in, words

pytestmark = pytest.mark.django_db
FORM = {"name": "Maja Lindqvist", "timezone": "Asia/Kolkata", "phone": "", "theme": "dark", "shortcuts": "on"}


@pytest.fixture
def person() -> User:
    return make_user("Maja Lindqvist")


def test_what_is_saved_shapes_every_page(person: User) -> None:
    browser = signed_in(person)

    page = words(browser.post("/settings/", FORM, follow=True))

    assert 'data-theme="dark"' in page
    assert "Settings saved." in page
    person.refresh_from_db()
    assert person.timezone == "Asia/Kolkata"


def test_no_two_fields_of_the_page_share_an_id(person: User) -> None:
    ids = re.findall(r' id="([^"]+)"', words(signed_in(person).get("/settings/")))

    assert len(ids) == len(set(ids))
    assert {"id_name", "id_token_name"} <= set(ids)


def test_without_single_keys_the_page_says_so_to_the_script(person: User) -> None:
    browser = signed_in(person)
    browser.post("/settings/", {**FORM, "shortcuts": ""})

    assert 'data-keys="off"' in words(browser.get("/settings/"))


def test_a_zone_that_does_not_exist_is_refused_and_nothing_is_saved(person: User) -> None:
    response = signed_in(person).post("/settings/", {**FORM, "timezone": "Mars/Olympus"})

    assert response.status_code == 422
    assert "There is a problem" in words(response)
    assert "<title>Error:" in words(response)
    person.refresh_from_db()
    assert person.timezone == "UTC"


def test_nobody_makes_themself_an_administrator(person: User) -> None:
    signed_in(person).post("/settings/", {**FORM, "is_staff": "on", "is_superuser": "on", "may_plan": "on"})

    person.refresh_from_db()
    assert (person.is_staff, person.is_superuser, person.may_plan) == (False, False, False)


def test_a_token_is_shown_once_stored_as_a_hash_and_works(person: User) -> None:
    live_period(person)
    browser = signed_in(person)

    response = browser.post("/settings/tokens/", {"name": "Dashboard"})
    token = response.context["new_token"]

    assert token in words(response)
    assert token not in words(browser.get("/settings/"))
    assert ApiToken.objects.get().token_hash == hash_token(token)
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/periods/BILL/status/", headers=headers).status_code == 200


def test_a_token_without_a_purpose_is_refused(person: User) -> None:
    response = signed_in(person).post("/settings/tokens/", {"name": ""})

    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_revoked_token_no_longer_works(person: User) -> None:
    live_period(person)
    browser = signed_in(person)
    token = browser.post("/settings/tokens/", {"name": "Dashboard"}).context["new_token"]

    browser.post(f"/settings/tokens/{ApiToken.objects.get().pk}/revoke/")

    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/periods/BILL/status/", headers=headers).status_code == 401


def test_nobody_revokes_the_token_of_another(person: User) -> None:
    token = ApiToken.objects.create(
        user=make_user(), name="Theirs", prefix="hc_x", token_hash="x" * 64, created_at=timezone.now()
    )

    assert signed_in(person).post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
