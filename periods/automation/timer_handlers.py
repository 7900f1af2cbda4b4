"""What happens to a period by itself: readiness opens, the end comes, calm turns out not to be.

Handlers run in the transaction of their timer, look at how things stand then, and do nothing when the moment
has passed. None of them takes back the timer that called it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from hypercare import registry
from periods import checklist
from periods.calendar import wallclock
from periods.exit import readings, statistics
from periods.go import conditions
from periods.journal import journal
from periods.lifecycle import gates, lifecycle
from periods.models import JournalEntry, Period
from periods.timers import timers

Status = Period.Status
CALM: Final = (Status.STABILISING, Status.EXIT_REVIEW)
TRY_AGAIN: Final = timedelta(days=1)
DAYS_OUTSIDE: Final = 2
OPENS_INCIDENT: Final = ("incident.reported", "incident.regraded", "incident.reopened")


def on_readiness_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  a handler
    """Open readiness; while something stands in the way, say so in the journal and look again tomorrow."""
    period = Period.objects.locked().get(pk=args["period"])
    if period.status != Status.PLANNED or period.go_live_at <= at:
        return
    if not period.checklist.exists():
        checklist.make_checklist(period, by=None, at=at, via="timer")
    found = gates.find_blockers(period, "invite", at=at)
    if found:
        timers.rearm_readiness(period, due_at=at + TRY_AGAIN)
        reasons = [blocker.text for blocker in found]
        journal.record(period, "period.readiness_waiting", by=None, at=at, via="timer", reasons=reasons)
    else:
        lifecycle.invite(period.pk, by=None, at=at, via="timer")


def on_end(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  a handler
    """Open the exit review at the end date; it never closes anything. Nothing when the end has moved."""
    period = Period.objects.locked().get(pk=args["period"])
    if period.status in (Status.ACTIVE, Status.STABILISING) and period.ends_at <= at:
        lifecycle.review(period.pk, by=None, at=at, via="timer")


def on_rate_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  a handler
    """After each day of calm: back to live when smoothed arrivals were above the limit on two days, else watch on."""
    period = Period.objects.locked().get(pk=args["period"])
    if period.status not in CALM:
        return
    if is_rate_outside(period, at=at):
        lifecycle.relapse(period.pk, reason="Arrivals were above the limit on two days in a row.", at=at)
    else:
        timers.rearm_rate(period, at=at)


def on_reading_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    """At midnight: what the exit criteria said then goes on record, late or not; and again tomorrow."""
    period = Period.objects.locked().get(pk=args["period"])
    if period.status in Period.LIVE:
        readings.record_day(period, read_at=due_at, at=at)
        timers.arm_reading(period, at=due_at)


def on_condition_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  a handler
    """A condition's deadline: not met, and the go ends or its sponsor decides how to go on."""
    conditions.expire_condition(args["condition"], at=at)


def is_rate_outside(period: Period, *, at: datetime) -> bool:
    """Whether smoothed arrivals were above their limit on each of the last two whole days (docs/domain.md §2, §3)."""
    normal = _normal(period)
    if normal is None:
        return False
    today = wallclock.local_day(at, period.zone)
    days = registry.resolve(registry.DAY_COUNTS)(period, at=at)
    whole = [sum(day.arrived.values()) for day in days if day.arrived is not None and day.on < today]
    outside = statistics.ewma(whole, normal).outside[-DAYS_OUTSIDE:]
    return len(outside) == DAYS_OUTSIDE and all(outside)


def _normal(period: Period) -> float | None:
    """Arrivals a day: counted before, else what BAU accepts."""
    if period.baseline_issues and period.baseline_days:
        return period.baseline_issues / period.baseline_days
    return period.tolerable_per_day


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: a P1 in a calm period takes it back to live. Repeats find it live already."""
    is_new = entry.kind in OPENS_INCIDENT and entry.data.get("before") != "P1"
    if not is_new or entry.data.get("severity") != "P1":
        return
    period = Period.objects.locked().get(pk=entry.period_id)
    # One that was known before the period calmed down says nothing new.
    if period.status in CALM and entry.at >= period.status_since:
        reason = f"{entry.data.get('key', 'An incident')} is a P1: {entry.data.get('title', '')}"
        lifecycle.relapse(period.pk, reason=reason, at=at, via="alert" if entry.via == "alert" else "timer")
