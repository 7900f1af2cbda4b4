"""Templates and lessons over the API: right person, stranger, bad input, and the same rules as in the browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hypercare.models import User
from periods.models import Lesson, Period, PeriodTemplate
from periods.planning import templates
from periods.template_files import yamlfile
from periods.template_files.content import content_as_data
from periods.template_files.kinds import BUILT_IN
from tests.factories import NOW, make_check, make_incident, make_member, make_period, make_user
from tests.periods.lessons.test_lessons import coming, suggested, written
from tests.periods.planning.test_period_api import Caller, body
from tests.periods.story import PLANNED_ON

pytestmark = pytest.mark.django_db
T, L, P = "/api/v1/templates/", "/api/v1/lessons/", "/api/v1/periods/"
OURS = replace(BUILT_IN["minor-release"], name="Ours")
SAID = {"title": "Delete it", "learnt": "Check that it is gone.", "phase": "go_live", "theme": "Data", "tags": ["Once"]}


@pytest.fixture
def maja() -> User:
    return make_user("Maja Lindqvist", may_plan=True)


# --- Templates


def test_the_list_has_the_built_in_ones_first_and_pages_through_all(maja: User) -> None:
    for n in range(4):
        templates.save_version(replace(OURS, name=f"Ours {n}"), by=maja, at=NOW)
    found, address = [], f"{T}?page_size=3"
    while address:
        answer = Caller(maja).read(address).json()
        found += [row["key"] for row in answer["results"]]
        address = answer["next"]

    assert found == [*BUILT_IN, "ours-0", "ours-1", "ours-2", "ours-3"]


def test_the_list_costs_the_same_with_one_and_with_many(maja: User) -> None:
    counts = []
    for n in range(6):
        templates.save_version(replace(OURS, name=f"Ours {n}"), by=maja, at=NOW)
        if n in (0, 5):
            with CaptureQueriesContext(connection) as queries:
                Caller(maja).read(T)
            counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("way", ["yaml", "content"])
def test_an_export_is_taken_back_as_yaml_and_as_json(maja: User, way: str) -> None:
    text = Caller(maja).read(f"{T}minor-release/export/").content.decode()
    sent = text.replace("name: Minor release", "name: Ours") if way == "yaml" else content_as_data(OURS)
    answer = Caller(maja).call(T, {way: sent, "note": "First"})

    assert answer.status_code == 201
    assert (answer.json()["key"], answer.json()["version"]) == ("ours", 1)
    assert templates.content_of(PeriodTemplate.objects.get().versions.get()) == OURS


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        ({"yaml": "name: x\nkind: huge\n"}, "line 2: kind “huge”"),
        ({}, "Send either yaml or content."),
        ({"content": {"name": "x"}}, "kind is missing."),
        ({"yaml": "a: &a b"}, "the mark &a"),
        ({"yaml": yamlfile.dump(OURS), "into": "nothing"}, "There is no own template"),
        ({"yaml": yamlfile.dump(OURS), "colour": "red"}, "This can't be set here."),
    ],
)
def test_a_bad_import_says_where_and_keeps_nothing(maja: User, sent: dict[str, Any], part: str) -> None:
    answer = Caller(maja).call(T, sent)

    assert answer.status_code == 422
    assert any(part in error["detail"] for error in answer.json()["errors"]), answer.json()
    assert not PeriodTemplate.objects.exists()


def test_templates_are_read_by_everybody_and_changed_by_planners(maja: User) -> None:
    templates.save_version(OURS, by=maja, at=NOW)
    other = Caller(make_user())

    assert other.read(f"{T}ours/").json()["content"]["name"] == "Ours"
    assert other.call(T, {"yaml": yamlfile.dump(OURS)}).status_code == 403
    assert other.call(f"{T}ours/archive/").status_code == 403
    assert other.read(f"{T}nothing/").status_code == 404
    assert Caller(maja).call(f"{T}ours/archive/").json()["archived_at"]
    assert Caller(maja).call(f"{T}ours/archive/").status_code == 409
    assert Caller(maja).call(f"{T}ours/restore/").json()["archived_at"] is None


def test_a_period_is_saved_as_a_template_by_its_owner(maja: User) -> None:
    period = make_period(key="BILL", lead=maja)
    make_check(period)
    sent = {"name": "Billing", "kind": "erp_cutover"}

    assert Caller(make_user(may_plan=True)).call(f"{P}BILL/save-as-template/", sent).status_code == 404
    assert Caller(make_member(period).user).call(f"{P}BILL/save-as-template/", sent).status_code == 403
    assert Caller(maja).call(f"{P}BILL/save-as-template/", {**sent, "kind": "x"}).status_code == 422
    assert Caller(maja).call(f"{P}BILL/save-as-template/", sent).json()["key"] == "billing"


def test_a_plan_is_made_from_a_template_or_an_earlier_period(maja: User) -> None:
    caller = Caller(maja)
    assert caller.call(P, body(key="ONE", template="minor-release"), at=PLANNED_ON).status_code == 201
    assert caller.call(P, body(key="TWO", from_period="ONE"), at=PLANNED_ON).status_code == 201

    one, two = Period.objects.get(key="ONE"), Period.objects.get(key="TWO")
    assert one.checklist.count() == two.checklist.count() == 18
    assert two.origin.earlier == one


@pytest.mark.parametrize(
    "start", [{"template": "nothing"}, {"from_period": "SECRET"}, {"template": "standard", "from_period": "SECRET"}]
)
def test_a_start_that_is_not_there_makes_no_period(maja: User, start: dict[str, str]) -> None:
    make_period(key="SECRET")

    assert Caller(maja).call(P, body(**start), at=PLANNED_ON).status_code == 422
    assert Period.objects.count() == 1


# --- Lessons


def test_a_lesson_is_written_found_changed_and_published(maja: User) -> None:
    period = make_period(key="BILL", lead=maja)
    make_incident(period)
    caller = Caller(maja)
    made = caller.call(L, {**SAID, "period": "BILL", "incident": 1})
    here = f"{L}{made.json()['id']}/"

    assert (made.status_code, made.json()["incident"], made.json()["status"]) == (201, "BILL-1", "draft")
    assert caller.call(here, {"title": "Delete them"}, method="PATCH").json()["title"] == "Delete them"
    assert caller.call(f"{here}publish/").json()["status"] == "published"
    assert caller.call(f"{here}make-check/").json()["is_check"] is True
    assert [row["title"] for row in caller.read(f"{L}?q=gone&phase=go_live").json()["results"]] == ["Delete them"]
    assert caller.read(f"{L}?q=unicorn").json()["results"] == []


def test_a_stranger_sees_published_lessons_without_the_period() -> None:
    period = make_period(key="BILL")
    draft, known = written(period), written(period, at_once=True)
    caller = Caller(make_user())

    assert caller.read(f"{L}{draft.pk}/").status_code == 404
    assert caller.read(f"{L}{known.pk}/").json()["period"] is None
    assert caller.call(f"{L}{known.pk}/withdraw/").status_code == 403
    assert caller.call(f"{L}{known.pk}/", {"title": "Mine"}, method="PATCH").status_code == 403


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"title": ""}, 422),
        ({"phase": "x"}, 422),
        ({"period": "NONE"}, 404),
        ({"incident": 3}, 422),
        ({"debrief": 1}, 422),
        ({"author": 1}, 422),
        ({"tags": ["x"] * 9}, 422),
    ],
)
def test_a_bad_lesson_writes_nothing(maja: User, change: dict[str, Any], status: int) -> None:
    assert Caller(maja).call(L, {**SAID, **change}).status_code == status
    assert not Lesson.objects.exists()


def test_its_check_is_added_to_a_plan(maja: User) -> None:
    lesson, plan = suggested(make_period()), coming(key="PLAN", lead=maja)

    assert Caller(make_user()).call(f"{P}PLAN/lessons/{lesson.pk}/add/").status_code == 404
    answer = Caller(maja).call(f"{P}PLAN/lessons/{lesson.pk}/add/")
    assert answer.status_code == 201
    assert plan.checklist.get().pk == answer.json()["check"]
    assert Caller(maja).call(f"{P}PLAN/lessons/{lesson.pk}/add/").status_code == 409


def test_lessons_cost_the_same_with_one_and_with_many(maja: User) -> None:
    counts = []
    for n in range(6):
        written(make_period(), title=f"Lesson {n}", at_once=True)
        if n in (0, 5):
            with CaptureQueriesContext(connection) as queries:
                Caller(maja).read(L)
            counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("query", ["?phase=x", "?status=x", "?updated_since=soon"])
def test_a_filter_that_can_not_be_meant_is_refused(maja: User, query: str) -> None:
    assert Caller(maja).read(f"{L}{query}").status_code == 422
