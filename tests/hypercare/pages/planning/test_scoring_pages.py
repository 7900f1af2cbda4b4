"""The pages of the scoring model: everybody reads, administrators make and return to versions."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from hypercare.models import User
from periods.planning import scoring
from periods.planning.scoring_model import STANDARD, to_data
from tests.factories import make_user
from tests.hypercare.scene import words

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in(make_user("Ada Admin", is_staff=True))


def figures(**changes: Any) -> dict[str, Any]:
    data = to_data(STANDARD)
    flat = {f"weight_{key}": value for key, value in data["weights"].items()}
    flat |= {f"floor_{key}": value for key, value in data["floors"].items()}
    for row in data["bands"]:
        flat |= {f"{row['key']}_{name}": value for name, value in row.items() if name != "key"}
    return {**flat, "cycle_days": 3, "based_on": 1, "reason": "Last year says so.", **changes}


def test_anybody_reads_how_releases_are_scored_and_only_administrators_see_the_way_to_change_it(admin: Client) -> None:
    page = signed_in(make_user()).get("/settings/scoring/").content.decode()
    assert "70 to 100" in page
    assert "It is an emergency release." in page
    assert "Make a new version" not in page
    assert "Make a new version" in admin.get("/settings/scoring/").content.decode()


def test_signing_in_comes_first() -> None:
    assert Client().get("/settings/scoring/").status_code == 302


@pytest.mark.parametrize("path", ["new/", "1/use/"])
def test_somebody_else_changes_nothing(path: str) -> None:
    answer = signed_in(make_user(may_plan=True)).post(
        f"/settings/scoring/{path}", {**figures(high_days=30), "make": "1"}
    )
    assert answer.status_code == 403
    assert scoring.version_in_use() == 1


def test_what_changes_is_shown_before_anything_is_made(admin: Client) -> None:
    answer = admin.post("/settings/scoring/new/", figures(high_days=30, reason="", compare="1"))
    assert answer.status_code == 200
    assert "30 days, 2 more" in words(answer)
    assert scoring.version_in_use() == 1


def test_a_version_is_made_used_and_left_again(admin: Client) -> None:
    assert admin.post("/settings/scoring/new/", figures(high_days=30, make="1")).status_code == 302
    assert scoring.model_in_use().band("high").days == 30
    page = words(admin.get("/settings/scoring/1/"))
    assert "What it would change" in page
    assert "28 days, 2 fewer" in page
    refused = admin.post("/settings/scoring/1/use/", {"reason": ""})
    assert refused.status_code == 422
    assert "kept with the change" in refused.content.decode()
    assert admin.post("/settings/scoring/1/use/", {"reason": "Too long."}).status_code == 302
    assert scoring.version_in_use() == 1
    assert "Too long." in admin.get("/settings/scoring/").content.decode()
    assert admin.post("/settings/scoring/1/use/", {"reason": "Again."}).status_code == 409


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weight_reach": 5}, "The weights total 26"),
        ({"weight_reach": "many"}, "Reach: give a whole number."),
        ({"low_lowest": 0}, "must begin above 0"),
        ({"high_longest": 2}, "within the range"),
        ({"cycle_days": 99}, "from 0 to 15"),
        ({"reason": ""}, "Say why the model changes"),
    ],
)
def test_figures_that_make_no_model_come_back_with_a_sentence(
    admin: Client, changes: dict[str, Any], sentence: str
) -> None:
    answer = admin.post("/settings/scoring/new/", figures(**{"high_days": 30, **changes, "make": "1"}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "There is a problem" in page
    assert sentence in page
    assert scoring.version_in_use() == 1


def test_a_version_made_from_an_old_one_is_refused_with_the_input_kept(admin: Client) -> None:
    admin.post("/settings/scoring/new/", figures(high_days=30, make="1"))
    answer = admin.post("/settings/scoring/new/", figures(high_days=33, make="1"))
    assert answer.status_code == 409
    assert "Version 2 came into use meanwhile" in answer.content.decode()
    assert 'value="33"' in answer.content.decode()


@pytest.mark.parametrize("version", [2, 99999999999999999999])
def test_a_version_that_is_none_is_not_found(admin: Client, version: int) -> None:
    assert admin.get(f"/settings/scoring/{version}/").status_code == 404
