"""Finding lessons: words, facets and their counts, order, what keeps coming back, what a plan is offered."""

from __future__ import annotations

from typing import Any

import pytest

from periods.lessons import lessons, search
from periods.lessons.search import LessonQuery
from periods.models import Lesson
from tests.factories import NOW, make_incident, make_period, make_user
from tests.periods.lessons.test_lessons import coming, suggested, written

pytestmark = pytest.mark.django_db


def published(**changes: Any) -> Lesson:
    return written(make_period(), at_once=True, **{"happened": "", "learnt": "Do it.", "tags": [], **changes})


def titles(query: LessonQuery, user: Any = None) -> list[str]:
    return [row.title for row in search.search_lessons(user or make_user(), query)]


@pytest.fixture
def shelf() -> None:
    published(
        title="Alert when a job does not start",
        learnt="The scheduler lost its lock.",
        theme="Monitoring",
        phase="live",
        component="Warehouse",
    )
    published(title="Freeze the scheduler calendar", theme="Cut-over steps", phase="go_live", component="CRM")
    published(
        title="Write times with a zone",
        happened="“Start scheduler at 06:00”",
        theme="Cover and people",
        phase="go_live",
        component="Billing engine",
    )
    published(title="Ask Support first", theme="Communication", phase="exit", component="CRM")


def test_words_are_looked_for_everywhere_and_the_title_counts_most(shelf):
    assert titles(LessonQuery("SCHEDULER"))[0] == "Freeze the scheduler calendar"
    assert len(titles(LessonQuery("scheduler"))) == 3


def test_every_word_must_be_there(shelf):
    assert titles(LessonQuery("scheduler zone")) == ["Write times with a zone"]
    assert titles(LessonQuery("scheduler unicorn")) == []


@pytest.mark.parametrize("text", ["%", "_", "100%", "a\x00b", "'; --", "\\"])
def test_signs_of_the_database_are_only_signs(shelf, text):
    assert titles(LessonQuery(text)) == []


def test_tags_are_found_too(shelf):
    published(title="Tagged", tags=["Time zone mix-ups"])

    assert titles(LessonQuery("mix-ups")) == ["Tagged"]


def test_facets_are_counted_under_the_words_and_the_other_facets(shelf):
    query = LessonQuery("scheduler", {"phase": ["go_live"]})
    found = {name: {one.value: one.count for one in values} for name, _, values in search.facets(make_user(), query)}

    assert found["phase"] == {"preparation": 0, "go_live": 2, "live": 1, "exit": 0}
    assert found["theme"] == {"Cover and people": 1, "Cut-over steps": 1}
    assert len(titles(query)) == 2
    assert search.count_matching(make_user(), query) == 3


def test_a_chosen_value_can_be_let_go_though_nothing_has_it(shelf):
    query = LessonQuery("scheduler", {"theme": ["Communication"]})
    themes = {name: values for name, _, values in search.facets(make_user(), query)}["theme"]

    assert [(one.value, one.count) for one in themes if one.chosen] == [("Communication", 0)]


def test_drafts_of_other_periods_are_neither_found_nor_counted(shelf):
    period = make_period()
    written(period, title="Secret scheduler", theme="Secret")

    assert search.count_matching(make_user(), LessonQuery("scheduler")) == 3
    assert search.count_matching(period.lead, LessonQuery("scheduler")) == 4
    assert "Secret" not in search.nearest_themes(make_user(), most=20)
    assert not search.drafts_of(make_user()).exists()


def test_use_is_counted_by_period_from_the_checks():
    lesson, other = suggested(make_period()), suggested(make_period(), title="Other")
    plans = [coming(), coming()]
    for period in plans:
        lessons.add_to_plan(lesson.pk, period.pk, by=period.lead, at=NOW)

    rows = list(search.search_lessons(plans[0].lead, LessonQuery(sort="used")))
    assert [(row.pk, row.used_in) for row in rows] == [(lesson.pk, 2), (other.pk, 0)]
    assert search.plans_by_lesson(plans[0].lead, rows) == {lesson.pk: [plans[0]]}


def test_what_keeps_coming_back_is_counted_by_period_whatever_its_case():
    for tags in (["Paused, not removed"], ["paused, NOT removed", "Once"], ["Time zones"]):
        published(title=f"Lesson {tags}", tags=tags)
    twice = make_period()
    for n in range(3):
        written(twice, title=f"Same period {n}", at_once=True, tags=["Once more"])

    assert search.recurring_tags(make_user()) == [{"name": "Paused, not removed", "periods": 2, "top": 2}]


def test_a_plan_is_offered_what_it_has_not_taken_its_own_systems_first():
    first = suggested(make_period(), title="Other system", component="CRM")
    ours = suggested(make_period(), title="Our system", component="Payments")
    written(make_period(), title="Not suggested", at_once=True)
    period = coming(systems=["Payments"])

    assert search.suggest_lessons(period) == [ours, first]
    lessons.add_to_plan(ours.pk, period.pk, by=period.lead, at=NOW)
    assert search.suggest_lessons(period) == [first]


def test_where_a_lesson_comes_from_is_for_members_and_when_is_for_everybody():
    period = make_period()
    make_incident(period)
    written(period, incident_number=1, at_once=True)

    (inside,) = search.search_lessons(period.lead, LessonQuery())
    (outside,) = search.search_lessons(make_user(), LessonQuery())

    assert (inside.origin, inside.incident_key) == (period, f"{period.key}-1")
    assert (outside.origin, outside.incident_key) == (None, "")
    assert inside.origin_live_at == outside.origin_live_at == period.go_live_at


@pytest.mark.parametrize("count", [1, 12])
def test_a_search_costs_the_same_with_one_lesson_and_with_many(django_assert_num_queries, count):
    user = make_user()
    for n in range(count):
        published(title=f"Scheduler {n}", tags=["a", "b"])

    with django_assert_num_queries(3):
        assert [
            (row.author.name, row.origin, list(row.tags.all()))
            for row in search.search_lessons(user, LessonQuery("scheduler"))
        ]
    with django_assert_num_queries(3):
        search.facets(user, LessonQuery("scheduler", {"phase": ["go_live"]}))
