"""Lists in the browser: many changed at once, queues and snoozes in sight, the backlog out of the counts."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.models import User
from incidents.models import Incident
from incidents.triage import editing, queues
from periods.models import Period
from tests.factories import make_member, make_user
from tests.incidents.browsing import HTMX, reported, text

pytestmark = pytest.mark.django_db

CHANGE = "/p/BILL/incidents/change/"


def test_chosen_incidents_change_together_and_the_toast_takes_it_back(browser: Client, period: Period) -> None:
    for _ in range(3):
        reported(period)

    answer = browser.post(CHANGE, {"n": ["1", "3"], "do": "kind:data"}, **HTMX)
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]

    assert (answer.status_code, toast["text"]) == (204, "Changed: 2 incidents")
    assert list(Incident.objects.order_by("number").values_list("kind", flat=True)) == ["data", "", "data"]
    browser.post(toast["undo"])
    assert set(Incident.objects.values_list("kind", flat=True)) == {""}
    assert browser.post(toast["undo"]).status_code == 409


def test_what_refuses_is_named_and_the_rest_stands(browser: Client, period: Period, lead: User) -> None:
    reported(period)
    editing.update_fields(reported(period).pk, kind="data", by=lead, at=timezone.now())

    answer = browser.post(CHANGE, {"n": ["1", "2"], "do": "kind:data"})

    assert answer.status_code == 409
    assert "Changed: BILL-1." in text(answer)
    assert "BILL-2: It is so already." in text(answer)
    assert Incident.objects.get(number=1).kind == "data"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"n": "1"},
        {"n": "1", "do": "explode:now"},
        {"n": "x", "do": "kind:data"},
        {"n": "1", "do": "severity:P9"},
        {"n": "1", "do": "assign:99999999"},
        {"n": "1", "do": "assign:"},
        {"n": "1", "do": "snooze:never"},
    ],
)
def test_bad_input_is_said_and_changes_nothing(browser: Client, period: Period, sent: dict[str, str]) -> None:
    reported(period)
    assert browser.post(CHANGE, sent).status_code == 422
    assert Incident.objects.get().version == 1


def test_strangers_find_nothing_and_viewers_may_not(period: Period) -> None:
    reported(period)
    viewer, stranger = make_user(), make_user()
    make_member(period, viewer, right="viewer")
    for person, expected in ((viewer, 403), (stranger, 404)):
        client = Client()
        client.force_login(person)
        assert client.post(CHANGE, {"n": "1", "do": "kind:data"}).status_code == expected
        assert client.post("/p/BILL/incidents/undo/?of=1.2").status_code == expected


@pytest.mark.parametrize("address", ["", "1", "1.x", "999.1", "1.2.3"])
def test_an_undo_that_names_nothing_is_refused(browser: Client, period: Period, address: str) -> None:
    reported(period)
    assert browser.post(f"/p/BILL/incidents/undo/?of={address}").status_code in (409, 422)


def test_an_enhancement_leaves_the_open_list_for_the_backlog(browser: Client, period: Period) -> None:
    reported(period, "A darker blue")

    browser.post("/i/BILL-1/classify/", {"kind": "enhancement"})

    assert "A darker blue" not in text(browser.get("/p/BILL/incidents/"))
    backlog = text(browser.get("/p/BILL/incidents/?status=backlog"))
    assert "A darker blue" in backlog
    assert "No deadline" in backlog


def test_a_queue_has_its_own_heading_and_says_since_when(browser: Client, period: Period) -> None:
    reported(period, "Which invoice")

    answer = browser.post("/i/BILL-1/queue/", {"queue": "returned", "note": "Which invoice was it?"})

    assert answer.status_code == 302
    page = text(browser.get("/p/BILL/incidents/"))
    assert "Waiting for reporter" in page
    assert "waits since" in page
    assert "Which invoice was it?" in text(browser.get("/i/BILL-1/"))


def test_a_return_without_a_question_keeps_the_form(browser: Client, period: Period) -> None:
    reported(period)
    answer = browser.post("/i/BILL-1/queue/", {"queue": "returned", "note": ""})
    assert answer.status_code == 422
    assert "what the reporter is to answer" in text(answer)


def test_a_snoozed_incident_is_out_of_the_open_list_and_under_snoozed(browser: Client, period: Period) -> None:
    reported(period, "Later")

    browser.post("/i/BILL-1/snooze/", {"choice": "4h"})

    open_list, snoozed = (
        text(browser.get("/p/BILL/incidents/")),
        text(browser.get("/p/BILL/incidents/?status=snoozed")),
    )
    assert "Later" not in open_list
    assert ">1 snoozed</a>" in open_list
    assert "Later" in snoozed
    assert "Not in this list" not in snoozed
    browser.post("/i/BILL-1/snooze/", {"choice": ""})
    open_list = text(browser.get("/p/BILL/incidents/"))
    assert "Later" in open_list
    assert "Not in this list" not in open_list


def test_the_type_filters_the_list(browser: Client, period: Period, lead: User) -> None:
    reported(period, "Plain")
    editing.update_fields(reported(period, "Wrong totals").pk, kind="data", by=lead, at=timezone.now())

    page = text(browser.get("/p/BILL/incidents/?type=data"))

    assert "Wrong totals" in page
    assert "Plain" not in page


def test_mornings_are_those_of_the_period(period: Period) -> None:
    at = timezone.now().replace(year=2026, month=11, day=18, hour=13)  # a Wednesday
    assert str(queues.snooze_end_of("tomorrow", period.zone, at=at)) == "2026-11-19 08:00:00+00:00"
    assert str(queues.snooze_end_of("monday", period.zone, at=at)) == "2026-11-23 08:00:00+00:00"
