"""The API of the public form, known errors and stakeholder reports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from incidents.models import KnownError, ReportForm, StakeholderReport
from periods.models import Period
from tests.factories import make_incident, make_member, make_user

pytestmark = pytest.mark.django_db

BASE = "/api/v1/periods/BILL"


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.generic(method, f"{BASE}/{path}", json.dumps(body or {}), "application/json")


def client_of(period: Period, right: str) -> Client:
    client, person = Client(), make_user()
    make_member(period, person, right=right)
    client.force_login(person)
    return client


@pytest.fixture
def stranger() -> Client:
    client = Client()
    client.force_login(make_user())
    return client


def test_the_form_is_opened_and_closed_by_owners(browser, period, stranger, settings):
    settings.MAILBOX_ADDRESS = "report@hypercare.example"
    said = {"is_open": True, "title": "Northlane billing"}

    assert send(browser, "GET", "report-form/").status_code == 404
    assert send(client_of(period, "support"), "PUT", "report-form/", said).status_code == 403
    assert send(stranger, "PUT", "report-form/", said).status_code == 404
    made = send(browser, "PUT", "report-form/", said)

    assert made.status_code == 200
    assert Client().get(made.json()["url"].removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert made.json()["mail_address"].startswith("report+")
    closed = send(browser, "PUT", "report-form/", {**said, "is_open": False}).json()
    assert closed["mail_address"] == ""
    assert not ReportForm.objects.get().is_open
    assert send(browser, "PUT", "report-form/", {"is_open": True}).status_code == 422


def test_known_errors_are_written_changed_and_ended_by_support(period, stranger):
    support, viewer = client_of(period, "support"), client_of(period, "viewer")
    said = {"title": "Export lacks a column", "workaround": "Use the old one."}

    row = send(support, "POST", "known-errors/", said).json()
    KnownError.objects.update(incident=make_incident(period))
    send(support, "PUT", f"known-errors/{row['id']}/", {**said, "shown_outside": True})

    (shown,) = send(viewer, "GET", "known-errors/").json()["results"]
    assert (shown["shown_outside"], shown["incident"]) == (True, "BILL-1")
    assert send(viewer, "POST", "known-errors/", said).status_code == 403
    assert send(stranger, "GET", "known-errors/").status_code == 404
    assert send(support, "POST", "known-errors/", {**said, "component": "?"}).status_code == 422
    assert send(support, "DELETE", f"known-errors/{row['id']}/").status_code == 204
    assert send(support, "DELETE", f"known-errors/{row['id']}/").status_code == 404


def test_a_stakeholder_report_is_drafted_edited_and_sent_once(browser, period, stranger):
    support, viewer = client_of(period, "support"), client_of(period, "viewer")

    row = send(support, "POST", "stakeholder-reports/").json()
    path = f"stakeholder-reports/{row['on']}/"
    assert send(viewer, "GET", path).status_code == 404
    edited = send(support, "PATCH", path, {"version": 1, "impact": "Little."}).json()
    assert (edited["impact"], edited["version"], edited["reason"]) == ("Little.", 2, row["reason"])
    assert send(support, "PATCH", path, {"version": 1, "impact": "Late."}).status_code == 409
    assert send(support, "POST", f"{path}send/").status_code == 403
    assert send(browser, "POST", f"{path}send/").status_code == 200
    assert send(browser, "POST", f"{path}send/").status_code == 409

    assert send(viewer, "GET", path).json()["impact"] == "Little."
    assert len(send(viewer, "GET", "stakeholder-reports/").json()["results"]) == 1
    assert send(stranger, "GET", path).status_code == 404
    assert send(browser, "GET", "stakeholder-reports/nonsense/").status_code == 404
    assert StakeholderReport.objects.get().sent_at is not None


@pytest.mark.parametrize("count", [1, 5])
def test_lists_cost_the_same_with_one_and_with_five(browser, period, count, django_assert_max_num_queries):
    for n in range(count):
        send(browser, "POST", "known-errors/", {"title": f"Error {n}"})

    with django_assert_max_num_queries(4):
        send(browser, "GET", "known-errors/")
