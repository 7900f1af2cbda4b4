"""The API of planning: gaps that stand, the cover of roles, limits, a proposed roster."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from contributors.models import AcceptedGap, Role, Shift
from contributors.shifts import coverage
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def there() -> SimpleNamespace:
    """A live period in which nobody is on the desk from NOW + 4 h to NOW + 8 h."""
    period = make_period()
    role = make_role(period, "Desk", on_call=True)
    ann = make_member(period, make_user("Ann"), role=role).user
    make_shift(role, ann, starts_at=NOW - 20 * HOUR, hours=24)
    for n in range(40):
        make_shift(role, ann, starts_at=NOW + 8 * HOUR + n * DAY, hours=24)
    (gap,) = coverage.find_gaps(period, start=NOW, end=NOW + DAY)
    viewer = make_member(period, right="viewer").user
    return SimpleNamespace(period=period, role=role, ann=ann, lead=period.lead, gap=gap, viewer=viewer)


def call(user: Any, method: str, there: SimpleNamespace, path: str, data: Any = None) -> Any:
    client = APIClient()
    client.force_authenticate(user)
    return getattr(client, method)(f"/api/v1/periods/{there.period.key}/{path}", data, format="json")


def test_a_gap_is_accepted_with_its_reason_listed_and_taken_back(there):
    place = "coverage/accepted-gaps/"
    gap = {"role": "desk", "starts_at": there.gap.start.isoformat(), "reason": "The warehouse is closed"}

    made = call(there.lead, "post", there, place, gap)
    listed = call(there.viewer, "get", there, place).json()

    assert made.status_code == 201, made.json()
    assert [(one["id"], one["reason"], one["accepted_by"]["name"]) for one in listed] == [
        (made.json()["id"], "The warehouse is closed", there.lead.name)
    ]
    assert coverage.upcoming_gaps(there.period, at=NOW) == []
    assert call(there.lead, "post", there, place, gap).status_code == 409
    assert call(there.lead, "delete", there, f"{place}{made.json()['id']}/").status_code == 204
    assert call(there.lead, "delete", there, f"{place}{made.json()['id']}/").status_code == 409
    assert AcceptedGap.objects.get().ended_at == NOW


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [({"reason": ""}, 422, "/reason"), ({"role": "Nobody's"}, 422, "/role"), ({"starts_at": NOW.isoformat()}, 409, "")],
)
def test_a_gap_that_is_not_there_or_has_no_reason_is_refused(there, change, status, pointer):
    gap = {"role": "Desk", "starts_at": there.gap.start.isoformat(), "reason": "Closed", **change}

    answer = call(there.lead, "post", there, "coverage/accepted-gaps/", gap)

    assert answer.status_code == status
    assert pointer in [error["pointer"] for error in answer.json().get("errors", [{"pointer": ""}])]


def test_only_those_who_plan_accept_gaps_and_strangers_see_none(there):
    gap = {"role": "Desk", "starts_at": there.gap.start.isoformat(), "reason": "Closed"}

    assert call(there.viewer, "post", there, "coverage/accepted-gaps/", gap).status_code == 403
    assert call(make_user(), "get", there, "coverage/accepted-gaps/").status_code == 404
    assert not AcceptedGap.objects.exists()


def test_the_cover_of_a_role_is_read_and_changed_by_parts(there):
    (read,) = call(there.viewer, "get", there, "duty-roles/").json()
    change = {
        "cover": "custom",
        "week": [{"days": [0, 1], "from": "08:00", "to": "20:00", "people": 2}],
        "headcount_on": {"mon": 3, "2026-11-23": 6},
        "overlap_minutes": 15,
    }

    answer = call(there.lead, "patch", there, f"duty-roles/{read['id']}/", change)

    assert answer.status_code == 200, answer.json()
    role = Role.objects.get()
    assert (role.cover, role.on_call, role.overlap_minutes) == ("custom", True, 15)
    assert (role.week, role.headcount_on) == (change["week"], change["headcount_on"])
    assert coverage.required_cover(there.period, role, start=NOW, end=NOW + 7 * DAY)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"cover": "sometimes"}, "/cover"),
        ({"cover": "custom"}, "/week"),
        ({"headcount_on": {"someday": 2}}, "/headcount_on"),
        ({"headcount_on": {"2026-13-45": 2}}, "/headcount_on"),
        ({"zone_name": "Mars/Olympus"}, "/zone_name"),
        ({"overlap_minutes": 500}, "/overlap_minutes"),
    ],
)
def test_cover_that_cannot_stand_is_refused_by_its_field(there, change, pointer):
    answer = call(there.lead, "patch", there, f"duty-roles/{there.role.pk}/", change)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert call(there.viewer, "patch", there, f"duty-roles/{there.role.pk}/", {}).status_code == 403


def test_limits_are_set_and_those_left_out_are_the_usual_ones(there):
    answer = call(there.lead, "put", there, "fatigue-limits/", {"shift": {"limit": 10, "level": "warn"}})
    wrong = call(there.lead, "put", there, "fatigue-limits/", {"naps": {"limit": 1, "level": "warn"}})

    assert answer.json()["shift"] == {"limit": 10.0, "level": "warn", "label": "Longest shift", "unit": "hours"}
    assert call(there.viewer, "get", there, "fatigue-limits/").json()["rest"]["limit"] == 11
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/naps")
    assert call(there.viewer, "put", there, "fatigue-limits/", {}).status_code == 403


def test_a_proposed_roster_is_read_accepted_and_undone(there):
    before = Shift.objects.filter(cancelled_at=None).count()
    shown = call(there.lead, "get", there, "roster-proposal/").json()

    late = call(there.lead, "post", there, "roster-proposal/accept/", {"version": shown["version"] + 1})
    taken = call(there.lead, "post", there, "roster-proposal/accept/", {"version": shown["version"]})
    undone = call(there.lead, "post", there, f"roster-proposal/{taken.json()['batch']}/undo/")

    assert [(one["role"], one["user"]["name"]) for one in shown["shifts"]] == [("Desk", "Ann")]
    assert (late.status_code, taken.status_code, taken.json()["shifts"]) == (409, 201, 1)
    assert undone.json()["shifts"] == 1
    assert Shift.objects.filter(cancelled_at=None).count() == before
    assert call(there.viewer, "get", there, "roster-proposal/").status_code == 403
