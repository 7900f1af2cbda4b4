"""The library in the browser: found and marked, written and kept on bad input, made a check, added to a plan."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contributors.models import Membership
from periods.lessons import lessons
from periods.models import Lesson, LessonUse, Period
from tests.factories import NOW, make_debrief, make_incident, make_member, make_period, make_user
from tests.hypercare.scene import signed_in, words
from tests.periods.lessons.test_lessons import SAID, coming, suggested, written

pytestmark = pytest.mark.django_db


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL")


@pytest.fixture
def browser(period: Period) -> Client:
    return signed_in(period.lead)


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Delete it",
        "happened": "",
        "learnt": "Check that it is gone.",
        "phase": "go_live",
        "theme": "Data",
        "component": "",
        "tags": "Paused, not removed; Once",
        "period": "",
        "incident": "",
        **changes,
    }


def test_a_hit_shows_the_word_marked_its_origin_and_its_use(browser: Client, period: Period) -> None:
    make_incident(period)
    lesson = suggested(period, incident_number=1)
    plan = coming(lead=period.lead, name="Mobile app")
    lessons.add_to_plan(lesson.pk, plan.pk, by=period.lead, at=NOW)
    page = words(browser.get("/lessons/?q=SCHEDULER"))

    assert "The old <mark>scheduler</mark> ran" in page
    assert "Billing cut-over, Nov 2026, from" in page
    assert "BILL-1" in page
    assert "Used in 1 plan" in page
    assert "In your Mobile app plan" in page
    assert "Suggested as a check" in page


def test_text_that_looks_like_markup_is_only_text(browser: Client, period: Period) -> None:
    written(period, title="<script>alert(1)</script> jobs", at_once=True)
    page = words(browser.get("/lessons/", {"q": "script"}))

    assert "<script>alert" not in page
    assert "&lt;<mark>script</mark>&gt;" in page


def test_a_period_one_is_not_part_of_is_not_named(period: Period) -> None:
    make_incident(period)
    written(period, incident_number=1, at_once=True)
    stranger = signed_in(make_user())
    lesson = Lesson.objects.get()
    pages = words(stranger.get("/lessons/")) + words(stranger.get(f"/lessons/{lesson.pk}/"))

    assert "Another period, Nov 2026" in pages
    assert "Billing cut-over" not in pages
    assert "BILL-1" not in pages


def test_a_draft_is_not_there_for_a_stranger(period: Period) -> None:
    lesson = written(period)
    stranger = signed_in(make_user())

    assert stranger.get(f"/lessons/{lesson.pk}/").status_code == 404
    assert stranger.post(f"/lessons/{lesson.pk}/publish/").status_code == 404
    assert SAID["title"] not in words(stranger.get("/lessons/"))


def test_the_search_field_has_the_focus_and_an_empty_library_says_what_to_do(browser: Client) -> None:
    page = words(browser.get("/lessons/"))

    assert "autofocus" in page
    assert "No lessons yet" in page


def test_no_hit_names_themes_and_a_filter_that_hides_hits_says_how_many(browser: Client, period: Period) -> None:
    written(period, at_once=True)

    nothing = words(browser.get("/lessons/?q=unicorn"))
    assert "No lesson mentions “unicorn”" in nothing
    assert "Cut-over steps" in nothing
    hidden = words(browser.get("/lessons/?q=scheduler&phase=exit"))
    assert "1 without the filter." in hidden
    assert "Clear filters" in hidden


@pytest.mark.parametrize(
    "address",
    ["?q=%00", "?phase=nothing", "?tag=%00x", "?sort=worst", "?page=-1", "?page=zzz", "?show=x", "?theme=" + "x" * 500],
)
def test_an_odd_address_is_an_ordinary_page(browser: Client, address: str) -> None:
    assert browser.get(f"/lessons/{address}").status_code == 200


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("count", [1, 15])
def test_the_library_costs_the_same_with_one_lesson_and_with_many(
    browser: Client, period: Period, django_assert_max_num_queries: Any, count: int
) -> None:
    for n in range(count):
        lesson = suggested(make_period(), title=f"Scheduler {n}", tags=["One", "Two"])
        lessons.add_to_plan(lesson.pk, coming(lead=period.lead).pk, by=period.lead, at=NOW)
    Membership.objects.filter(user=period.lead, period__status="readiness").exclude(period=period).update(left_at=NOW)
    browser.get("/lessons/")

    with django_assert_max_num_queries(28):
        browser.get("/lessons/?q=scheduler")


def test_a_lesson_of_an_incident_begins_with_its_cause_and_what_ended_it(browser: Client, period: Period) -> None:
    make_incident(
        period, title="Invoices twice", cause="Two schedulers", resolution="Old one removed.", workaround="Pause it."
    )

    initial = browser.get("/lessons/new/?period=BILL&incident=BILL-1").context["form"].initial

    assert initial["happened"] == "Invoices twice\nCause: Two schedulers"
    assert initial["learnt"] == "Old one removed.\nUntil then: Pause it."
    assert "happened" not in browser.get("/lessons/new/?period=BILL&incident=BILL-9").context["form"].initial


def test_a_lesson_written_from_a_debrief_knows_where_it_comes_from(browser: Client, period: Period) -> None:
    debrief = make_debrief(period)
    make_incident(period)
    form = browser.get(f"/lessons/new/?period=bill&debrief={debrief.number}").context["form"]
    assert form.initial["phase"] == "live"

    sent = typed(period=period.pk, incident="bill-1", debrief=debrief.number)
    assert browser.post("/lessons/new/", sent).status_code == 302
    lesson = Lesson.objects.get()
    assert (lesson.period, lesson.debrief, lesson.incident_number, lesson.status) == (period, debrief, 1, "draft")
    assert [tag.name for tag in lesson.tags.order_by("id")] == ["Paused, not removed", "Once"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": ""}, "Fill in: The lesson in one line"),
        ({"incident": "BILL-9"}, "is not an incident of that period"),
        ({"phase": "never"}, "never"),
        ({"tags": "; ".join("abcdefghij")}, "at most 8 tags"),
    ],
)
def test_bad_input_keeps_what_was_typed(browser: Client, change: dict[str, str], sentence: str) -> None:
    answer = browser.post("/lessons/new/", typed(learnt="Kept text", **change))
    page = words(answer)

    assert answer.status_code == 422
    assert sentence in page
    assert "Kept text" in page
    assert not Lesson.objects.exists()


def test_another_persons_period_can_not_be_chosen(browser: Client) -> None:
    other = make_period()

    assert browser.post("/lessons/new/", typed(period=other.pk)).status_code == 422


def test_a_viewer_can_not_write_for_the_period(period: Period) -> None:
    viewer = make_member(period, right="viewer").user

    assert signed_in(viewer).post("/lessons/new/", typed(period=period.pk)).status_code == 422


def test_publish_make_a_check_change_it_and_add_it_to_a_plan(browser: Client, period: Period) -> None:
    lesson = written(period)
    plan = coming(lead=period.lead, key="PLAN")
    here = f"/lessons/{lesson.pk}/"
    for name in ("publish", "make-check"):
        assert browser.post(f"{here}{name}/")["Location"] == here
    check = {"check_title": "Jobs are gone", "check_category": "Rollback", "check_owner_role": "RM", "check_days": "3"}
    assert browser.post(f"{here}check/", check)["Location"] == here
    assert "Add to this plan" in words(browser.get(here))
    assert browser.post(f"/p/PLAN/lessons/{lesson.pk}/add/", {"next": here})["Location"] == here

    item = plan.checklist.get()
    assert (item.title, item.owner_role, item.lesson_use.lesson) == ("Jobs are gone", "RM", lesson)
    page = words(browser.get(here))
    assert "Add to this plan" not in page
    assert browser.post(f"/p/PLAN/lessons/{lesson.pk}/add/").status_code == 409


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "no page", "a\x00b"])
def test_the_page_after_a_button_is_one_of_ours(browser: Client, period: Period, elsewhere: str) -> None:
    lesson = written(period)

    answer = browser.post(f"/lessons/{lesson.pk}/publish/", {"next": elsewhere})
    assert answer["Location"] == f"/lessons/{lesson.pk}/"


def test_a_wrong_check_is_refused_beside_its_field(browser: Client, period: Period) -> None:
    lesson = suggested(period)
    answer = browser.post(f"/lessons/{lesson.pk}/check/", {"check_title": "", "check_days": "-4"})

    assert answer.status_code == 422
    assert "Give days before go-live from 0 to 365." in words(answer)


def test_a_member_without_the_right_is_told_who_has_it(period: Period) -> None:
    lesson = written(period)
    answer = signed_in(make_member(period).user).post(f"/lessons/{lesson.pk}/publish/")

    assert answer.status_code == 403
    assert "an owner or support of its period" in words(answer)


def test_adding_to_a_plan_one_does_not_own_is_refused(period: Period) -> None:
    lesson, plan = suggested(period), coming(key="PLAN")

    assert signed_in(make_user()).post(f"/p/PLAN/lessons/{lesson.pk}/add/").status_code == 404
    assert signed_in(make_member(plan).user).post(f"/p/PLAN/lessons/{lesson.pk}/add/").status_code == 403
    assert not LessonUse.objects.exists()


def test_an_unknown_action_and_a_huge_number_are_not_found(browser: Client, period: Period) -> None:
    lesson = written(period)

    assert browser.post(f"/lessons/{lesson.pk}/explode/").status_code == 404
    assert browser.get("/lessons/99999999999999999999/").status_code == 404


def test_reading_changes_nothing(browser: Client, period: Period) -> None:
    lesson = suggested(period)
    before = (lesson.updated_at, Period.objects.get(pk=period.pk).journal_seq)
    for address in ("/lessons/", f"/lessons/{lesson.pk}/", "/lessons/new/", f"/lessons/{lesson.pk}/edit/"):
        assert browser.get(address).status_code == 200

    lesson.refresh_from_db()
    assert (lesson.updated_at, Period.objects.get(pk=period.pk).journal_seq) == before


def test_jump_finds_lessons(browser: Client, period: Period) -> None:
    written(period)

    assert SAID["title"].replace("’", "’") in words(browser.get("/search/?q=scheduler"))
