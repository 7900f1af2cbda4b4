"""Timers of a period: readiness opens, the end comes, the rate is looked at, a condition is due. Only set here.

At each midnight of a live period its exit criteria are read.

What happens then is in `timer_handlers.py`.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from hypercare.engine import timers
from periods.calendar import wallclock
from periods.models import GoCondition, Period

READINESS_LEAD: Final = timedelta(days=14)
AFTER_MIDNIGHT: Final = time(0, 5)
CONDITION_NOTICES: Final = (timedelta(days=1), timedelta(hours=2))


def arm_readiness(period: Period, *, at: datetime) -> None:
    """Look at readiness 14 days before go-live; replaces an earlier timer."""
    clear_timers(period, "readiness", at=at)
    _set(period, "readiness", period.go_live_at - READINESS_LEAD)


def rearm_readiness(period: Period, *, due_at: datetime) -> None:
    """Look once more, from the handler of the timer before."""
    _set(period, "readiness", due_at)


def arm_end(period: Period, *, at: datetime) -> None:
    """Look at the period when its end comes; replaces an earlier timer."""
    clear_timers(period, "end", at=at)
    _set(period, "end", period.ends_at)


def arm_rate(period: Period, *, at: datetime) -> None:
    """Look at the arrivals when the present day is over on the period's clocks; replaces an earlier timer."""
    clear_timers(period, "rate", at=at)
    rearm_rate(period, at=at)


def rearm_rate(period: Period, *, at: datetime) -> None:
    """Look again tomorrow, from the handler of the timer before."""
    tomorrow = wallclock.local_day(at, period.zone) + timedelta(days=1)
    _set(period, "rate", wallclock.instant(tomorrow, AFTER_MIDNIGHT, period.zone))


def arm_reading(period: Period, *, at: datetime) -> None:
    """Read the exit criteria when the present day is over on the period's clocks, and each day after it."""
    tomorrow = wallclock.local_day(at, period.zone) + timedelta(days=1)
    _set(period, "reading", wallclock.instant(tomorrow, time(0), period.zone))


def rearm_end(period: Period, *, due_at: datetime) -> None:
    """Look at a period once more that fell back to live after its end had passed."""
    _set(period, "end", due_at)


def arm_condition(row: GoCondition, *, at: datetime) -> None:
    """Look at a condition at its deadline, and remind its owner before it."""
    stem = f"period:{row.period_id}:{{}}:{row.pk}:{row.due_at.isoformat()}"
    args = {"period": row.period_id, "condition": row.pk}
    timers.arm(stem.format("condition"), kind="period.condition", due_at=row.due_at, args=args)
    for notice in CONDITION_NOTICES:
        if (due_at := row.due_at - notice) > at:
            key = f"{stem.format('condition_soon')}:{int(notice.total_seconds())}"
            timers.arm(key, kind="period.condition_soon", due_at=due_at, args=args)


def clear_timers(period: Period, *kinds: str, at: datetime) -> None:
    """Take timers back: these kinds, or all of the period's own.

    Never from a timer's own handler: a timer that is taken back while it fires undoes what it did.
    """
    for prefix in [f"period:{period.pk}:{kind}:" for kind in kinds] or [f"period:{period.pk}:"]:
        timers.clear_prefix(prefix, at=at)


def _set(period: Period, kind: str, due_at: datetime) -> None:
    """The key holds its moment and the journal's number: one that has fired is never needed again."""
    key = f"period:{period.pk}:{kind}:{due_at.isoformat()}:{period.journal_seq}"
    timers.arm(key, kind=f"period.{kind}", due_at=due_at, args={"period": period.pk})
