"""What the API says to requests that nobody should send, and to those sent twice."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from hypercare.models import FirstAnswer, User
from incidents.models import Incident
from tests.factories import make_user
from tests.hypercare.scene import fill, live_period, signed_in

pytestmark = pytest.mark.django_db
ONE = "/api/v1/periods/BILL/"
LISTS = ("incidents/", "journal/", "checklist/", "actions/", "pages/", "shifts/", "contributors/", "debriefs/")


@pytest.fixture
def lead() -> User:
    person = make_user("Maja Lindqvist")
    fill(live_period(person), 2)
    return person


@pytest.fixture
def api(lead: User) -> Client:
    client = signed_in(lead)
    client.raise_request_exception = False
    return client


def is_problem(response: Any, status: int) -> bool:
    """Whether the answer is a problem document of this status."""
    kind = response.headers["Content-Type"]
    return kind.startswith("application/problem+json") and response.status_code == status == response.json()["status"]


@pytest.mark.parametrize("position", ["abc", "\x00", "2026-99-99", "9" * 30, "1&r=1&o=5"])
@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_was_never_given_out_is_422_or_an_empty_page(api: Client, path: str, position: str) -> None:
    cursor = base64.b64encode(f"p={position}".encode()).decode()

    response = api.get(ONE + path, {"cursor": cursor})

    assert response.status_code == 200 or is_problem(response, 422), response.content


@pytest.mark.parametrize("size", ["0", "-1", "abc", "201", "1000000000", "9" * 5000, "²"])
def test_a_page_size_that_is_not_offered_is_422_and_named(api: Client, size: str) -> None:
    response = api.get(f"{ONE}incidents/", {"page_size": size})

    assert is_problem(response, 422)
    assert response.json()["errors"][0]["pointer"] == "/page_size"


@pytest.mark.parametrize("path", ["/api/v1/lessons/", f"{ONE}incidents/", "/api/v1/periods/"])
@pytest.mark.parametrize("moment", ["1521-02-07T02:26:45+22:35", "0001-01-01T00:00:00+14:00"])
def test_a_moment_in_an_offset_that_databases_do_not_know_is_no_error_of_ours(
    api: Client, path: str, moment: str
) -> None:
    assert api.get(path, {"updated_since": moment}).status_code in (200, 422)


@pytest.mark.parametrize("address", ["/api/v1/nothing/", "/api/v1/periods/BILL/incidents/1e5/"])
def test_an_address_of_the_api_that_nobody_serves_is_a_problem_document(api: Client, address: str) -> None:
    assert is_problem(api.get(address), 404)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_too_deeply_is_400(api: Client, body: str) -> None:
    assert is_problem(api.post(f"{ONE}incidents/", body, content_type="application/json"), 400)


def test_more_text_than_a_megabyte_is_413(api: Client) -> None:
    body = json.dumps({"title": "x" * 1_100_000, "severity": "P4"})

    assert is_problem(api.post(f"{ONE}incidents/", body, content_type="application/json"), 413)


def test_head_answers_as_get_does_without_what_follows(api: Client) -> None:
    got, head = api.get(ONE), api.head(ONE)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(got.content))


def test_a_star_names_every_version(api: Client) -> None:
    assert api.get(ONE, headers={"If-None-Match": "*"}).status_code == 304
    changed = api.patch(ONE, '{"summary": "New"}', content_type="application/json", headers={"If-Match": "*"})
    assert changed.status_code == 200


def report(api: Client, title: str, key: str = "k-1") -> Any:
    """Report an incident under an Idempotency-Key."""
    body = json.dumps({"title": title, "severity": "P4"})
    return api.post(f"{ONE}incidents/", body, content_type="application/json", headers={"Idempotency-Key": key})


def test_the_same_key_answers_the_first_result_and_creates_nothing(api: Client) -> None:
    first, again = report(api, "Invoices late"), report(api, "Invoices late")

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["Idempotent-Replay"] == "true"
    assert Incident.objects.filter(title="Invoices late").count() == 1


def test_the_same_key_with_another_body_is_refused_rather_than_answered_with_the_first(api: Client) -> None:
    report(api, "Invoices late")

    response = report(api, "Payments down")

    assert is_problem(response, 422)
    assert response.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert not Incident.objects.filter(title="Payments down").exists()


def test_a_refused_attempt_leaves_the_key_free_for_the_corrected_one(api: Client) -> None:
    assert report(api, "").status_code == 422
    assert report(api, "Invoices late").status_code == 201


def test_a_key_is_forgotten_after_a_day(api: Client) -> None:
    report(api, "Invoices late")

    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1), tick=False):
        report(api, "Other", key="k-2")

    assert FirstAnswer.objects.count() == 1


def test_the_document_says_how_refusals_and_pages_read(api: Client) -> None:
    paths = api.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()["paths"]

    changed = paths["/api/v1/periods/{key}/"]["patch"]["responses"]
    listed = paths["/api/v1/periods/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert {"400", "401", "403", "404", "409", "412", "413", "415", "422"} <= set(changed)
    assert set(changed["422"]["content"]) == {"application/problem+json"}
    assert set(listed["properties"]) == {"next", "previous", "results"}
