"""Lists as CSV: what the page shows, cells that no spreadsheet runs, bounded and at a constant price."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone as clock

from hypercare.models import User
from hypercare.web import csvfile
from incidents.triage import tasks, triage
from periods.exit import readings
from periods.lessons import lessons
from periods.models import Period
from tests.factories import days_later, make_check, make_incident, make_member, make_period, make_user
from tests.periods.story import make_criterion

pytestmark = pytest.mark.django_db

NAMES = ("incidents", "checks", "people", "deliveries", "actions", "activity", "criteria", "criteria-by-day")


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist")


@pytest.fixture
def period(lead: User) -> Period:
    return make_period(key="BILL", lead=lead, go_live_at=days_later(clock.now(), -4))


@pytest.fixture
def browser(lead: User, period: Period) -> Client:
    client = Client()
    client.force_login(lead)
    return client


def read(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith(csvfile.MARK)
    return list(csv.DictReader(StringIO(text.removeprefix(csvfile.MARK))))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\0x", "\uff1d1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert csvfile.safe_cell(text) == f"'{text}"


def test_cells_say_what_they_hold() -> None:
    at = datetime(2026, 11, 18, 14, 12, tzinfo=timezone(timedelta(hours=1)))

    cells = [csvfile.safe_cell(value) for value in (at, None, True, -3, "a=b", 'say "x", y')]

    assert cells == ["2026-11-18T13:12:00Z", "", "yes", -3, "a=b", 'say "x", y']


def test_a_file_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvfile, "MOST", 2)

    told = list(csvfile.csv_lines(["n"], ([n] for n in range(5))))

    assert len(told) == 4
    assert "Only the first 2 rows" in told[-1]
    assert len(list(csvfile.csv_lines(["n"], ([n] for n in range(2))))) == 3


def test_incidents_come_with_the_filters_of_the_list(browser: Client, period: Period, lead: User) -> None:
    now = clock.now()
    said = {"impact": "high", "urgency": "high", "by": lead, "at": now}
    triage.report(period.pk, title="=HYPERLINK(1)", component="Payments", **said)
    triage.report(period.pk, title="Other", component="Billing engine", **said)

    answer = browser.get("/p/BILL/export/incidents.csv?system=Payments")
    rows = read(answer)

    assert answer["Content-Disposition"] == 'attachment; filename="BILL-incidents.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert [(row["key"], row["title"], row["severity"]) for row in rows] == [("BILL-1", "'=HYPERLINK(1)", "P1")]
    assert rows[0]["reported at"] == now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (
        "/p/BILL/export/incidents.csv?system=Payments"
        in browser.get("/p/BILL/incidents/?system=Payments").content.decode()
    )


def test_every_list_has_its_file(browser: Client, period: Period, lead: User) -> None:
    now = clock.now()
    incident = triage.report(period.pk, title="Down", impact="high", urgency="high", by=lead, at=now)
    tasks.add(incident.pk, title="Call", owner=lead, due_at=now + timedelta(hours=1), by=lead, at=now)
    make_check(period, title="Runbook read")
    lessons.write(
        by=lead, at=now, period=period, title="@Watch queues", learnt="Alarm on depth", phase="live", theme="Data"
    )

    found = {name: read(browser.get(f"/p/BILL/export/{name}.csv")) for name in NAMES}

    assert found["actions"][0]["on incident"] == "BILL-1"
    assert found["checks"][0]["check"] == "Runbook read"
    assert {row["name"] for row in found["people"]} == {"Maja Lindqvist", "Sponsor", "Bau Owner"}
    assert found["activity"][-1]["did"] == "logged"
    assert read(browser.get("/lessons/export.csv"))[0]["title"] == "'@Watch queues"
    assert read(browser.get("/lessons/export.csv?q=nothing-like-it")) == []


def test_only_members_get_a_file_and_viewers_no_deliveries(period: Period) -> None:
    viewer, stranger = Client(), Client()
    viewer.force_login(make_member(period, make_user("Viewer"), right="viewer").user)
    stranger.force_login(make_user("Stranger"))

    answers = {name: viewer.get(f"/p/BILL/export/{name}.csv").status_code for name in NAMES}
    assert answers == {name: 403 if name == "deliveries" else 200 for name in NAMES}
    assert {stranger.get(f"/p/BILL/export/{name}.csv").status_code for name in NAMES} == {404}
    assert {Client().get(f"/p/BILL/export/{name}.csv").status_code for name in NAMES} == {302}
    assert viewer.get("/p/BILL/export/secrets.csv").status_code == 404


def test_a_private_note_stands_in_no_file(period: Period, lead: User) -> None:
    now = clock.now()
    incident = triage.report(period.pk, title="Down", impact="high", urgency="high", by=lead, at=now)
    triage.comment(incident.pk, body="Only for us", kind="note", by=lead, at=now)
    viewer = Client()
    viewer.force_login(make_member(period, make_user("Viewer"), right="viewer").user)

    for name in ("incidents", "activity"):
        assert b"Only for us" not in b"".join(viewer.get(f"/p/BILL/export/{name}.csv").streaming_content)


@pytest.mark.parametrize("count", [1, 50])
def test_a_file_costs_the_same_queries_however_long(
    browser: Client, period: Period, django_assert_max_num_queries: Any, count: int
) -> None:
    for _ in range(count):
        make_incident(period)

    with django_assert_max_num_queries(8):
        assert len(read(browser.get("/p/BILL/export/incidents.csv"))) == count


def test_exit_criteria_as_they_stand_and_as_each_day_left_them(browser: Client, period: Period) -> None:
    make_criterion(period, code="no_open_p1", title="No P1 is open", automatic=True, threshold=0)
    read_at = clock.now() - timedelta(days=1)
    readings.record_day(period, read_at=read_at, at=read_at)
    make_incident(period, severity="P1", reported_at=clock.now())

    (now,) = read(browser.get("/p/BILL/export/criteria.csv"))
    (then,) = read(browser.get("/p/BILL/export/criteria-by-day.csv"))

    assert (now["criterion"], now["target"], now["state"]) == ("No P1 is open", "0", "not met")
    assert (then["criterion"], then["value"], then["state"]) == ("No P1 is open", "0", "met")
