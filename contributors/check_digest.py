"""One message a person a day: their checks that are due or late, over all periods, at nine by their own clocks.

A timer whose key names the person and the date: it fires once for that day, looks at how the checks stand then, and
sets the next day's while there is something left to do. The day before, on the day, and daily while late; after two
days the lead hears of it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from contributors import notifications
from contributors.models import Delivery
from hypercare import timers
from hypercare.models import Timer, User
from periods.models import ChecklistItem, JournalEntry, Period
from periods.wallclock import days_from, instant, local_day

KIND: Final = "checklist.reminder"
TOLD_AT: Final = time(9, 0)
A_DAY: Final = timedelta(days=1)
LEAD_HEARS_AFTER: Final = 2 * A_DAY
MOST_LINES: Final = 30
CHECKED: Final = (*Period.PRE_LIVE[1:], *Period.LIVE)
# Entries after which somebody may have something to do who had nothing before.
GIVES_WORK: Final = (
    "checklist.created", "checklist.added", "checklist.assigned", "checklist.reopened", "checklist.failed",
    "checklist.undone", "checklist.waiver_ended", "go.decided",
)  # fmt: skip


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: whoever has checks to do in the period is reminded from their next morning on."""
    if entry.kind.startswith("period.") or entry.kind in GIVES_WORK:
        arm_for(entry.period, at=at)


def arm_for(period: Period, *, at: datetime) -> None:
    """Set the next morning of everybody who answers for a check that is still to be done. Repeats change nothing."""
    if period.status not in CHECKED:
        return
    standing = _standing(at).filter(period=period)
    people = set(standing.exclude(owner=None).values_list("owner_id", flat=True).distinct())
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
    """Timer: tell the person what is due or late now, and come again while they have checks to do."""
    if "user" not in args:
        # Set before reminders were a person's: it hands over to them.
        arm_for(Period.objects.get(pk=args["period"]), at=at)
        return
    person = User.objects.filter(pk=args["user"], is_active=True).first()
    if person is None:
        return
    theirs = list(
        _theirs(person, at).select_related("owner", "period", "period__lead").order_by("due_at", "id")
    )
    _tell(person, theirs, due_at=due_at, at=at)
    if theirs:
        _arm([person], at)


def _standing(at: datetime) -> QuerySet[ChecklistItem]:
    """Checks still to be done, in periods where they matter."""
    ended = Q(status=ChecklistItem.Status.WAIVED, waiver_expires_at__lte=at)
    return ChecklistItem.objects.filter(
        Q(status__in=ChecklistItem.STANDING) | ended, period__status__in=CHECKED
    )


def _theirs(person: User, at: datetime) -> QuerySet[ChecklistItem]:
    """What a person owns, and everything in the periods they lead; only while they are part of the period."""
    members = Period.objects.filter(memberships__user=person, memberships__left_at__isnull=True)
    return _standing(at).filter(Q(owner=person) | Q(period__lead=person), period__in=members)


def _tell(person: User, theirs: list[ChecklistItem], *, due_at: datetime, at: datetime) -> None:
    tomorrow = local_day(at, person.zone) + A_DAY
    own = [
        check for check in theirs
        if (check.owner or check.period.lead) == person and local_day(check.due_at, person.zone) <= tomorrow
    ]  # fmt: skip
    others = [
        check for check in theirs
        if check.owner is not None and check.owner != person and check.due_at <= at - LEAD_HEARS_AFTER
    ]  # fmt: skip
    if not own and not others:
        return
    several = len({check.period_id for check in (*own, *others)}) > 1
    context = {
        "items": [_line(check, at, several=several) for check in own[:MOST_LINES]],
        "others": [f"{_title(check, several=several)} ({check.owner})" for check in others[:MOST_LINES]],
        "more": max(0, len(own) - MOST_LINES) + max(0, len(others) - MOST_LINES),
        "several": several,
    }  # fmt: skip
    notifications.notify(
        user=person, kind="checklist_reminder", period=(own or others)[0].period, subject="", context=context,
        urgency=Delivery.Urgency.NORMAL, at=at, not_after=at + A_DAY,
        key=f"{KIND}:{person.pk}:{local_day(due_at, person.zone)}",
    )  # fmt: skip


def _line(check: ChecklistItem, at: datetime, *, several: bool) -> dict[str, Any]:
    return {
        "title": _title(check, several=several), "due_at": check.due_at.isoformat(), "late": check.is_late(at),
        "blocking": check.blocking,
    }  # fmt: skip


def _title(check: ChecklistItem, *, several: bool) -> str:
    return f"{check.period.name}: {check.title}" if several else check.title
