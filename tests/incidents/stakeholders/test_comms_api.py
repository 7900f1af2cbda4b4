"""The API of what people outside are told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from incidents.models import Notice, StatusPage, Subscriber
from incidents.stakeholders import subscribers
from periods.models import Period
from tests.factories import make_incident, make_member, make_user
from tests.incidents.outdoors import ANNA, posted, with_page

pytestmark = pytest.mark.django_db

BASE = "/api/v1/periods/BILL"


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.generic(method, f"{BASE}/{path}", json.dumps(body or {}), "application/json")


@pytest.fixture
def support(period: Period) -> Client:
    person, client = make_user("Kavya Nair"), Client()
    make_member(period, person, right="support")
    client.force_login(person)
    return client


def test_support_tells_people_outside_and_reads_what_was_said(support, period):
    incident = make_incident(period)
    said = {
        "title": "Some invoices were sent twice",
        "state": "identified",
        "text": "We are fixing it.",
        "components": ["Billing engine"],
        "incident": f"BILL-{incident.number}",
        "next_by": (timezone.now() + timedelta(hours=1)).isoformat(),
    }

    made = send(support, "POST", "updates/", said)
    second = {"notice": made.json()["notice"], "state": "resolved", "text": "It is solved."}
    assert send(support, "POST", "updates/", second).status_code == 201

    assert made.status_code == 201
    assert made.json()["incident"] == f"BILL-{incident.number}"
    rows = send(support, "GET", "updates/").json()["results"]
    assert [(row["number"], row["state"], row["solved"]) for row in rows] == [
        (2, "resolved", True),
        (1, "identified", True),
    ]
    assert Notice.objects.get().components == ["Billing engine"]
    again = send(support, "POST", "updates/", second)
    assert (again.status_code, "is solved" in again.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"state": "gone"}, "/state"),
        ({"incident": "BILL-99"}, "/incident"),
        ({"incident": "OTHER-1"}, "/incident"),
        ({"components": ["Nothing"]}, "/components"),
        ({"title": ""}, "/title"),
        ({"notice": 4711}, "/notice"),
        ({"next_by": "2020-01-01T00:00:00Z"}, "/next_by"),
    ],
)
def test_bad_input_names_its_field(support, change, pointer):
    said = {"title": "Slow", "state": "identified", "text": "We are fixing it.", **change}

    answer = send(support, "POST", "updates/", said)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("count", [1, 5])
def test_the_list_costs_the_same_with_one_and_with_five(support, period, count, django_assert_max_num_queries):
    for _ in range(count):
        posted(period)

    with django_assert_max_num_queries(4):
        send(support, "GET", "updates/")


def test_subscribers_are_for_owners(browser, support, period):
    row = subscribers.add(period, None, ANNA, at=timezone.now(), confirmed=True)
    stranger = Client()
    stranger.force_login(make_user())

    assert send(browser, "GET", "subscribers/").json()["results"][0]["email"] == ANNA
    assert send(support, "GET", "subscribers/").status_code == 403
    assert send(stranger, "GET", "subscribers/").status_code == 404
    assert send(stranger, "POST", "updates/", {}).status_code == 404
    assert send(browser, "DELETE", f"subscribers/{row.pk}/").status_code == 204
    assert Subscriber.objects.get().email == ""
    assert send(browser, "DELETE", f"subscribers/{row.pk}/").status_code == 404


def test_the_status_page_is_set_up_by_owners(browser, support, period):
    said = {"visibility": "link", "slug": "billing", "title": "Northlane billing"}

    assert send(browser, "GET", "status-page/").status_code == 404
    assert send(support, "PUT", "status-page/", said).status_code == 403
    made = send(browser, "PUT", "status-page/", said)

    assert made.status_code == 200
    assert "/status/billing/" not in made.json()["url"]
    assert StatusPage.objects.get().visibility == "link"
    with_page(period, "off")
    assert send(browser, "GET", "status-page/").json()["url"] is None
