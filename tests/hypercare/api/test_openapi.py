"""The OpenAPI document against what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.factories import make_user
from tests.hypercare.scene import fill, live_period, signed_in

pytestmark = pytest.mark.django_db
AS_JSON = {"Accept": "application/vnd.oai.openapi+json"}


@pytest.fixture
def api() -> Client:
    lead = make_user("Maja Lindqvist", may_plan=True)
    fill(live_period(lead), 2)
    return signed_in(lead)


def parts(node: Any) -> list[dict[str, Any]]:
    """Every object inside a document."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [*([node] if isinstance(node, dict) else []), *(found for one in inner for found in parts(one))]


def test_a_list_is_described_as_the_page_or_the_array_it_is(api: Client) -> None:
    document = api.get("/api/v1/schema/", headers=AS_JSON).json()
    wrong = []

    for path, operations in document["paths"].items():
        answer = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        said = answer.get("application/json", {}).get("schema", {})
        address = path.replace("{key}-{number}", "BILL-1").replace("/periods/{key}", "/periods/BILL")
        if "{" in address or said.get("type") not in ("array", "object"):
            continue
        response = api.get(address)
        if response.status_code == 200 and isinstance(response.json(), list) != (said["type"] == "array"):
            wrong.append(path)

    assert wrong == []


def test_times_of_day_are_not_promised_with_an_offset(api: Client) -> None:
    document = api.get("/api/v1/schema/", headers=AS_JSON).json()

    assert [part for part in parts(document) if part.get("format") == "time"] == []


def test_what_is_taken_away_answers_as_described(api: Client) -> None:
    document = api.get("/api/v1/schema/", headers=AS_JSON).json()
    wrong = []

    for path, operations in document["paths"].items():
        address = path.replace("{key}-{number}", "BILL-1").replace("/periods/{key}", "/periods/BILL")
        if "delete" not in operations or "{" in address:
            continue
        answer = api.delete(address)
        if str(answer.status_code) not in operations["delete"]["responses"]:
            wrong.append((path, answer.status_code))

    assert wrong == []
