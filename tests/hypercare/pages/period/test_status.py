"""The status document: what pollers read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hypercare.models import User
from hypercare.pages.period.status import status_document
from periods.journal import journal
from periods.models import Period
from tests.contributors.messaging.test_delivery import queue
from tests.factories import make_incident, make_role, make_shift, make_user
from tests.hypercare.scene import coming_period, criteria, fill, live_period, signed_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/periods/BILL/status/"


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist")


def test_the_document_has_the_agreed_names(lead: User) -> None:
    period = live_period(lead)
    criteria(period)
    role = make_role(period, "Incident lead")
    make_shift(role, lead, starts_at=timezone.now() - timedelta(hours=1))
    make_incident(period, severity="P3", reported_at=timezone.now() - timedelta(hours=1))

    body: dict[str, Any] = signed_in(lead).get(URL).json()

    assert set(body) == {
        "key",
        "name",
        "status",
        "health",
        "health_reasons",
        "day",
        "days",
        "go_live_at",
        "starts_at",
        "ends_at",
        "readiness",
        "incidents",
        "sla",
        "on_call",
        "coverage",
        "next_debrief_at",
        "exit",
        "engine",
        "updated_at",
    }
    assert body["day"] == 5
    assert body["days"] == 14
    assert set(body["readiness"]) == {"percent", "blockers", "acknowledged", "required"}
    assert body["incidents"] == {
        "open": {"P1": 0, "P2": 0, "P3": 1, "P4": 0},
        "unowned": 1,
        "late": 0,
        "arrived_24h": 1,
        "resolved_24h": 0,
    }
    assert set(body["sla"]) == {"met", "late", "attainment"}
    assert [(row["role"], row["person"]) for row in body["on_call"]] == [("Incident lead", "Maja Lindqvist")]
    assert body["exit"]["total"] == 5
    assert body["exit"]["verdict"] == "met"
    assert set(body["engine"]) == {"ok", "oldest_due_s", "undelivered"}
    assert body["updated_at"].endswith("Z")


def test_messages_that_could_not_be_sent_are_counted(lead: User) -> None:
    period = live_period(lead)
    for state in ("dead", "bounced", "sent", "due"):
        queue(period=period, state=state)

    assert signed_in(lead).get(URL).json()["engine"]["undelivered"] == 2


def test_an_unchanged_document_is_not_sent_again(lead: User) -> None:
    period = live_period(lead)
    browser = signed_in(lead)
    etag = browser.get(URL).headers["ETag"]

    same = browser.get(URL, headers={"If-None-Match": etag})
    journal.record(period, "period.changed", by=lead, at=timezone.now())
    changed = browser.get(URL, headers={"If-None-Match": etag})

    # The validator also holds the minute, which may have turned between the two requests.
    assert same.status_code == 304 or browser.get(URL).headers["ETag"] != etag
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_a_stranger_does_not_learn_that_the_period_exists(lead: User) -> None:
    live_period(lead)

    assert signed_in(make_user()).get(URL).status_code == 404


def test_without_a_sign_in_or_token_there_is_no_document(client: Any, lead: User) -> None:
    live_period(lead)

    assert client.get(URL).status_code == 401


def test_a_p1_makes_it_red_and_says_so(lead: User) -> None:
    period = live_period(lead)
    make_incident(period, severity="P1", owner=lead, reported_at=timezone.now())

    body = status_document(period, at=timezone.now())

    assert (body["health"], body["health_reasons"]) == ("red", ["1 P1 open"])


def test_an_incident_nobody_owns_makes_it_amber(lead: User) -> None:
    period = live_period(lead)
    make_incident(period, reported_at=timezone.now())

    body = status_document(period, at=timezone.now())

    assert (body["health"], body["health_reasons"]) == ("amber", ["1 incident without owner"])


def test_nothing_wrong_is_green(lead: User) -> None:
    body = status_document(live_period(lead), at=timezone.now())

    assert (body["health"], body["health_reasons"]) == ("green", [])


def test_a_go_live_that_did_not_happen_is_amber(lead: User) -> None:
    period = coming_period(lead, go_live_at=timezone.now() - timedelta(hours=1))

    assert status_document(period, at=timezone.now())["health_reasons"] == ["Go-live is late"]


def test_a_closed_period_has_no_gaps_ahead(lead: User) -> None:
    period = live_period(lead, status=Period.Status.CLOSED, ended_at=timezone.now())
    make_role(period, cover="24x7")

    assert status_document(period, at=timezone.now())["coverage"] == {"gap_minutes_72h": 0}


def test_the_document_takes_as_many_queries_for_twenty_rows_as_for_one(lead: User) -> None:
    period = live_period(lead)
    criteria(period)
    fill(period, 1)

    with CaptureQueriesContext(connection) as one:
        status_document(period, at=timezone.now())
    fill(period, 19)
    with CaptureQueriesContext(connection) as twenty:
        status_document(period, at=timezone.now())

    assert len(twenty) <= len(one)  # the second time the period knows what it promises


def test_the_published_schema_names_every_field(tmp_path: Any) -> None:
    target = tmp_path / "schema.yml"
    call_command("spectacular", file=str(target))

    assert "gap_minutes_72h" in target.read_text()
