"""One's own absences over the API: said, taken back, and taken over from a calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from contributors.models import Absence
from periods.models import JournalEntry
from tests.contributors.calendar_files import OUTLOOK_AWAY
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
PLACE, IMPORTS = "/api/v1/me/absences/", "/api/v1/me/absences/imports/"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def client_of(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_an_absence_is_said_listed_and_taken_back_by_its_person_alone():
    period = make_period()
    ann = make_member(period).user
    make_shift(make_role(period), ann, starts_at=NOW + DAY)
    client = client_of(ann)
    span = {"starts_at": (NOW + DAY).isoformat(), "ends_at": (NOW + 2 * DAY).isoformat(), "note": "Family"}

    made = client.post(PLACE, span, format="json")
    listed = client.get(PLACE).json()["results"]

    assert made.status_code == 201, made.json()
    assert [(one["id"], one["note"]) for one in listed] == [(made.json()["id"], "Family")]
    assert JournalEntry.objects.get(kind="absence.added").data["shifts"] == 1
    assert client_of(make_user()).get(PLACE).json()["results"] == []
    assert client_of(make_user()).delete(f"{PLACE}{made.json()['id']}/").status_code == 404
    assert client.delete(f"{PLACE}{made.json()['id']}/").status_code == 204
    assert client.get(PLACE).json()["results"] == []


def test_an_absence_that_ends_before_it_starts_names_the_field():
    span = {"starts_at": (NOW + DAY).isoformat(), "ends_at": NOW.isoformat()}

    answer = client_of(make_user()).post(PLACE, span, format="json")

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/ends_at"]


def test_a_calendar_is_read_chosen_from_accepted_and_undone():
    client = client_of(make_user("Priya", timezone="Asia/Kolkata"))

    shown = client.post(IMPORTS, {"text": OUTLOOK_AWAY, "name": "mine.ics"}, format="json")
    assert shown.status_code == 201, shown.json()
    one = f"{IMPORTS}{shown.json()['id']}/"
    suggested = [row["key"] for row in shown.json()["rows"] if row["suggested"]]
    assert (len(suggested), Absence.objects.count()) == (2, 0)

    nothing = client.post(f"{one}accept/", {"keys": []}, format="json")
    accepted = client.post(f"{one}accept/", {"keys": suggested}, format="json")
    assert (nothing.status_code, accepted.status_code) == (422, 200)
    assert accepted.json()["accepted_at"]
    assert len(client.get(PLACE).json()["results"]) == 2
    assert client.post(f"{one}accept/", {"keys": suggested}, format="json").status_code == 409

    assert client.post(f"{one}undo/").json()["undone_at"]
    assert client.get(PLACE).json()["results"] == []


def test_nobody_reads_or_accepts_the_calendar_of_somebody_else():
    shown = client_of(make_user()).post(IMPORTS, {"text": OUTLOOK_AWAY}, format="json").json()
    stranger, one = client_of(make_user()), f"{IMPORTS}{shown['id']}/"

    assert stranger.get(one).status_code == 404
    assert stranger.post(f"{one}accept/", {"keys": ["x"]}, format="json").status_code == 404
    assert stranger.post(f"{one}undo/").status_code == 404


@pytest.mark.parametrize(
    "sent", [{}, {"text": "BEGIN:VCALENDAR", "url": "https://calendar.example/a.ics"}, {"text": "no calendar"}]
)
def test_what_is_no_calendar_is_refused(sent):
    answer = client_of(make_user()).post(IMPORTS, sent, format="json")

    assert answer.status_code == 422, answer.json()
