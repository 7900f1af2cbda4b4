"""One message a person a day, at nine by their own clocks: checks and actions that are due or late, over all periods.

Beside them stand the shifts of today and tomorrow and the debriefs of today; for those alone nobody is written to.

A timer whose key names the person and the date: it fires once for that day, looks at how the checks stand then, and
sets the next day's while there is something left to do. The day before, on the day, and daily while late; after two
days the lead hears of it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from contributors.messaging import outbox
from contributors.models import Delivery, Shift
from hypercare.engine import timers
from hypercare.models import Timer, User
from periods.calendar.wallclock import days_from, instant, local_day
from periods.models import Action, ChecklistItem, Debrief, JournalEntry, Period

KIND: Final = "checklist.reminder"
TOLD_AT: Final = time(9, 0)
A_DAY: Final = timedelta(days=1)
LEAD_HEARS_AFTER: Final = 2 * A_DAY
MOST_LINES: Final = 30
CHECKED: Final = (*Period.PRE_LIVE[1:], *Period.LIVE)
# Entries after which somebody may have something to do who had nothing before.
GIVES_WORK: Final = (
    "checklist.created",
    "checklist.added",
    "checklist.assigned",
    "checklist.reopened",
    "checklist.failed",
    "checklist.undone",
    "checklist.waiver_ended",
    "go.decided",
    "action.added",
    "action.reopened",
    "debrief.finished",
)


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: whoever has checks to do in the period is reminded from their next morning on."""
    if entry.kind.startswith("period.") or entry.kind in GIVES_WORK:
        arm_digests(entry.period, at=at)


def arm_digests(period: Period, *, at: datetime) -> None:
    """Set the next morning of everybody who has a check or an action still to do. Repeats change nothing."""
    if period.status not in CHECKED:
        return
    standing = _standing(at).filter(period=period)
    people = set(standing.exclude(owner=None).values_list("owner_id", flat=True).distinct())
    people |= set(_open_actions().filter(period=period).values_list("owner_id", flat=True))
    if period.lead_id and standing.exists():
        people.add(period.lead_id)
    _arm(User.objects.filter(pk__in=people, is_active=True).order_by("pk"), at)


def _arm(people: Iterable[User], at: datetime) -> None:
    coming = {_key(person, at): person for person in people}
    there = Timer.objects.filter(key__in=coming, cleared_at__isnull=True).values_list("key", flat=True)
    for key in sorted(set(coming) - set(there)):
        timers.arm(key, kind=KIND, due_at=_next(coming[key], at), args={"user": coming[key].pk})


def _next(person: User, at: datetime) -> datetime:
    """Nine o'clock on the person's clocks, today or tomorrow: once on each date, whatever the clocks do."""
    mornings = (instant(day, TOLD_AT, person.zone) for day in days_from(local_day(at, person.zone)))
    return next(moment for moment in mornings if moment > at)


def _key(person: User, at: datetime) -> str:
    return f"{KIND}:{person.pk}:{local_day(_next(person, at), person.zone)}"


def on_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    """Timer: tell the person what is due or late now, and come again while they have something to do."""
    if "user" not in args:
        # Set before reminders were a person's: it hands over to them.
        arm_digests(Period.objects.get(pk=args["period"]), at=at)
        return
    person = User.objects.filter(pk=args["user"], is_active=True).first()
    if person is None:
        return
    theirs = list(_theirs(person, at).select_related("owner", "period", "period__lead").order_by("due_at", "id"))
    actions = list(_open_actions().filter(owner=person, period__in=_periods_of(person)).select_related("period"))
    _tell(person, theirs, actions, due_at=due_at, at=at)
    if theirs or actions:
        _arm([person], at)


def _standing(at: datetime) -> QuerySet[ChecklistItem]:
    """Checks still to be done, in periods where they matter."""
    ended = Q(status=ChecklistItem.Status.WAIVED, waiver_expires_at__lte=at)
    return ChecklistItem.objects.filter(Q(status__in=ChecklistItem.STANDING) | ended, period__status__in=CHECKED)


def _theirs(person: User, at: datetime) -> QuerySet[ChecklistItem]:
    """What a person owns, and everything in the periods they lead; only while they are part of the period."""
    return _standing(at).filter(Q(owner=person) | Q(period__lead=person), period__in=_periods_of(person))


def _open_actions() -> QuerySet[Action]:
    return Action.objects.filter(done_at__isnull=True, period__status__in=CHECKED).order_by("due_at", "id")


def _periods_of(person: User) -> QuerySet[Period]:
    return Period.objects.filter(memberships__user=person, memberships__left_at__isnull=True)


def _tell(person: User, theirs: list[ChecklistItem], actions: list[Action], *, due_at: datetime, at: datetime) -> None:
    tomorrow = local_day(at, person.zone) + A_DAY
    own = [
        check
        for check in theirs
        if (check.owner or check.period.lead) == person and local_day(check.due_at, person.zone) <= tomorrow
    ]
    others = [
        check
        for check in theirs
        if check.owner is not None and check.owner != person and check.due_at <= at - LEAD_HEARS_AFTER
    ]
    todo = [action for action in actions if local_day(action.due_at, person.zone) <= tomorrow]
    if not own and not others and not todo:
        return
    things: list[ChecklistItem | Action] = [*own, *others, *todo]
    several = len({thing.period_id for thing in things}) > 1
    context = {
        "items": [_line(check, at, several=several) for check in own[:MOST_LINES]],
        "others": [f"{_title(check, several=several)} ({check.owner})" for check in others[:MOST_LINES]],
        "actions": [_line(action, at, several=several) for action in todo[:MOST_LINES]],
        "shifts": _shifts(person, at),
        "debriefs_today": _debriefs(person, at),
        "more": sum(max(0, len(rows) - MOST_LINES) for rows in (own, others, todo)),
        "several": several,
    }
    outbox.notify(
        user=person,
        kind="checklist_reminder",
        period=things[0].period,
        subject="",
        context=context,
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        not_after=at + A_DAY,
        key=f"{KIND}:{person.pk}:{local_day(due_at, person.zone)}",
    )


def _shifts(person: User, at: datetime) -> list[list[str]]:
    """Duties of today and tomorrow."""
    tomorrow = local_day(at, person.zone) + A_DAY
    near = (
        Shift.objects.filter(
            user=person,
            cancelled_at__isnull=True,
            ends_at__gt=at,
            starts_at__lt=at + 2 * A_DAY,
            role__period__in=_periods_of(person),
        )
        .select_related("role")
        .order_by("starts_at", "id")
    )
    return [
        [shift.role.name, shift.starts_at.isoformat(), shift.ends_at.isoformat()]
        for shift in near
        if local_day(shift.starts_at, person.zone) <= tomorrow
    ]


def _debriefs(person: User, at: datetime) -> list[list[str]]:
    """Debriefs still to come today."""
    coming = Debrief.objects.filter(
        period__in=_periods_of(person), status=Debrief.Status.SCHEDULED, starts_at__gt=at, starts_at__lt=at + A_DAY
    )
    return [
        [f"Debrief {row.number}: {row.period.name}", row.starts_at.isoformat(), row.ends_at.isoformat()]
        for row in coming.select_related("period").order_by("starts_at", "id")
        if local_day(row.starts_at, person.zone) == local_day(at, person.zone)
    ]


def _line(thing: ChecklistItem | Action, at: datetime, *, several: bool) -> dict[str, Any]:
    return {
        "title": _title(thing, several=several),
        "due_at": thing.due_at.isoformat(),
        "late": thing.is_late(at),
        "blocking": isinstance(thing, ChecklistItem) and thing.blocking,
    }


def _title(check: ChecklistItem | Action, *, several: bool) -> str:
    return f"{check.period.name}: {check.title}" if several else check.title
