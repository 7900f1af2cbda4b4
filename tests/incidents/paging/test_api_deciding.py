"""Over the API: policies, the question of a rollback, and one cause of many."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.engine import timers
from hypercare.models import User
from incidents.paging import escalation_policies
from periods.models import JournalEntry, Period
from tests.factories import make_member, make_role, make_user
from tests.incidents.browsing import reported

pytestmark = pytest.mark.django_db

POLICIES, PATTERNS = "/api/v1/periods/BILL/policies/", "/api/v1/periods/BILL/patterns/"
ONE = "/api/v1/incidents/BILL-1/rollback/"


def send(client: Client, method: str, address: str, body: Any = None, **headers: Any) -> Any:
    return client.generic(method, address, json.dumps(body or {}), content_type="application/json", **headers)


def test_policies_are_read_changed_and_reset_over_the_api(browser: Client, period: Period) -> None:
    role = make_role(period)
    before = browser.get(POLICIES)
    assert (before.json()["is_own"], before.json()["targets"]["P1"]["acknowledge"]) == (
        False,
        {"seconds": 900, "measure": "elapsed"},
    )
    assert "Nobody has a shift" in before.json()["findings"][0]["text"]

    table = {**before.json()["targets"]["P1"], "acknowledge": {"seconds": 300, "measure": "elapsed"}}
    body = {
        "targets": {"P1": table},
        "covered": {"days": [0, 1], "opens": "08:00", "closes": "18:00"},
        "ladders": {"P2": {"steps": [{"who": "everyone", "after": 0, "role": role.pk}], "answers": 2, "repeat": 1}},
        "rollback": {"after_s": 7200, "answer_s": 900},
    }
    changed = send(browser, "PATCH", POLICIES, body, HTTP_IF_MATCH=before["ETag"])

    assert changed.status_code == 200, changed.json()
    now = escalation_policies.policy_of(Period.objects.get(key="BILL"))
    assert (now.targets["P1"]["acknowledge"].seconds, now.targets["P2"]["acknowledge"].seconds) == (300, 1800)
    assert (now.covered.days, now.ladders["P2"].answers, now.rollback.after.total_seconds()) == ((0, 1), 2, 7200)
    assert changed.json()["ladders"]["P2"]["steps"][0]["who"] == "everyone"
    kinds = list(JournalEntry.objects.filter(via="api").order_by("seq").values_list("kind", flat=True))
    assert kinds == ["policy.targets", "policy.ladder", "policy.rollback"]
    assert send(browser, "PATCH", POLICIES, body, HTTP_IF_MATCH=before["ETag"]).status_code == 412
    assert send(browser, "DELETE", POLICIES).json()["is_own"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"targets": {"P9": {}}},
        {"targets": {"P1": {"acknowledge": {"seconds": 1, "measure": "elapsed"}}}},
        {"ladders": {"P1": {"steps": [{"who": "role", "after": 0}]}}},
        {"rollback": {"after_s": 60, "answer_s": 60}},
        {"covered": {"days": [], "opens": "08:00", "closes": "18:00"}},
        {"ladders": {"P1": {"steps": "all"}}},
        {"covered": {"days": [9], "opens": "x", "closes": "18:00"}},
        {"ladders": []},
        {"targets": None},
    ],
)
def test_a_policy_that_can_t_stand_changes_nothing(browser: Client, period: Period, body: Any) -> None:
    answer = send(browser, "PATCH", POLICIES, body)

    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"]
    assert not escalation_policies.policy_of(Period.objects.get(key="BILL")).is_own


def test_members_read_policies_and_only_owners_change_them(period: Period) -> None:
    client = Client()
    client.force_login(make_member(period, make_user("Kavya"), right="support").user)
    assert client.get(POLICIES).status_code == 200
    assert send(client, "PATCH", POLICIES, {"rollback": {"after_s": 7200, "answer_s": 900}}).status_code == 403
    client.force_login(make_user("Stranger"))
    assert client.get(POLICIES).status_code == 404


def test_the_question_of_a_rollback_is_answered_over_the_api(browser: Client, period: Period, lead: User) -> None:
    reported(period, minutes=241, impact="high", urgency="high")
    timers.fire_due(at=timezone.now())
    sponsor = Client()
    sponsor.force_login(period.sponsor)

    assert browser.get(ONE).json()[0]["asked"]["name"] == "Sponsor"
    assert send(browser, "POST", ONE, {"answer": "roll_back", "reason": "x"}).status_code == 403
    assert send(sponsor, "POST", ONE, {"answer": "hold", "reason": "x"}).status_code == 422
    answered = send(sponsor, "POST", ONE, {"answer": "roll_back", "reason": "It costs money"})
    assert answered.json()[0]["answer"] == "roll_back"
    assert send(sponsor, "POST", ONE, {"answer": "roll_back", "reason": "x"}).status_code == 409


def test_one_cause_of_many_over_the_api(browser: Client, period: Period) -> None:
    for n in range(3):
        reported(period, f"No {n}", component="Payments")

    assert browser.get(PATTERNS).json() == [{"component": "Payments", "count": 3}]
    assert send(browser, "POST", PATTERNS, {"component": "Payments", "action": "dismiss"}).status_code == 422
    made = send(browser, "POST", PATTERNS, {"component": "Payments", "action": "make_problem"})
    assert (made.json()["key"], made.json()["kind"]) == ("BILL-4", "problem")
    assert send(browser, "POST", PATTERNS, {"component": "Payments", "action": "make_problem"}).status_code == 409
    assert browser.get("/api/v1/incidents/BILL-1/").json()["part_of"] == "BILL-4"
