"""Answers, their versions, replies and reminders through the API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from contributors.models import Acknowledgement, Membership
from hypercare.models import User
from periods.documents import documents
from periods.documents.documents import PageText
from periods.journal import journal
from periods.models import Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
ALL = list(Acknowledgement.STATEMENTS)
BEFORE = GO_LIVE - timedelta(days=5)


@pytest.fixture(autouse=True)
def _five_days_before():
    with time_machine.travel(BEFORE, tick=False):
        yield


@pytest.fixture
def member() -> Membership:
    period = make_period(Period.Status.READINESS, key="BILL")
    role = make_role(period, required=True)
    made = make_member(period, make_user("Priya Raman"), role=role, invited_at=BEFORE - timedelta(days=1))
    make_shift(role, made.user, starts_at=GO_LIVE)
    documents.create(period.pk, kind="runbook", text=PageText("Runbook", "One"), by=period.lead, at=BEFORE)
    return made


def call(member: Membership, action: str = "", body: Any = None, *, by: User | None = None) -> Any:
    client = Client()
    client.force_login(by or member.user)
    path = f"/api/v1/periods/BILL/contributors/{member.pk}/{action}"
    return client.generic("POST" if action else "GET", path, json.dumps(body or {}), content_type="application/json")


def change_runbook(member: Membership) -> None:
    text = PageText("Runbook", "Two", "Other words")
    page = documents.page_of_kind(member.period, "runbook")
    documents.save_version(page.pk, based_on=page.version, text=text, by=member.period.lead, at=BEFORE)


def test_an_answer_names_what_it_was_given_to(member):
    answer = call(member, "acknowledge/", {"statements": ALL, "seen": {"pages": {"runbook": 1}}}).json()["answer"]

    assert answer["versions"]["pages"] == {"runbook": 1}
    assert len(answer["versions"]["shifts"]) == 1


def test_an_answer_to_an_older_version_is_refused(member):
    change_runbook(member)

    answer = call(member, "acknowledge/", {"statements": ALL, "seen": {"pages": {"runbook": 1}}})

    assert answer.status_code == 409
    assert answer.json()["reasons"] == ["Something changed while you were answering. Look at it and answer again."]


def test_an_answer_to_another_go_live_is_refused(member):
    seen = {"go_live_at": (GO_LIVE + timedelta(hours=1)).isoformat()}

    assert call(member, "acknowledge/", {"statements": ALL, "seen": seen}).status_code == 409


def test_after_a_change_only_its_statements_are_needed(member):
    call(member, "acknowledge/", {"statements": ALL})
    change_runbook(member)
    journal.dispatch_entries(at=BEFORE)

    asked = call(member).json()
    again = call(member, "acknowledge/", {"statements": ["runbook"], "seen": {"pages": {"runbook": 2}}})

    assert (asked["answer"], asked["changes"]) == (
        None,
        [{"code": "runbook", "text": "Runbook changed on 9 Nov by Lead", "statements": ["runbook"], "since": 1}],
    )
    assert again.json()["answer"]["statements"] == ALL
    assert again.json()["changes"] == []


def test_declining_names_the_shifts_that_are_impossible(member):
    shift = member.user.shifts.get()

    answer = call(member, "decline/", {"note": "Surgery", "cannot": [shift.pk]})

    assert (answer.json()["answer"]["state"], answer.json()["answer"]["cannot"]) == ("problem", [shift.pk])


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("decline/", {"note": "No", "cannot": [987654]}, "/cannot"),
        ("decline/", {"note": "No", "cannot": ["x"]}, "/cannot"),
        ("decline/", {}, "/note"),
        ("acknowledge/", {"statements": ALL, "seen": {"pages": {"runbook": -1}}}, "/seen/pages/runbook"),
        ("acknowledge/", {"statements": ["coffee"]}, "/statements"),
    ],
)
def test_bad_input_names_its_field(member, action, body, pointer):
    answer = call(member, action, body)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_the_lead_replies_to_a_problem(member):
    call(member, "decline/", {"note": "No prod access"})

    answer = call(member, "reply/", {"text": "Arjun gave you access."}, by=member.period.lead).json()["answer"]

    assert (answer["state"], answer["reply"]) == ("problem", "Arjun gave you access.")


@pytest.mark.parametrize(("state", "status"), [("", 409), ("ready", 409), ("problem", 403)])
def test_a_reply_needs_a_problem_and_the_right(member, state, status):
    if state == "ready":
        call(member, "acknowledge/", {"statements": ALL})
    if state == "problem":
        call(member, "decline/", {"note": "No prod access"})
    by = make_member(member.period).user if status == 403 else member.period.lead

    assert call(member, "reply/", {"text": "Fine"}, by=by).status_code == status


def test_who_only_watches_reads_neither_note_nor_reply(member):
    call(member, "decline/", {"note": "No prod access"})
    call(member, "reply/", {"text": "Ask Arjun"}, by=member.period.lead)

    answer = call(member, by=make_member(member.period, right="viewer").user).json()["answer"]

    assert (answer["note"], answer["reply"]) == ("", "")


@pytest.mark.parametrize("action", ["acknowledge/", "decline/", "reply/", "remind/"])
def test_for_a_stranger_there_is_nobody(member, action):
    assert call(member, action, {"statements": ALL, "note": "x", "text": "x"}, by=make_user()).status_code == 404


def test_a_second_reminder_within_four_hours_is_refused(member):
    lead = member.period.lead

    assert call(member, "remind/", by=lead).status_code == 200
    assert "Ask again from 11:00" in call(member, "remind/", by=lead).json()["detail"]
