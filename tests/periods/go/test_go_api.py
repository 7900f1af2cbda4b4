"""The go/no-go API: votes, risks, the decision, its conditions, and all decisions on record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from periods.models import GoCondition, GoRisk, Period
from tests.factories import GO_LIVE, make_check, make_user
from tests.periods.planning.test_period_api import Caller, pointers
from tests.periods.story import DURING_READINESS as AT
from tests.periods.story import make_ready_to_decide

pytestmark = pytest.mark.django_db

GO = "/api/v1/periods/BILL26/go-no-go/"
DUE = GO_LIVE - timedelta(hours=6)


@pytest.fixture
def period() -> Period:
    found = make_ready_to_decide(key="BILL26")
    make_check(found, title="Alerts reach on-call")
    return found


def decide(period: Period) -> GoCondition:
    """The sponsor's go on one condition that answers the open check."""
    caller = Caller(period.sponsor)
    [open_check] = caller.read(GO, at=AT).json()["objections"]
    row = {"text": "A test alert rings", "owner": period.lead_id, "due_at": DUE.isoformat()}
    row["objection"] = open_check["key"]
    answer = caller.call(f"{GO}decide/", {"outcome": "go_with_conditions", "conditions": [row]}, at=AT)
    assert answer.status_code == 200
    return GoCondition.objects.get(period=period)


def test_votes_say_who_spoke_for_the_seat_and_what_would_turn_them(period: Period) -> None:
    shown = Caller(period.lead).call(f"{GO}vote/", {"choice": "go", "flip": "A failed drill"}, at=AT).json()

    lead = shown["votes"][0]
    assert (lead["role"], lead["voter"]["name"], lead["flip"]) == ("Lead", "Lead", "A failed drill")
    assert shown["quorum"] == {"met": True, "voted": 2, "total": 2}


def test_a_refused_go_names_reasons_and_codes(period: Period) -> None:
    answer = Caller(period.sponsor).call(f"{GO}decide/", {"outcome": "go"}, at=AT)

    assert answer.status_code == 409
    assert (answer.json()["reasons"], answer.json()["codes"]) == (
        ["“Alerts reach on-call” is not done."],
        ["go.check_open"],
    )


def test_a_condition_is_met_with_evidence_and_refused_from_its_deadline_on(period: Period) -> None:
    row = decide(period)
    caller, path = Caller(period.lead), f"{GO}conditions/{row.pk}/met/"

    late = caller.call(path, {"evidence": "Rang"}, at=DUE)
    empty = caller.call(path, {}, at=AT)
    met = caller.call(path, {"evidence": "Rang at 02:10"}, at=DUE - timedelta(minutes=1))

    assert (late.status_code, empty.status_code, met.status_code) == (409, 422, 200)
    assert "The deadline was" in late.json()["reasons"][0]
    assert pointers(empty) == {"/evidence": "This field is required."}
    assert (met.json()["state"], met.json()["settled_by"]["name"]) == ("met", "Lead")


def test_all_decisions_are_listed_with_how_their_conditions_went(period: Period) -> None:
    decide(period)

    [one] = Caller(period.lead).read(f"{GO}decisions/", at=AT).json()["results"]

    assert (one["outcome"], one["by"]["name"], one["turns"]) == ("go_with_conditions", "Sponsor", None)
    assert [(row["text"], row["state"]) for row in one["conditions"]] == [("A test alert rings", "open")]
    assert one["snapshot"]["codes"] == ["go.check_open"]


def test_risks_are_added_and_taken_off(period: Period) -> None:
    caller = Caller(period.lead)
    risk = {"risk": "Push fails", "detection": "Canary, 2 min", "response": "Flag off"}

    made = caller.call(f"{GO}risks/", risk, at=AT)
    bad = caller.call(f"{GO}risks/", {"risk": "x"}, at=AT)
    shown = caller.read(GO, at=AT).json()["risks"]
    gone = caller.call(f"{GO}risks/{made.json()['id']}/remove/", at=AT)
    again = caller.call(f"{GO}risks/{made.json()['id']}/remove/", at=AT)

    assert (made.status_code, bad.status_code, gone.status_code, again.status_code) == (201, 422, 200, 409)
    assert [row["risk"] for row in shown] == ["Push fails"]


@pytest.mark.parametrize(
    "path", ["", "vote/", "decide/", "decisions/", "risks/", "risks/{risk}/remove/", "conditions/{row}/met/"]
)
def test_a_stranger_finds_nothing(period: Period, path: str) -> None:
    row = decide(period)
    said = {"risk": "x", "detection": "y", "response": "z"}
    risk = GoRisk.objects.create(period=period, **said, added_by=period.lead, added_at=AT)
    method = "GET" if path in ("", "decisions/") else "POST"

    answer = Caller(make_user()).call(GO + path.format(row=row.pk, risk=risk.pk), method=method, at=AT)

    assert answer.status_code == 404
