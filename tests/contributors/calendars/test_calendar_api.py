"""Calendars over the API: addresses, and imports that are seen before they are accepted."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from contributors.models import Shift
from tests.contributors.calendar_files import PAGERDUTY, export
from tests.factories import NOW, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db
TEXT = export(PAGERDUTY, tomasz="tomasz@northlane.test", priya="sam@vendor.test").decode()


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def client_of(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_a_member_makes_and_ends_their_address_of_a_role():
    period = make_period()
    role, member = make_role(period, "Billing"), make_member(period)
    client, place = client_of(member.user), f"/api/v1/periods/{period.key}/calendars/"

    assert client.get(place).json() == [{"role": "Billing", "role_id": role.pk, "url": None}]
    made = client.post(f"{place}{role.pk}/")
    assert made.status_code == 201
    assert client.get(place).json()[0]["url"] == made.json()["url"]
    assert client.delete(f"{place}{role.pk}/").status_code == 204
    assert client.get(place).json()[0]["url"] is None
    assert client_of(make_user()).get(place).status_code == 404


def test_an_import_is_read_mapped_accepted_and_undone():
    period = make_period()
    make_role(period, "Billing")
    tomasz = make_member(period, make_user("Tomasz", email="tomasz@northlane.test")).user
    client, place = client_of(period.lead), f"/api/v1/periods/{period.key}/calendars/imports/"

    shown = client.post(place, {"role": "billing", "text": TEXT}, format="json")
    assert shown.status_code == 201, shown.json()
    assert (len(shown.json()["added"]), shown.json()["unknown"]) == (1, ["sam@vendor.test"])
    one = f"{place}{shown.json()['id']}/"
    mapped = client.post(f"{one}people/", {"people": {"sam@vendor.test": tomasz.pk}}, format="json").json()
    assert len(mapped["added"]) == 2
    assert client.post(f"{one}accept/", {"version": 999}, format="json").status_code == 409
    accepted = client.post(f"{one}accept/", {"version": client.get(one).json()["version"]}, format="json")
    assert accepted.json()["accepted_at"]
    assert Shift.objects.count() == 2
    assert client.post(f"{one}undo/").json()["undone_at"]
    assert not Shift.objects.filter(cancelled_at=None).exists()


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"role": "Billing"}, "/text"),
        ({"role": "Nothing", "text": TEXT}, "/role"),
        ({"role": "Billing", "text": "hello"}, "/file"),
        ({"role": "Billing", "url": "http://127.0.0.1/x.ics"}, "/url"),
    ],
)
def test_what_cannot_be_read_is_named(sent, pointer):
    period = make_period()
    make_role(period, "Billing")

    answer = client_of(period.lead).post(f"/api/v1/periods/{period.key}/calendars/imports/", sent, format="json")

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_contributors_do_not_import_and_strangers_find_nothing():
    period = make_period()
    place = f"/api/v1/periods/{period.key}/calendars/imports/"

    assert client_of(make_member(period).user).post(place, {}, format="json").status_code == 403
    assert client_of(make_user()).post(place, {}, format="json").status_code == 404
