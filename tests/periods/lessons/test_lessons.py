"""Lessons: who writes, sees, publishes; made a check; taken by a plan and counted from there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from periods.lessons import lessons
from periods.models import JournalEntry, Lesson, LessonUse, Period
from tests.factories import GO_LIVE, NOW, make_debrief, make_incident, make_member, make_period, make_user

pytestmark = pytest.mark.django_db
SAID: dict[str, Any] = {
    "title": "Delete replaced jobs, don’t pause them",
    "happened": "The old scheduler ran next to the new one.",
    "learnt": "Make “job no longer exists” the check.",
    "phase": "go_live",
    "theme": "Cut-over steps",
    "component": "Billing engine",
    "tags": ["Paused, not removed"],
}


def written(period: Period | None = None, **changes: Any) -> Lesson:
    by = changes.pop("by", None) or (period.lead if period else make_user(may_plan=True))
    return lessons.write(period=period, by=by, at=NOW, **{**SAID, **changes})


def suggested(period: Period | None = None, **changes: Any) -> Lesson:
    lesson = written(period, at_once=True, **changes)
    return lessons.suggest_as_check(lesson.pk, by=lesson.author, at=NOW)


def coming(**fields: Any) -> Period:
    return make_period(Period.Status.READINESS, **fields)


def test_a_lesson_starts_as_a_draft_and_is_told_once():
    period = make_period()
    lesson = written(period)

    assert (lesson.status, [tag.name for tag in lesson.tags.all()]) == ("draft", ["Paused, not removed"])
    assert [entry.kind for entry in JournalEntry.objects.filter(period=period)] == ["lesson.written"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"learnt": ""}, "learnt"),
        ({"theme": ""}, "theme"),
        ({"phase": "later"}, "phase"),
        ({"tags": [f"tag {n}" for n in range(9)]}, "tags"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"component": "x" * 81}, "component"),
        ({"happened": "x" * 5001}, "happened"),
        ({"author": "me"}, "author"),
        ({"incident_number": 7}, "incident"),
        ({"check_due_days": 3}, "check_due_days"),
        ({"check_owner_role": "XY"}, "check_owner_role"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_nothing_is_written(change, field):
    with pytest.raises(Invalid) as refusal:
        written(make_period(), **change)

    assert field in refusal.value.errors
    assert not Lesson.objects.exists()


def test_an_incident_and_a_debrief_must_be_of_the_period():
    period, other = make_period(), make_period()
    make_incident(period)
    lesson = written(period, incident_number=1, debrief=make_debrief(period))

    assert (lesson.period, lesson.incident_number) == (period, 1)
    with pytest.raises(Invalid):
        written(other, incident_number=1)
    with pytest.raises(Invalid):
        written(period, debrief=make_debrief(other))


def test_members_who_take_part_write_and_viewers_and_strangers_do_not():
    period = make_period()
    written(period, by=make_member(period, right="contributor").user)

    for person in (make_member(period, right="viewer").user, make_user()):
        with pytest.raises(NotAllowed):
            written(period, by=person)


def test_a_draft_is_seen_by_its_author_and_its_period_a_published_one_by_everybody():
    period = make_period()
    member, stranger = make_member(period).user, make_user()
    lesson = written(period)

    def seen() -> list[bool]:
        return [Lesson.objects.visible_to(one).filter(pk=lesson.pk).exists() for one in (period.lead, member, stranger)]

    assert seen() == [True, True, False]
    lessons.publish(lesson.pk, by=period.lead, at=NOW)
    assert seen() == [True, True, True]


def test_an_author_who_left_still_sees_their_own_lesson():
    period = make_period()
    membership = make_member(period)
    lesson = written(period, by=membership.user)
    membership.left_at = NOW
    membership.save(update_fields=["left_at"])

    assert lesson in Lesson.objects.visible_to(membership.user)


def test_publishing_is_for_owners_and_support_of_the_period():
    period = make_period()
    author = make_member(period).user
    lesson = written(period, by=author)

    with pytest.raises(NotAllowed):
        lessons.publish(lesson.pk, by=author, at=NOW)
    lessons.publish(lesson.pk, by=make_member(period, right="support").user, at=NOW)
    with pytest.raises(AlreadyDone):
        lessons.publish(lesson.pk, by=period.lead, at=NOW)


def test_a_lesson_of_no_period_is_published_by_people_who_may_plan():
    lesson = written(by=make_user())

    with pytest.raises(NotAllowed):
        lessons.publish(lesson.pk, by=lesson.author, at=NOW)
    assert lessons.publish(lesson.pk, by=make_user(may_plan=True), at=NOW).status == "published"


def test_the_author_edits_and_another_contributor_does_not():
    period = make_period()
    author = make_member(period).user
    lesson = written(period, by=author)
    lessons.edit(lesson.pk, by=author, at=NOW, title="Shorter", tags=["One", "Two"])

    lesson.refresh_from_db()
    assert (lesson.title, lesson.tags.count(), lesson.happened) == ("Shorter", 2, SAID["happened"])
    with pytest.raises(NotAllowed):
        lessons.edit(lesson.pk, by=make_member(period).user, at=NOW, title="Mine")


def test_an_edit_that_changes_nothing_writes_nothing():
    lesson = written(make_period())
    lessons.edit(lesson.pk, by=lesson.author, at=NOW, **SAID)

    assert JournalEntry.objects.filter(kind="lesson.edited").count() == 0


# --- Made a check


def test_a_published_lesson_becomes_a_check_with_words_of_its_own():
    lesson = suggested(make_period())

    assert (lesson.is_check, lesson.check_title, lesson.check_owner_role) == (True, SAID["title"], "EN")
    with pytest.raises(AlreadyDone):
        lessons.suggest_as_check(lesson.pk, by=lesson.author, at=NOW)


def test_a_draft_is_not_made_a_check():
    lesson = written(make_period())

    with pytest.raises(Refused, match="Publish it first"):
        lessons.suggest_as_check(lesson.pk, by=lesson.author, at=NOW)


def test_taking_it_back_or_withdrawing_it_keeps_the_checks_that_were_made():
    lesson, period = suggested(make_period()), coming()
    lessons.add_to_plan(lesson.pk, period.pk, by=period.lead, at=NOW)
    lessons.withdraw(lesson.pk, by=lesson.author, at=NOW)

    lesson.refresh_from_db()
    assert (lesson.is_check, lesson.status) == (False, "draft")
    assert LessonUse.objects.filter(lesson=lesson, period=period).exists()


def test_one_click_adds_the_check_with_its_lesson_its_owner_code_and_its_due_day():
    period = coming()
    lesson = suggested(make_period())
    lessons.edit(lesson.pk, by=lesson.author, at=NOW, check_due_days=-2, check_blocking=True, check_owner_role="RM")
    item = lessons.add_to_plan(lesson.pk, period.pk, by=period.lead, at=GO_LIVE - timedelta(days=9))

    assert (item.title, item.owner_role, item.blocking) == (SAID["title"], "RM", True)
    assert item.due_at.astimezone(period.zone).strftime("%d %H") == "12 17"
    assert item.lesson_use.lesson == lesson
    assert [entry.kind for entry in JournalEntry.objects.filter(period=period)] == ["checklist.added"]


def test_a_plan_takes_a_lesson_once_and_only_before_go_live():
    lesson, period, live = suggested(make_period()), coming(), make_period()
    lessons.add_to_plan(lesson.pk, period.pk, by=period.lead, at=NOW)

    with pytest.raises(AlreadyDone):
        lessons.add_to_plan(lesson.pk, period.pk, by=period.lead, at=NOW)
    with pytest.raises(Refused, match="past go-live"):
        lessons.add_to_plan(lesson.pk, live.pk, by=live.lead, at=NOW)
    assert period.checklist.count() == 1


def test_adding_to_a_plan_is_for_its_owners():
    lesson, period = suggested(make_period()), coming()

    for person in (make_member(period).user, make_user()):
        with pytest.raises(NotAllowed):
            lessons.add_to_plan(lesson.pk, period.pk, by=person, at=NOW)


def test_a_lesson_that_is_not_suggested_is_not_added():
    lesson, period = written(make_period(), at_once=True), coming()

    with pytest.raises(Refused, match="Make it a check first"):
        lessons.add_to_plan(lesson.pk, period.pk, by=period.lead, at=NOW)
