"""POST /api/v1/complexity/: the same answer as the pages give, and nothing is stored."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client

from periods.models import Period, ScoringModel
from periods.planning import complexity, scoring, scoring_model
from tests.factories import GO_LIVE, NOW, make_user

pytestmark = pytest.mark.django_db
WORKED = dict(zip((f.key for f in complexity.FACTORS), (2, 2, 3, 2, 2, 2, 1, 3, 2), strict=True))


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user(may_plan=True))
    return client


def ask(client: Client, **more: Any) -> Any:
    return client.post("/api/v1/complexity/", {"answers": WORKED, **more}, "application/json")


def test_the_worked_example_comes_with_every_reason(client: Client) -> None:
    found = ask(client).json()
    assert (found["score"], found["band"], found["days"], found["day_range"]) == (53, "high", 28, [21, 42])
    assert [part["points"] for part in found["contributions"]] == [8, 8, 9, 6, 6, 6, 2, 6, 2]
    assert {part["kind"] for part in found["contributions"]} == {"factor"}
    assert (found["floors"], found["version"], found["score_band"]) == ([], 1, "high")
    assert found["coverage"][0]["pattern"] == "24x7"
    assert found["debrief_cadence"].startswith("Twice daily on days 1 to 5")
    assert (found["ends_on"], found["end"]) == (None, None)
    assert not Period.objects.exists()


def test_the_end_follows_from_go_live_cycles_and_holidays(client: Client) -> None:
    fours = dict.fromkeys(WORKED, 4)
    cycle = [{"name": "Quarter close", "on": "2026-04-10"}]
    found = ask(client, answers=fours, go_live_on="2026-03-02", critical_cycles=cycle).json()
    assert (found["days"], found["ends_on"], found["end"]["by_score"]) == (42, "2026-04-15", "2026-04-13")
    cycle[0]["on"] = "2026-05-13"
    found = ask(client, answers=fours, go_live_on="2026-03-02", critical_cycles=cycle, country="DK").json()
    assert found["ends_on"] == "2026-05-19"
    assert found["end"]["holidays"] == [{"on": "2026-05-14", "name": "Ascension Day"}]
    assert (found["end"]["cycle"], found["end"]["working_days"], found["end"]["moved"]) == ("Quarter close", 3, True)


def test_floors_are_contributions_with_their_days(client: Client) -> None:
    found = ask(client, answers=dict.fromkeys(WORKED, 0), first_release=True, emergency=True).json()
    assert (found["band"], found["score_band"]) == ("moderate", "minimal")
    assert [floor["key"] for floor in found["floors"]] == ["emergency", "first_release"]
    assert [(part["key"], part["days"]) for part in found["contributions"] if part["kind"] == "floor"] == [
        ("emergency", 11),
        ("first_release", 0),
    ]


def test_a_version_may_be_asked_for_and_without_it_the_one_in_use_answers(client: Client) -> None:
    data = scoring_model.to_data(scoring_model.STANDARD)
    data["bands"][3]["days"] = 30
    scoring.make_version(data, reason="Longer.", based_on=1, by=make_user(is_staff=True), at=GO_LIVE)
    assert [ask(client, **more).json()["days"] for more in ({}, {"version": 1}, {"version": 2})] == [30, 28, 30]
    assert ask(client, version=3).status_code == 422
    assert ScoringModel.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"answers": {**WORKED, "reach": 5}}, "/answers/reach"),
        ({"answers": {key: value for key, value in WORKED.items() if key != "novelty"}}, "/answers/novelty"),
        ({"answers": {**WORKED, "weather": 1}}, "/answers/weather"),
        ({"answers": {str(n): 1 for n in range(5000)}}, "/answers"),
        ({"answers": [1]}, "/answers"),
        ({"country": "QX", "go_live_on": "2026-03-02"}, "/country"),
        ({"country": "DK", "subdivision": "BY", "go_live_on": "2026-03-02"}, "/subdivision"),
        ({"go_live_on": "9999-12-31"}, "/go_live_on"),
        ({"go_live_on": "2026-03-02", "critical_cycles": [{"name": "x", "on": "9999-12-31"}]}, "/critical_cycles"),
        ({"go_live_on": "2026-03-02", "critical_cycles": [{"name": "x", "on": "2026-04-01"}] * 21}, "/critical_cycles"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_what_cannot_be_scored_names_its_field(client: Client, more: dict[str, Any], pointer: str) -> None:
    answer = ask(client, **more)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_stranger_to_the_house_is_asked_to_sign_in() -> None:
    assert Client().post("/api/v1/complexity/", {"answers": WORKED}, "application/json").status_code in (401, 403)


@time_machine.travel(NOW)
def test_a_plan_made_by_the_api_keeps_flags_and_decisions(client: Client) -> None:
    sent = {
        "key": "API1",
        "name": "By API",
        "go_live_at": "2027-03-02T07:00:00Z",
        "ends_at": "2027-03-30T07:00:00Z",
        "country": "DE",
        "subdivision": "BY",
        "answers": WORKED,
        "emergency": True,
        "cover": "low",
        "cover_override_reason": "Office tool.",
    }
    made = client.post("/api/v1/periods/", sent, "application/json")
    assert made.status_code == 201, made.content
    found = made.json()
    assert (found["emergency"], found["first_release"], found["scoring_version"]) == (True, False, 1)
    assert (found["debrief_cadence"], found["cover"], found["country"]) == ("high", "low", "DE")
    changed = client.patch("/api/v1/periods/API1/", {"emergency": False}, "application/json").json()
    assert (changed["emergency"], changed["score"], changed["cover"]) == (False, 53, "low")
    refused = client.patch("/api/v1/periods/API1/", {"debrief_cadence": "low"}, "application/json")
    assert refused.json()["errors"][0]["pointer"] == "/cadence_override_reason"
