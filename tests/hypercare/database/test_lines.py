"""Names and titles read in the order in which they were written, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from hypercare.database.lines import in_reading_order
from hypercare.models import User
from incidents.models import Incident
from incidents.triage import triage
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_check, make_period, make_role, make_user
from tests.hypercare.scene import signed_in

pytestmark = pytest.mark.django_db

TURNED = "Report \u202egpj.exe\u202c sent\u2066"
STRAIGHT = "Report gpj.exe sent"


def by_form(client: Client) -> str:
    sent = {"title": TURNED, "severity": "P3"}
    assert client.post("/p/BILL/incidents/new/", sent).status_code == 302
    return Incident.objects.get().title


def by_api(client: Client) -> str:
    body = {"title": TURNED, "severity": "P3"}
    made = client.post("/api/v1/periods/BILL/incidents/", body, content_type="application/json")
    assert made.status_code == 201
    title: str = made.json()["title"]
    return title


def by_update(_: Client) -> str:
    Period.objects.update(name=TURNED)
    return Period.objects.get().name


@pytest.mark.parametrize("way", [by_form, by_api, by_update])
def test_characters_that_turn_a_line_are_taken_out_of_it(way: Callable[[Client], str]) -> None:
    period = make_period(key="BILL")

    assert way(signed_in(period.lead)) == STRAIGHT


def test_the_journal_says_what_the_row_says() -> None:
    period = make_period()
    triage.report(period.pk, title=TURNED, impact="low", urgency="low", by=period.lead, at=NOW)

    assert JournalEntry.objects.get(kind="incident.reported").data["title"] == STRAIGHT


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_user("x", email="a@example.test", password="pass-phrase-9").__class__(name=TURNED).name,
        lambda: make_role(make_period(), TURNED).name,
        lambda: make_check(make_period(), title=TURNED).title,
        lambda: make_period(name=TURNED).name,
    ],
)
def test_people_duties_checks_and_periods_have_names_that_read_straight(make: Callable[[], Any]) -> None:
    assert make() == STRAIGHT


def test_marks_that_a_language_needs_stay_and_a_name_of_nothing_else_can_be_seen() -> None:
    assert in_reading_order("שלום\u200f!") == "שלום\u200f!"
    assert in_reading_order("\u202e\u202c") == "\ufffd"
    assert in_reading_order("") == ""
    assert User.objects.filter(name="\u202eNobody").count() == 0
