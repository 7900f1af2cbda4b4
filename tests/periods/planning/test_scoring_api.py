"""Scoring models for scripts: read by everybody who signed in, made and chosen by administrators."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from hypercare.models import User
from periods.planning import scoring, scoring_model
from periods.planning.scoring_model import STANDARD
from tests.factories import make_user

pytestmark = pytest.mark.django_db
MODELS = "/api/v1/scoring-models/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return client_of(make_user("Admin", is_staff=True))


def other(**changes: Any) -> dict[str, Any]:
    """A version that asks for more days around critical dates."""
    data = scoring_model.to_data(STANDARD)
    model = {**data, "cycle_days": data["cycle_days"] + 1}
    return {"model": model, "based_on": 1, "reason": "Quarter ends take longer.", **changes}


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def test_a_version_is_made_read_and_left_again(admin: Client) -> None:
    made = post(admin, MODELS, other())
    back = post(admin, f"{MODELS}1/use/", {"reason": "It was right."})

    assert (made.status_code, made.json()["version"], made.json()["in_use"]) == (201, 2, True)
    assert made.json()["model"]["cycle_days"] == STANDARD.cycle_days + 1
    assert (back.status_code, scoring.version_in_use()) == (200, 1)
    shown = admin.get(f"{MODELS}2/").json()
    assert (shown["made_by"]["name"], shown["in_use"]) == ("Admin", False)
    assert [one["version"] for one in admin.get(MODELS).json()] == [2, 1]


def test_everybody_may_read_and_only_administrators_change() -> None:
    client = client_of(make_user("Maja", may_plan=True))

    assert client.get(MODELS).status_code == client.get(f"{MODELS}1/").status_code == 200
    assert post(client, MODELS, other()).status_code == 403
    assert post(client, f"{MODELS}1/use/", {"reason": "x"}).status_code == 403
    assert Client().get(MODELS).status_code == 401


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reason": ""}, "/reason"),
        ({"model": {**scoring_model.to_data(STANDARD), "cycle_days": -1}}, "/cycle_days"),
        ({"model": {"weights": {}}}, "/model/bands"),
    ],
)
def test_a_model_that_cannot_be_names_the_field(admin: Client, changes: dict[str, Any], pointer: str) -> None:
    answer = post(admin, MODELS, other(**changes))

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert scoring.version_in_use() == 1


def test_what_was_made_from_another_version_and_what_is_the_same_are_409(admin: Client) -> None:
    assert post(admin, MODELS, other(based_on=7)).status_code == 409
    assert post(admin, MODELS, other(model=scoring_model.to_data(STANDARD))).status_code == 409
    assert post(admin, f"{MODELS}1/use/", {"reason": "Again."}).status_code == 409


def test_a_version_that_is_none_is_not_found(admin: Client) -> None:
    assert admin.get(f"{MODELS}9/").status_code == 404
    assert post(admin, f"{MODELS}9/use/", {"reason": "x"}).status_code == 422
