"""The REST interface of people, shifts, cover and readiness."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contributors.models import Acknowledgement, Membership, Shift
from hypercare.models import User
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
ALL = list(Acknowledgement.STATEMENTS)
JSON = "application/json"


@pytest.fixture(autouse=True)
def _on_day_5():
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def running() -> tuple[Period, Client, str]:
    """A live period, its lead signed in, and the base of its addresses."""
    period = make_period()
    return period, signed_in(period.lead), f"/api/v1/periods/{period.key}"


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


# --- Contributors


def test_contributors_are_listed_with_duty_and_answer():
    period, client, base = running()
    member = make_member(period, make_user("Priya Raman"), role=make_role(period, "Platform"))
    Acknowledgement.objects.create(membership=member, state="ready", statements=ALL, at=NOW)

    rows = client.get(f"{base}/contributors/").json()["results"]

    row = next(row for row in rows if row["user"]["name"] == "Priya Raman")
    assert (row["role"], row["right"], row["answer"]["state"]) == ("Platform", "contributor", "ready")


def test_somebody_is_added_by_address():
    period, client, base = running()
    make_role(period, "Platform")
    body = {"email": "daniel@example.test", "name": "Daniel Osei", "role": "platform"}

    answer = client.post(f"{base}/contributors/", body, content_type=JSON)

    entry = JournalEntry.objects.get(period=period)
    assert answer.status_code == 201
    assert (answer.json()["role"], answer.json()["right"]) == ("Platform", "contributor")
    assert (entry.kind, entry.via) == ("contributor.added", "api")


def test_the_same_idempotency_key_adds_once():
    _, client, base = running()
    body, headers = {"email": "d@example.test", "name": "D"}, {"Idempotency-Key": "k-1"}

    first = client.post(f"{base}/contributors/", body, content_type=JSON, headers=headers)
    second = client.post(f"{base}/contributors/", body, content_type=JSON, headers=headers)

    assert first.json() == second.json()
    assert Membership.objects.filter(user__email="d@example.test").count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nonsense"}, "/email"),
        ({"name": ""}, "/name"),
        ({"right": "boss"}, "/right"),
        ({"role": "Nope"}, "/role"),
    ],
)
def test_bad_input_is_pointed_at(change, pointer):
    _, client, base = running()
    body = {"email": "d@example.test", "name": "D", **change}

    answer = client.post(f"{base}/contributors/", body, content_type=JSON)

    assert answer.status_code == 422
    assert pointers(answer) == [pointer]
    assert not User.objects.filter(email="d@example.test").exists()


def test_a_member_is_not_added_twice():
    period, client, base = running()
    priya = make_member(period, make_user("Priya Raman")).user

    answer = client.post(f"{base}/contributors/", {"email": priya.email, "name": "P"}, content_type=JSON)

    assert answer.status_code == 409
    assert "Priya Raman is already part of" in answer.json()["reasons"][0]


def test_a_body_that_is_not_json_is_refused():
    _, client, base = running()

    assert client.post(f"{base}/contributors/", "{nonsense", content_type=JSON).status_code == 400
    assert client.post(f"{base}/contributors/", {"email": "x"}).status_code == 415


def test_reminding_and_releasing():
    period, client, base = running()
    member = make_member(period, role=make_role(period))

    reminded = client.post(f"{base}/contributors/{member.pk}/remind/", content_type=JSON)
    released = client.post(f"{base}/contributors/{member.pk}/release/", content_type=JSON)

    member.refresh_from_db()
    assert reminded.json()["invited_at"] == "2026-11-18T13:12:00Z"
    assert (released.status_code, member.left_at) == (204, NOW)
    assert client.get(f"{base}/contributors/{member.pk}/").status_code == 404


# --- Answers


def asked() -> tuple[Membership, Client, str]:
    period = make_period(Period.Status.READINESS)
    member = make_member(period, role=make_role(period), invited_at=GO_LIVE - timedelta(days=3))
    return member, signed_in(member.user), f"/api/v1/periods/{period.key}/contributors/{member.pk}"


def test_somebody_says_that_they_are_ready():
    member, client, path = asked()

    answer = client.post(f"{path}/acknowledge/", {"statements": ALL}, content_type=JSON)

    assert answer.status_code == 200
    assert answer.json()["answer"]["state"] == "ready"
    assert JournalEntry.objects.get(period=member.period).via == "api"


def test_a_missing_statement_is_named():
    _, client, path = asked()

    answer = client.post(f"{path}/acknowledge/", {"statements": ALL[1:]}, content_type=JSON)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/statements", "detail": "Tick “I have read the runbook”, or choose Something is missing."}
    ]
    assert not Acknowledgement.objects.exists()


def test_the_same_answer_again_is_a_conflict_that_says_when():
    _, client, path = asked()
    client.post(f"{path}/acknowledge/", {"statements": ALL}, content_type=JSON)

    answer = client.post(f"{path}/acknowledge/", {"statements": ALL}, content_type=JSON)

    assert answer.status_code == 409
    assert "You said on 18 Nov at 13:12" in answer.json()["reasons"][0]


def test_somebody_says_what_is_missing():
    member, client, path = asked()

    empty = client.post(f"{path}/decline/", {"note": ""}, content_type=JSON)
    answer = client.post(f"{path}/decline/", {"note": "No laptop"}, content_type=JSON)

    assert (empty.status_code, pointers(empty)) == (422, ["/note"])
    assert answer.json()["answer"]["note"] == "No laptop"
    viewer = signed_in(make_member(member.period, right="viewer").user)
    assert viewer.get(f"{path}/").json()["answer"]["note"] == ""


# --- Shifts, cover, on call


def test_a_shift_is_planned_read_and_cancelled():
    period, client, base = running()
    make_role(period, "Platform")
    arjun = make_member(period).user
    body = {
        "role": "Platform",
        "user": arjun.pk,
        "starts_at": "2026-11-21T16:00:00Z",
        "ends_at": "2026-11-22T00:00:00Z",
    }

    made = client.post(f"{base}/shifts/", body, content_type=JSON)
    path = f"{base}/shifts/{made.json()['id']}/"
    read = client.get(path)
    gone = client.delete(path)

    assert (made.status_code, read.json()["role"]) == (201, "Platform")
    assert gone.status_code == 204
    assert client.get(f"{base}/shifts/").json()["results"] == []
    assert client.delete(path).status_code == 409


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ends_at": "2026-11-21T15:00:00Z"}, "/ends_at"),
        ({"ends_at": "2026-11-23T15:00:00Z"}, "/ends_at"),
        ({"starts_at": "2026-11-01T15:00:00Z", "ends_at": "2026-11-01T16:00:00Z"}, "/starts_at"),
        ({"user": 999_999}, "/user"),
        ({"user": "x"}, "/user"),
        ({"role": "Nope"}, "/role"),
        ({"kind": "boss"}, "/kind"),
        ({"starts_at": "soon"}, "/starts_at"),
    ],
)
def test_a_shift_that_cannot_stand_is_pointed_at(change, pointer):
    period, client, base = running()
    make_role(period, "Platform")
    body = {
        "role": "Platform",
        "user": make_member(period).user_id,
        "starts_at": "2026-11-21T16:00:00Z",
        "ends_at": "2026-11-22T00:00:00Z",
        **change,
    }

    answer = client.post(f"{base}/shifts/", body, content_type=JSON)

    assert answer.status_code == 422
    assert pointers(answer) == [pointer]
    assert not Shift.objects.exists()


def test_shifts_come_in_pages_without_repeats():
    period, client, base = running()
    role = make_role(period)
    for n in range(5):
        make_shift(role, make_member(period).user, starts_at=NOW + timedelta(hours=n // 2))

    seen, url = [], f"{base}/shifts/?page_size=2"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]

    assert len(seen) == len(set(seen)) == 5


def test_coverage_names_gaps_and_hours():
    period, client, base = running()
    role = make_role(period, "Platform")
    make_shift(role, make_member(period, make_user("Arjun Mehta")).user, starts_at=NOW, hours=8)

    found = client.get(f"{base}/coverage/?from=2026-11-18T13:12:00Z&to=2026-11-19T01:12:00+00:00").json()

    assert found["gap_minutes"] == 240
    assert found["gaps"] == [
        {
            "role": "Platform",
            "starts_at": "2026-11-18T21:12:00Z",
            "ends_at": "2026-11-19T01:12:00Z",
            "missing": 1,
            "needed": 1,
            "duty": "primary",
            "nobody": True,
        }
    ]
    assert [(row["user"]["name"], row["hours"]) for row in found["load"]] == [("Arjun Mehta", 8.0)]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2026-11-18T13:00:00", "/from"),
        ("from=nonsense", "/from"),
        ("from=2026-13-45T99:00:00Z", "/from"),
        ("from=2026-11-19T00:00:00Z&to=2026-11-18T00:00:00Z", "/to"),
        ("from=2026-11-19T00:00:00Z&to=2029-11-18T00:00:00Z", "/to"),
    ],
)
def test_an_interval_that_cannot_be_meant_is_pointed_at(query, pointer):
    _, client, base = running()

    answer = client.get(f"{base}/coverage/?{query}")

    assert (answer.status_code, pointers(answer)) == (422, [pointer])


def test_who_is_on_call_at_an_instant():
    period, client, base = running()
    role = make_role(period, "Platform")
    arjun, daniel = (make_member(period, make_user(name)).user for name in ("Arjun Mehta", "Daniel Osei"))
    make_shift(role, daniel, kind="deputy")
    make_shift(role, arjun)

    now = client.get(f"{base}/on-call/").json()
    later = client.get(f"{base}/on-call/?at=2026-11-19T13:12:00Z").json()

    assert [(row["role"], row["user"]["name"], row["kind"]) for row in now] == [
        ("Platform", "Arjun Mehta", "primary"),
        ("Platform", "Daniel Osei", "deputy"),
    ]
    assert later == []


# --- Me


def test_me_names_my_duties_and_what_waits_for_me():
    me = make_user("Priya Raman")
    live, coming = (
        make_period(),
        make_period(Period.Status.READINESS, name="Warehouse", go_live_at=NOW + timedelta(days=3)),
    )
    make_member(live, me)
    make_member(coming, me, invited_at=NOW)
    role = make_role(live, "Platform")
    make_shift(role, me)
    make_shift(role, me, starts_at=NOW + timedelta(days=1))

    found = signed_in(me).get("/api/v1/me/").json()

    assert [row["role"] for row in found["on_now"]] == ["Platform"]
    assert [row["starts_at"] for row in found["next"]] == ["2026-11-19T13:12:00Z"]
    assert [(row["kind"], row["period"]) for row in found["needs"]] == [("acknowledgement", coming.key)]


def test_me_needs_a_person():
    assert Client().get("/api/v1/me/").status_code == 401


def test_what_i_answered_no_longer_waits():
    _, client, path = asked()
    client.post(f"{path}/acknowledge/", {"statements": ALL}, content_type=JSON)

    assert client.get("/api/v1/me/").json()["needs"] == []


# --- Prices


@pytest.mark.parametrize("path", ["contributors/", "shifts/", "coverage/", "on-call/"])
def test_a_list_costs_the_same_with_1_and_50(path):
    costs = []
    for count in (1, 50):
        period, client, base = running()
        for n in range(count):
            role = make_role(period, f"Role {n}")
            member = make_member(period, role=role)
            Acknowledgement.objects.create(membership=member, state="ready", statements=ALL, at=NOW)
            make_shift(role, member.user)
        client.get(f"{base}/{path}")
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"{base}/{path}").status_code == 200
        costs.append(len(found))

    assert costs[0] == costs[1]


def test_me_costs_the_same_with_1_and_50():
    costs = []
    for count in (1, 50):
        me = make_user()
        for n in range(count):
            period = make_period()
            make_member(period, me, invited_at=NOW)
            make_shift(make_role(period), me, starts_at=NOW + timedelta(hours=n))
        client = signed_in(me)
        with CaptureQueriesContext(connection) as found:
            client.get("/api/v1/me/")
        costs.append(len(found))

    assert costs[0] == costs[1]
