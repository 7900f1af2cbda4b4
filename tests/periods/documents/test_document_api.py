"""Pages through the API: each resource by the right person, for a stranger, and with bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from django.test import Client

from hypercare.models import User
from periods.models import Document, Period
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db
BASE = "/api/v1/periods/BILL/pages/"


@pytest.fixture(autouse=True)
def _on_day_5():
    with time_machine.travel(NOW, tick=False):
        yield


def call(user: User, path: str = "", body: Any = None, *, method: str = "POST", **headers: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.generic(method, BASE + path, json.dumps(body or {}), content_type="application/json", **headers)


@pytest.fixture
def period() -> Period:
    made = make_period(key="BILL")
    call(made.lead, body={"kind": "runbook", "body": "## Restart\n\nRun it."})
    return made


def test_a_page_is_written_read_and_listed(period):
    one, listed = (call(period.lead, path, method="GET").json() for path in ("runbook/", ""))

    assert (one["title"], one["version"], one["latest"]["by"]["name"]) == ("Runbook", 1, "Lead")
    assert '<h2 id="s-restart">' in one["latest"]["html"]
    assert listed["results"] == [
        {"kind": "runbook", "slug": "runbook", "title": "Runbook", "version": 1, "url": "/p/BILL/pages/runbook/"}
    ]


def test_a_change_is_another_version_with_its_difference(period):
    wanted = {"based_on": 1, "body": "## Restart\n\nRun it twice.", "reason": "Once is not enough"}

    answer = call(period.lead, "runbook/", wanted, method="PATCH")

    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert "+Run it twice." in call(period.lead, "runbook/changes/", method="GET").json()["diff"]
    rows = call(period.lead, "runbook/versions/", method="GET").json()["results"]
    assert [(row["number"], row["reason"]) for row in rows] == [(2, "Once is not enough"), (1, "")]
    assert call(period.lead, "runbook/versions/1/", method="GET").json()["body"] == "## Restart\n\nRun it."


def test_channels_are_changed_one_by_one(period):
    call(period.lead, body={"kind": "how_we_work", "body": "", "channels": {"chat": "#a", "mailbox": "a@example.com"}})

    answer = call(
        period.lead, "how-we-work/", {"based_on": 1, "channels": {"chat": "#b"}, "reason": "Moved"}, method="PATCH"
    )

    assert answer.json()["latest"]["channels"] == {"chat": "#b", "mailbox": "a@example.com"}


def test_an_older_version_is_restored(period):
    call(period.lead, "runbook/", {"based_on": 1, "body": "Worse", "reason": "x"}, method="PATCH")

    answer = call(period.lead, "runbook/restore/", {"number": 1, "based_on": 2})

    assert (answer.json()["version"], answer.json()["latest"]["body"]) == (3, "## Restart\n\nRun it.")


def test_whoever_is_second_gets_409_or_412(period):
    etag = call(period.lead, "runbook/", method="GET")["ETag"]
    call(period.lead, "runbook/", {"based_on": 1, "body": "Two", "minor": True}, method="PATCH")

    stale = call(period.lead, "runbook/", {"based_on": 1, "body": "Mine", "minor": True}, method="PATCH")
    matched = call(
        period.lead,
        "runbook/",
        {"based_on": 2, "body": "Mine", "minor": True},
        method="PATCH",
        headers={"If-Match": etag},
    )

    assert (stale.status_code, matched.status_code) == (409, 412)
    assert stale.json()["reasons"] == ["Lead saved version 2 while you were writing."]


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("POST", "", {"kind": "page", "title": "x"}, "/body"),
        ("POST", "", {"kind": "poster", "body": "x"}, "/kind"),
        ("POST", "", {"kind": "page", "body": "x"}, "/title"),
        ("POST", "", {"kind": "how_we_work", "body": "", "channels": {"mailbox": "x"}}, "/mailbox"),
        ("PATCH", "runbook/", {"body": "x"}, "/based_on"),
        ("PATCH", "runbook/", {"based_on": 1, "body": "x"}, "/reason"),
        ("PATCH", "runbook/", {"based_on": 1, "text": "x"}, "/text"),
        ("POST", "runbook/restore/", {"number": 7, "based_on": 1}, "/number"),
    ],
)
def test_bad_input_names_its_field(period, method, path, body, pointer):
    answer = call(period.lead, path, body, method=method)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "runbook/"),
        ("PATCH", "runbook/"),
        ("DELETE", "runbook/"),
        ("GET", "runbook/versions/"),
        ("GET", "runbook/versions/1/"),
        ("GET", "runbook/changes/"),
        ("POST", "runbook/restore/"),
    ],
)
def test_for_a_stranger_there_is_nothing(period, method, path):
    assert call(make_user(), path, method=method).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"kind": "page", "title": "x", "body": "x"}),
        ("PATCH", "runbook/", {"based_on": 1, "body": "x", "minor": True}),
        ("POST", "runbook/restore/", {"number": 1, "based_on": 1}),
        ("DELETE", "runbook/", None),
    ],
)
def test_who_only_watches_writes_nothing(period, method, path, body):
    viewer = make_member(period, right="viewer").user

    assert call(viewer, path, body, method=method).status_code == 403
    assert Document.objects.get().version == 1


def test_a_page_is_removed_but_the_runbook_stays(period):
    call(period.lead, body={"kind": "page", "title": "Month end", "body": "x"})

    assert call(period.lead, "month-end/", method="DELETE").status_code == 204
    assert call(period.lead, "month-end/", method="GET").status_code == 404
    assert call(period.lead, "runbook/", method="DELETE").status_code == 409
