"""What a postponement means to people: shifts move by the same days, and everybody answers again."""

from __future__ import annotations

from datetime import datetime, timedelta

from contributors import readiness, roster
from contributors.models import Shift
from periods import journal, wallclock
from periods.models import JournalEntry, Period


def on_entry(entry: JournalEntry, *, at: datetime) -> None:  # noqa: ARG001  one shape for all consumers
    """Journal consumer; a replay changes nothing."""
    if entry.kind != "period.postponed":
        return
    move_shifts(entry)
    reason = "Go-live was postponed"
    readiness.void_all(entry.period_id, reason=reason, by=entry.actor, at=entry.at, via=entry.via)


def move_shifts(entry: JournalEntry) -> int:
    """Move standing shifts by as many days as go-live moved, at the same time of day; how many.

    Calendars follow, because an event keeps its identity. People who can't make the new dates say so when they
    answer again.
    """
    period = Period.objects.locked().get(pk=entry.period_id)
    days, mark = _days(entry, period), f"postponed:{entry.seq}"
    if not days or JournalEntry.objects.filter(period=period, kind="shift.moved", subject=mark).exists():
        return 0
    shifts = list(Shift.objects.filter(role__period=period, cancelled_at__isnull=True).order_by("id"))
    for shift in shifts:
        shift.starts_at = _moved(shift.starts_at, days, period)
        longest = shift.starts_at + roster.LONGEST_SHIFT
        # A day of 25 hours would make a full day too long for its own rule.
        shift.ends_at = min(_moved(shift.ends_at, days, period), longest)
        shift.revision += 1
    Shift.objects.bulk_update(shifts, ["starts_at", "ends_at", "revision"], batch_size=500)
    if shifts:
        journal.record(
            period, "shift.moved", by=entry.actor, at=entry.at, via=entry.via, subject=mark, count=len(shifts),
            days=days.days,
        )  # fmt: skip
    return len(shifts)


def _days(entry: JournalEntry, period: Period) -> timedelta:
    old, new = (datetime.fromisoformat(entry.data[name]) for name in ("old_go_live_at", "new_go_live_at"))
    return wallclock.local_day(new, period.zone) - wallclock.local_day(old, period.zone)


def _moved(moment: datetime, days: timedelta, period: Period) -> datetime:
    """The same time of day so many days later, in the period's zone."""
    local = moment.astimezone(period.zone)
    return wallclock.instant(local.date() + days, local.time(), period.zone)
