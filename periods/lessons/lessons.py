"""Lessons: written by whoever learnt them, published for everybody, and turned into checks of the next plan.

A draft is seen by its author and by the people of its period; a published lesson by every signed-in person, without
the name of a period they are not part of. How often a lesson is used is counted from the checks made from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods import checklist
from periods.access.access import is_allowed, require_right
from periods.calendar import wallclock
from periods.checklist import due_dates
from periods.journal import journal
from periods.models import ChecklistItem, Debrief, Lesson, LessonTag, LessonUse, Period
from periods.template_files.checklist import ROLES

THEMES: Final = (
    "Cut-over steps",
    "Data",
    "Monitoring",
    "Cover and people",
    "Communication",
    "Testing",
    "Rollback",
    "Vendor",
)
FIELDS: Final = ("title", "happened", "learnt", "phase", "theme", "component", "tags")
CHECK_FIELDS: Final = ("check_title", "check_category", "check_owner_role", "check_due_days", "check_blocking")
MOST_TAGS: Final = 8
LONGEST: Final = {"title": 160, "happened": 5000, "learnt": 5000, "theme": 40, "component": 80}
NEEDED: Final = {
    "title": "Say it in one line, such as “Delete replaced jobs”.",
    "learnt": "Say what the next period should do.",
    "theme": "Name a theme, such as Monitoring.",
}
CATEGORY: Final = "Lessons"


# --- Writing ------------------------------------------------------------------------------------


@transaction.atomic
def write(
    *,
    by: User,
    at: datetime,
    period: Period | None = None,
    incident_number: int | None = None,
    debrief: Debrief | None = None,
    at_once: bool = False,
    via: str = "",
    **said: Any,
) -> Lesson:
    """A draft, published at once where asked and allowed. `said` takes `FIELDS`.

    Of a period: by its members who take part. Raises NotAllowed, Invalid with every field's complaint at once.
    """
    if period is not None:
        period = Period.objects.locked().get(pk=period.pk)
        require_right(by, period, "lessons.write")
    lesson = Lesson(period=period, author=by, created_at=at, updated_at=at, phase=Lesson.Phase.LIVE)
    tags = _take(lesson, {"happened": "", "component": "", "tags": (), **said})
    _set_origin(lesson, incident_number, debrief)
    lesson.save(force_insert=True)
    _set_tags(lesson, tags)
    _journal(lesson, "lesson.written", by=by, at=at, via=via)
    return publish(lesson.pk, by=by, at=at, via=via) if at_once else lesson


def _set_origin(lesson: Lesson, incident_number: int | None, debrief: Debrief | None) -> None:
    errors = {}
    last = lesson.period.next_incident_number - 1 if lesson.period else 0
    if incident_number is not None and not 0 < incident_number <= last:
        errors["incident"] = "That incident is not one of this period. Give a key such as BILL-36."
    if debrief is not None and debrief.period_id != lesson.period_id:
        errors["debrief"] = "That debrief is not one of this period."
    if errors:
        raise Invalid(errors)
    lesson.incident_number, lesson.debrief = incident_number, debrief


@transaction.atomic
def edit(lesson_id: int, *, by: User, at: datetime, via: str = "", **said: Any) -> Lesson:
    """Change what it says (`FIELDS` and, of a suggested check, `CHECK_FIELDS`). Nothing changed writes nothing."""
    lesson = _locked(lesson_id)
    if not may_edit(lesson, by):
        raise NotAllowed(f"“{lesson.title}” is changed by {lesson.author} or an owner of its period.")
    columns: list[str] = [name for name in (*FIELDS, *CHECK_FIELDS) if name in said and name != "tags"]
    before = {name: getattr(lesson, name) for name in columns}
    tags = _take(lesson, said)
    changed: list[str] = [name for name in columns if getattr(lesson, name) != before[name]]
    fields = [*changed, "updated_at"]
    changed += ["tags"] if "tags" in said and _set_tags(lesson, tags) else []
    if not changed:
        return lesson
    lesson.updated_at = at
    lesson.save(update_fields=fields)
    _journal(lesson, "lesson.edited", by=by, at=at, via=via, changed=changed)
    return lesson


@transaction.atomic
def publish(lesson_id: int, *, by: User, at: datetime, via: str = "") -> Lesson:
    """Every signed-in person reads it from now on. Raises NotAllowed, AlreadyDone."""
    lesson = _locked(lesson_id)
    if not may_publish(lesson, by):
        raise NotAllowed(f"“{lesson.title}” is published by {_publishers(lesson)}.")
    if lesson.status == Lesson.Status.PUBLISHED:
        raise AlreadyDone(f"“{lesson.title}” was published by {lesson.published_by}.")
    lesson.status, lesson.published_at, lesson.published_by = Lesson.Status.PUBLISHED, at, by
    lesson.updated_at = at
    lesson.save(update_fields=["status", "published_at", "published_by", "updated_at"])
    _journal(lesson, "lesson.published", by=by, at=at, via=via)
    return lesson


@transaction.atomic
def withdraw(lesson_id: int, *, by: User, at: datetime, via: str = "") -> Lesson:
    """A draft again, no longer suggested; checks made from it stay. Raises NotAllowed, AlreadyDone."""
    lesson = _locked(lesson_id)
    if not may_publish(lesson, by):
        raise NotAllowed(f"“{lesson.title}” is withdrawn by {_publishers(lesson)}.")
    if lesson.status == Lesson.Status.DRAFT:
        raise AlreadyDone(f"“{lesson.title}” is a draft already.")
    lesson.status, lesson.published_at, lesson.published_by = Lesson.Status.DRAFT, None, None
    lesson.is_check, lesson.updated_at = False, at
    lesson.save(update_fields=["status", "published_at", "published_by", "is_check", "updated_at"])
    _journal(lesson, "lesson.withdrawn", by=by, at=at, via=via)
    return lesson


# --- Checks -------------------------------------------------------------------------------------


@transaction.atomic
def suggest_as_check(lesson_id: int, *, by: User, at: datetime, via: str = "") -> Lesson:
    """Make it a check: every new plan is offered it. Its words start as the lesson's title and can be edited.

    Raises NotAllowed, Refused for a draft, AlreadyDone.
    """
    lesson = _locked(lesson_id)
    if not may_publish(lesson, by):
        raise NotAllowed(f"“{lesson.title}” is made a check by {_publishers(lesson)}.")
    if lesson.status != Lesson.Status.PUBLISHED:
        raise Refused(f"“{lesson.title}” is a draft. Publish it first: a check leads everybody to its lesson.")
    if lesson.is_check:
        raise AlreadyDone(f"“{lesson.title}” is suggested as a check already.")
    lesson.is_check, lesson.updated_at = True, at
    lesson.check_title = lesson.check_title or lesson.title
    lesson.check_category = lesson.check_category or CATEGORY
    lesson.check_owner_role = lesson.check_owner_role or "EN"
    lesson.save(update_fields=["is_check", "updated_at", "check_title", "check_category", "check_owner_role"])
    _journal(lesson, "lesson.suggested", by=by, at=at, via=via)
    return lesson


@transaction.atomic
def stop_suggesting(lesson_id: int, *, by: User, at: datetime, via: str = "") -> Lesson:
    """No longer offered to new plans; checks made from it stay. Raises NotAllowed, AlreadyDone."""
    lesson = _locked(lesson_id)
    if not may_publish(lesson, by):
        raise NotAllowed(f"“{lesson.title}” is taken back by {_publishers(lesson)}.")
    if not lesson.is_check:
        raise AlreadyDone(f"“{lesson.title}” is not suggested as a check.")
    lesson.is_check, lesson.updated_at = False, at
    lesson.save(update_fields=["is_check", "updated_at"])
    _journal(lesson, "lesson.not_suggested", by=by, at=at, via=via)
    return lesson


@transaction.atomic
def add_to_plan(lesson_id: int, period_id: int, *, by: User, at: datetime, via: str = "") -> ChecklistItem:
    """One check of a period, made from a lesson and linked to it.

    Raises NotAllowed, Refused for a lesson that is not suggested or a period that is live, AlreadyDone.
    """
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, "checks.manage")
    if period.status not in Period.PRE_LIVE:
        raise Refused(f"{period.name} is past go-live, so its plan takes no more checks.")
    lesson = _locked(lesson_id)
    if not lesson.is_check:
        raise Refused(f"“{lesson.title}” is not suggested as a check. Make it a check first.")
    if LessonUse.objects.filter(lesson=lesson, period=period).exists():
        raise AlreadyDone(f"{period.name} has the check of “{lesson.title}” already.")
    item = checklist.add_check(
        period.pk,
        title=lesson.check_title,
        category=lesson.check_category or CATEGORY,
        owner_role=lesson.check_owner_role,
        blocking=lesson.check_blocking,
        due_at=_due_at(lesson, period),
        evidence_wanted="note",
        by=by,
        at=at,
        via=via,
    )
    LessonUse.objects.create(lesson=lesson, period=period, item=item, at=at, by=by)
    return item


def _due_at(lesson: Lesson, period: Period) -> datetime:
    """Five in the afternoon so many days from go-live, and never after it."""
    day = wallclock.local_day(period.go_live_at, period.zone) + timedelta(days=lesson.check_due_days)
    return min(wallclock.instant(day, due_dates.USUAL_TIME, period.zone), period.go_live_at)


# --- Who may ------------------------------------------------------------------------------------


def may_edit(lesson: Lesson, user: User) -> bool:
    """Its author, or whoever may publish it. The period must be loaded."""
    return lesson.author_id == user.pk or may_publish(lesson, user)


def may_publish(lesson: Lesson, user: User) -> bool:
    """Owners and support of its period; without a period, people who may plan."""
    if lesson.period is None:
        return user.may_plan
    return is_allowed(user, lesson.period, "lessons.publish")


def _publishers(lesson: Lesson) -> str:
    return "an owner or support of its period" if lesson.period_id else "people who may plan"


# --- What they share ----------------------------------------------------------------------------


def _locked(lesson_id: int) -> Lesson:
    """Period first, then the lesson."""
    period_id = Lesson.objects.values_list("period_id", flat=True).get(pk=lesson_id)
    if period_id:
        Period.objects.locked().get(pk=period_id)
    rows = Lesson.objects.select_for_update(of=("self",)).select_related("period", "author", "published_by")
    found: Lesson = rows.get(pk=lesson_id)
    return found


def _take(lesson: Lesson, said: Mapping[str, Any]) -> list[str]:
    """Put the words into the row; the tags it should have. Raises Invalid with every complaint at once."""
    errors: dict[str, str] = {name: "This can't be set." for name in said if name not in (*FIELDS, *CHECK_FIELDS)}
    for name, longest in LONGEST.items():
        text = _clean(name, said.get(name, getattr(lesson, name)))
        setattr(lesson, name, text)
        if len(text) > longest:
            errors[name] = f"Use at most {longest} characters."
    errors |= {name: sentence for name, sentence in NEEDED.items() if not getattr(lesson, name)}
    lesson.phase = said.get("phase", lesson.phase)
    if lesson.phase not in Lesson.Phase.values:
        errors["phase"] = f"“{lesson.phase}” is not a phase. Use {', '.join(Lesson.Phase.values)}."
    tags = _tags(said.get("tags", ()), errors)
    errors |= _take_check(lesson, said)
    if errors:
        raise Invalid(errors)
    return tags


def _take_check(lesson: Lesson, said: Mapping[str, Any]) -> dict[str, str]:
    for name in CHECK_FIELDS:
        value = said.get(name, getattr(lesson, name))
        setattr(lesson, name, " ".join(value.split()) if isinstance(value, str) else value)
    errors = {}
    if not len(lesson.check_title) <= 200 or (lesson.is_check and not lesson.check_title):
        errors["check_title"] = "Say what is to be checked, in 1 to 200 characters."
    if len(lesson.check_category) > 40:
        errors["check_category"] = "Name a category in at most 40 characters."
    if lesson.check_owner_role and lesson.check_owner_role not in ROLES:
        errors["check_owner_role"] = f"“{lesson.check_owner_role}” is not an owner code. Use {', '.join(ROLES)}."
    if not isinstance(lesson.check_due_days, int) or not -365 <= lesson.check_due_days <= 0:
        errors["check_due_days"] = "Give days before go-live as 0 to -365."
    return errors


def _clean(name: str, value: Any) -> str:
    text = str(value or "").replace("\x00", "")
    return text.strip() if name in ("happened", "learnt") else " ".join(text.split())


def _tags(given: Iterable[str], errors: dict[str, str]) -> list[str]:
    found: dict[str, str] = {}
    for name in given:
        text = " ".join(str(name).replace("\x00", "").split())
        if text:
            found.setdefault(text.casefold(), text)
    if len(found) > MOST_TAGS or any(len(name) > 40 for name in found):
        errors["tags"] = f"Give at most {MOST_TAGS} tags of up to 40 characters."
    return list(found.values())


def _set_tags(lesson: Lesson, tags: list[str]) -> bool:
    """Make them its tags; whether anything changed."""
    if sorted(lesson.tags.values_list("name", flat=True)) == sorted(tags):
        return False
    lesson.tags.all().delete()
    LessonTag.objects.bulk_create(LessonTag(lesson=lesson, name=name) for name in tags)
    return True


def _journal(lesson: Lesson, kind: str, *, by: User, at: datetime, via: str, **data: Any) -> None:
    """In the journal of its period; a lesson without one has its own columns for who and when."""
    if lesson.period is not None:
        journal.record(
            lesson.period, kind, by=by, at=at, via=via, subject=f"lesson:{lesson.pk}", title=lesson.title, **data
        )
