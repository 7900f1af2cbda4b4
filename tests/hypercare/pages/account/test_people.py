"""The page of an installation's people, and its twin for scripts; neither is there for anybody but administrators."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from hypercare.models import User
from tests.factories import make_user
from tests.hypercare.scene import signed_in

pytestmark = pytest.mark.django_db
PAGE, API = "/settings/people/", "/api/v1/accounts/"


@pytest.fixture
def admin() -> User:
    return make_user("Astrid", is_superuser=True)


@pytest.fixture
def client(admin: User) -> Client:
    return signed_in(admin)


def test_the_list_is_searched_and_comes_in_pages(client: Client) -> None:
    for number in range(55):
        make_user(f"Person {number:02}")

    first, second = client.get(PAGE).content.decode(), client.get(PAGE, {"page": "2"}).content.decode()

    assert "Page 1 of 2" in first
    assert "Person 00" in first
    assert "Person 54" not in first
    assert "Person 54" in second
    assert "Person 07" in client.get(PAGE, {"q": "person 07"}).content.decode()
    assert "Nobody’s name" in client.get(PAGE, {"q": "zzz"}).content.decode()


def test_the_list_asks_the_same_with_one_and_with_many(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(PAGE)
    with django_assert_num_queries(7) as few:
        client.get(PAGE)
    for _ in range(5):
        make_user()
    with django_assert_num_queries(len(few)):
        client.get(PAGE)


def test_somebody_is_added_and_what_is_wrong_is_named(client: Client) -> None:
    said = {"name": "Ines Duarte", "email": "ines@example.com", "timezone": "Europe/Lisbon", "may_plan": "on"}

    assert client.post(f"{PAGE}new/", {**said, "email": "no"}).status_code == 422
    assert client.post(f"{PAGE}new/", said)["Location"] == PAGE
    again = client.post(f"{PAGE}new/", said)

    made = User.objects.get(email="ines@example.com")
    assert (made.timezone, made.may_plan, made.is_superuser) == ("Europe/Lisbon", True, False)
    assert again.status_code == 409
    assert "has an account with this address already" in again.content.decode()


def test_rights_are_ticked_and_the_last_administrator_is_kept(client: Client, admin: User) -> None:
    maja = make_user("Maja", may_plan=True)

    refused = client.post(f"{PAGE}{admin.pk}/", {"may_plan": "on"})
    client.post(f"{PAGE}{maja.pk}/", {})

    maja.refresh_from_db()
    admin.refresh_from_db()
    assert refused.status_code == 409
    assert "only administrator" in refused.content.decode()
    assert (maja.may_plan, admin.is_superuser) == (False, True)


def test_a_script_does_the_same(client: Client, admin: User) -> None:
    kind = "application/json"
    made = client.post(API, {"name": "Ines", "email": "ines@example.com"}, content_type=kind)
    one = f"{API}{made.json()['id']}/"

    assert made.status_code == 201
    assert client.patch(one, {"may_plan": True}, content_type=kind).json()["may_plan"] is True
    assert client.patch(one, {"is_superuser": True}, content_type=kind).status_code == 422
    assert client.patch(f"{API}{admin.pk}/", {"may_administer": False}, content_type=kind).status_code == 409
    assert [row["name"] for row in client.get(API, {"q": "ines"}).json()["results"]] == ["Ines"]


def test_an_account_is_switched_off_and_on_again_by_page_and_script(client: Client) -> None:
    maja = make_user("Maja")
    page, api = f"{PAGE}{maja.pk}/", f"{API}{maja.pk}/"
    theirs = signed_in(maja)

    assert "Holds nothing" in client.get(page).content.decode()
    assert client.get(f"{api}duties/").json() == []
    assert client.post(f"{page}deactivate/")["Location"] == page
    assert theirs.get("/")["Location"].startswith("/accounts/login/")
    assert "Switch on again" in client.get(page).content.decode()
    assert client.post(f"{api}deactivate/").status_code == 409
    assert client.post(f"{api}reactivate/").json()["is_active"] is True
    assert theirs.get("/").status_code == 302, "an ended session stays ended"
    assert client.post(f"{api}deactivate/").json()["is_active"] is False
    assert client.post(f"{page}reactivate/").status_code == 302


def test_for_anybody_else_there_is_nothing_here(admin: User) -> None:
    planner = signed_in(make_user("Maja", may_plan=True))

    for address in (PAGE, f"{PAGE}new/", f"{PAGE}{admin.pk}/", API, f"{API}{admin.pk}/"):
        assert planner.get(address).status_code == 404, address
    assert planner.post(f"{PAGE}{admin.pk}/", {}).status_code == 404
