"""Who may open and do what: every route of people, cover and readiness, for everybody who might try."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.test import Client

from hypercare.models import User
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_check, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
BEFORE = GO_LIVE - timedelta(days=2)
CAST = ("owner", "support", "contributor", "viewer", "stranger", "anonymous")
OWNERS, WORKERS, MEMBERS = CAST[:1], CAST[:3], CAST[:4]

# Address → (right to look: who gets 200). Everybody else of the period gets 403, strangers 404.
PAGES = {
    "/p/{key}/coverage/": MEMBERS,
    "/p/{key}/_coverage/": MEMBERS,
    "/p/{key}/readiness/": MEMBERS,
    "/p/{key}/_readiness/": MEMBERS,
    "/p/{key}/people/": MEMBERS,
    "/p/{key}/people/{member}/": OWNERS,
    "/p/{key}/coverage/shifts/": OWNERS,
    "/p/{key}/readiness/checks/": OWNERS,
    "/p/{key}/readiness/acknowledge/": WORKERS,
}
ACTIONS = {
    "/p/{key}/coverage/shifts/{shift}/cancel/": OWNERS,
    "/p/{key}/people/invite/": OWNERS,
    "/p/{key}/people/remind/": OWNERS,
    "/p/{key}/people/{member}/invite/": OWNERS,
    "/p/{key}/people/{member}/remove/": OWNERS,
    "/p/{key}/readiness/checks/template/": OWNERS,
    "/p/{key}/readiness/checks/{check}/complete/": OWNERS,
    "/p/{key}/readiness/checks/{check}/reopen/": OWNERS,
}
API_READS = {
    "/api/v1/periods/{key}/contributors/": MEMBERS,
    "/api/v1/periods/{key}/contributors/{member}/": MEMBERS,
    "/api/v1/periods/{key}/shifts/": MEMBERS,
    "/api/v1/periods/{key}/shifts/{shift}/": MEMBERS,
    "/api/v1/periods/{key}/coverage/": MEMBERS,
    "/api/v1/periods/{key}/on-call/": MEMBERS,
}
API_WRITES = {
    "/api/v1/periods/{key}/contributors/": OWNERS,
    "/api/v1/periods/{key}/contributors/{member}/remind/": OWNERS,
    "/api/v1/periods/{key}/contributors/{member}/release/": OWNERS,
    "/api/v1/periods/{key}/shifts/": OWNERS,
}


@pytest.fixture(autouse=True)
def _before_go_live():
    with time_machine.travel(BEFORE, tick=False):
        yield


def house() -> SimpleNamespace:
    """A period that gets ready with one person of each kind, a shift, a check and somebody to act on."""
    period = make_period(Period.Status.READINESS)
    role = make_role(period)
    cast = {right: make_member(period, right=right).user for right in MEMBERS}
    other = make_member(period, role=role)
    cast["stranger"] = make_user("Stranger")
    shift = make_shift(role, other.user, starts_at=GO_LIVE)
    check = make_check(period, owner=other.user)
    names = {"key": period.key, "member": other.pk, "shift": shift.pk, "check": check.pk}
    return SimpleNamespace(period=period, cast=cast, names=names, role=role, other=other)


def as_(who: str, cast: dict[str, User]) -> Client:
    client = Client()
    if who != "anonymous":
        client.force_login(cast[who])
    return client


def expected(who: str, allowed: tuple[str, ...], *, anonymous: int) -> set[int]:
    if who == "anonymous":
        return {anonymous}
    if who == "stranger":
        return {404}
    return {200, 201, 204, 302, 409, 422} if who in allowed else {403}


def entries(period: Period) -> int:
    return JournalEntry.objects.filter(period=period).count()


@pytest.mark.parametrize("who", CAST)
@pytest.mark.parametrize("path", PAGES)
def test_who_may_open_a_page(path, who):
    there = house()

    answer = as_(who, there.cast).get(path.format(**there.names))

    assert answer.status_code in expected(who, PAGES[path], anonymous=302)
    assert entries(there.period) == 0


@pytest.mark.parametrize("who", CAST)
@pytest.mark.parametrize("path", ACTIONS)
def test_who_may_press_a_button(path, who):
    there = house()

    answer = as_(who, there.cast).post(path.format(**there.names))

    assert answer.status_code in expected(who, ACTIONS[path], anonymous=302)
    if who not in ACTIONS[path]:
        assert entries(there.period) == 0


@pytest.mark.parametrize("path", ACTIONS)
def test_looking_at_a_button_changes_nothing(path):
    there = house()

    as_("owner", there.cast).get(path.format(**there.names))

    assert entries(there.period) == 0


@pytest.mark.parametrize("who", CAST)
@pytest.mark.parametrize("path", API_READS)
def test_who_may_read(path, who):
    there = house()

    answer = as_(who, there.cast).get(path.format(**there.names))

    assert answer.status_code in expected(who, API_READS[path], anonymous=401)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("who", CAST)
@pytest.mark.parametrize("path", API_WRITES)
def test_who_may_write(path, who):
    there = house()

    answer = as_(who, there.cast).post(path.format(**there.names), {}, content_type="application/json")

    assert answer.status_code in expected(who, API_WRITES[path], anonymous=401)
    if who not in API_WRITES[path]:
        assert entries(there.period) == 0


@pytest.mark.parametrize("who", CAST)
def test_who_may_cancel_a_shift_by_api(who):
    there = house()

    answer = as_(who, there.cast).delete("/api/v1/periods/{key}/shifts/{shift}/".format(**there.names))

    assert answer.status_code in expected(who, OWNERS, anonymous=401)
    assert (entries(there.period) == 1) is (who == "owner")


@pytest.mark.parametrize("who", CAST)
def test_nobody_answers_for_somebody_else_by_api(who):
    there = house()
    path = "/api/v1/periods/{key}/contributors/{member}/acknowledge/".format(**there.names)
    body = {"statements": ["runbook", "access", "reachable", "shifts"]}

    answer = as_(who, there.cast).post(path, body, content_type="application/json")

    assert answer.status_code == {"stranger": 404, "anonymous": 401}.get(who, 403)
    assert entries(there.period) == 0


@pytest.mark.parametrize("path", [*ACTIONS, "/p/{key}/people/{member}/"])
def test_things_of_another_period_do_not_exist_here(path):
    there, elsewhere = house(), house()
    mixed = {**elsewhere.names, "key": there.period.key}
    if path.format(**mixed) == path.format(**there.names):
        pytest.skip("names nothing but the period")

    assert as_("owner", there.cast).post(path.format(**mixed)).status_code == 404
    assert entries(elsewhere.period) == 0


@pytest.mark.parametrize("path", ["/shifts/", "/shifts/feed/", "/shifts/feed/end/"])
def test_ones_own_shifts_need_signing_in(path):
    assert Client().get(path).status_code == 302
    assert Client().post(path).status_code == 302


@pytest.mark.parametrize(("who", "sees"), [("owner", True), ("contributor", True), ("viewer", False)])
def test_contact_details_are_for_those_who_work(who, sees):
    there = house()
    client = as_(who, there.cast)

    page = client.get("/p/{key}/people/".format(**there.names)).content.decode()
    rows = client.get("/api/v1/periods/{key}/contributors/".format(**there.names)).json()["results"]

    assert (there.other.user.email in page) is sees
    assert (there.other.user.email in [row["email"] for row in rows]) is sees


@pytest.mark.parametrize("key", ["NOPE", "x" * 200, "%00", "a b"])
def test_a_period_that_does_not_exist_is_not_found(key):
    there = house()

    assert as_("owner", there.cast).get(f"/p/{key}/coverage/").status_code == 404
