"""The API of rotations, requests for cover, and what coverage answers."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client

from contributors.models import CoverRequest, Rotation, Shift
from contributors.swaps import cover_requests
from hypercare.models import User
from tests.factories import NOW, make_incident, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def there() -> SimpleNamespace:
    period = make_period()
    role = make_role(period, "Support desk", on_call=True, cover="none")
    kavya, arjun = (make_member(period, make_user(name), role=role).user for name in ("Kavya", "Arjun"))
    shift = make_shift(role, kavya, starts_at=NOW + DAY)
    return SimpleNamespace(
        period=period,
        role=role,
        kavya=kavya,
        arjun=arjun,
        shift=shift,
        lead=period.lead,
        viewer=make_member(period, right="viewer").user,
        stranger=make_user(),
    )


def call(user: User, method: str, there: SimpleNamespace, path: str, data: Any = None) -> Any:
    client = Client()
    client.force_login(user)
    return getattr(client, method)(f"/api/v1/periods/{there.period.key}/{path}", data, content_type="application/json")


def rotation(there: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    return {
        "role": "support desk",
        "name": "Nights",
        "people": [there.kavya.pk, there.arjun.pk],
        "first_on": "2026-11-20",
        "hand_off_at": "08:00",
        **changes,
    }


def test_a_rotation_is_made_read_changed_and_ended(there):
    made = call(there.lead, "post", there, "rotations/", rotation(there))
    pk = made.json()["id"]
    changed = call(there.lead, "put", there, f"rotations/{pk}/", rotation(there, people=[there.arjun.pk]))
    listed = call(there.viewer, "get", there, "rotations/").json()["results"]
    ended = call(there.lead, "delete", there, f"rotations/{pk}/")

    assert (made.status_code, changed.status_code, ended.status_code) == (201, 200, 204)
    assert listed[0]["people"] == [there.arjun.pk]
    assert not Shift.objects.filter(rotation=pk, cancelled_at__isnull=True).exists()
    assert call(there.lead, "get", there, f"rotations/{pk}/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"people": []}, "/people"),
        ({"people": [10**9]}, "/people"),
        ({"role": "Nothing"}, "/role"),
        ({"zone_name": "Mars/Base"}, "/zone_name"),
        ({"hand_off_at": "26:00"}, "/hand_off_at"),
        ({"hours": [{"from": "9", "to": "17:00"}]}, "/hours"),
    ],
)
def test_a_rotation_that_cannot_stand_is_refused_by_its_field(there, changes, pointer):
    answer = call(there.lead, "post", there, "rotations/", rotation(there, **changes))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert not Rotation.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("kavya", 403), ("viewer", 403), ("stranger", 404)])
def test_others_make_no_rotation(there, who, status):
    assert call(getattr(there, who), "post", there, "rotations/", rotation(there)).status_code == status


def test_a_shift_is_offered_and_accepted(there):
    offered = call(there.kavya, "post", there, "cover-requests/", {"shift": there.shift.pk, "users": [there.arjun.pk]})
    pk = offered.json()["id"]

    accepted = call(there.arjun, "post", there, f"cover-requests/{pk}/accept/")
    again = call(there.arjun, "post", there, f"cover-requests/{pk}/accept/")

    assert (offered.status_code, accepted.status_code, again.status_code) == (201, 200, 409)
    assert accepted.json()["state"] == "done"
    assert call(there.viewer, "get", there, f"cover-requests/{pk}/").json()["taken_by"]["name"] == "Arjun"


def test_a_gap_is_offered_with_its_role_and_times(there):
    gap = {
        "role": "Support desk",
        "starts_at": (NOW + 2 * DAY).isoformat(),
        "ends_at": (NOW + 2 * DAY + HOUR).isoformat(),
    }

    answer = call(there.lead, "post", there, "cover-requests/", {**gap, "users": [there.arjun.pk]})

    assert answer.status_code == 201
    assert (
        call(there.lead, "get", there, "cover-requests/?state=open").json()["results"][0]["id"] == answer.json()["id"]
    )


@pytest.mark.parametrize(
    ("data", "pointer"), [({}, "/role"), ({"shift": 10**12}, "/shift"), ({"users": [0]}, "/users")]
)
def test_an_offer_that_says_too_little_is_refused_by_its_field(there, data, pointer):
    answer = call(there.lead, "post", there, "cover-requests/", data)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_strangers_and_those_not_asked_answer_nothing(there):
    wanted = cover_requests.WantedCover(there.role, there.shift.starts_at, there.shift.ends_at, shift=there.shift)
    request = cover_requests.ask(wanted, users=[there.arjun], by=there.kavya, at=NOW)

    assert call(there.stranger, "post", there, f"cover-requests/{request.pk}/accept/").status_code == 404
    assert call(there.viewer, "post", there, f"cover-requests/{request.pk}/accept/").status_code == 403
    assert CoverRequest.objects.get().state == "open"


def test_a_state_nobody_knows_is_refused(there):
    assert call(there.lead, "get", there, "cover-requests/?state=maybe").status_code == 422


@pytest.mark.parametrize("count", [1, 5])
def test_lists_cost_the_same_however_long(there, count, django_assert_max_num_queries):
    for n in range(count):
        shift = make_shift(there.role, there.kavya, starts_at=NOW + (n + 2) * DAY)
        cover_requests.ask(
            cover_requests.WantedCover(there.role, shift.starts_at, shift.ends_at, shift=shift),
            users=[there.arjun],
            by=there.kavya,
            at=NOW,
        )
        call(there.lead, "post", there, "rotations/", rotation(there, name=f"R{n}", layer=n + 1))

    client = Client()
    client.force_login(there.lead)
    for path in ("cover-requests/", "rotations/"):
        with django_assert_max_num_queries(8):
            client.get(f"/api/v1/periods/{there.period.key}/{path}")


def test_coverage_tells_minutes_findings_and_load(there):
    desk = make_role(there.period, "Desk", needs_deputy=True)
    make_shift(desk, there.arjun, starts_at=NOW, hours=20)
    make_incident(there.period, severity="P1", reported_at=NOW + HOUR)

    answer = call(there.lead, "get", there, "coverage/").json()

    assert {"role": "Desk", "minutes": (72 - 20) * 60 + 72 * 60} in answer["roles"]
    assert {gap["duty"] for gap in answer["gaps"]} == {"primary", "deputy"}
    assert ("shift", "block") in [(one["rule"], one["level"]) for one in answer["findings"]]
    load = {row["user"]["name"]: row for row in answer["load"]}
    assert (load["Arjun"]["hours"], load["Arjun"]["serious_per_shift"]) == (20.0, 1.0)
    assert (load["Kavya"]["hours"], load["Kavya"]["on_call_hours"]) == (0.0, 8.0)
