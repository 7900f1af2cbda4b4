"""What the exit criteria said at the end of each day, as it was put on record then.

The journal is a chain, so nobody makes a bad week look better afterwards: whatever asks about days that are over reads
them here, and never counts them again from incidents as they are now. A day that is not on record is never a good one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from periods.calendar import wallclock
from periods.exit import criteria
from periods.journal import journal
from periods.models import JournalEntry, Period

SUBJECT: Final = "criteria"  # what the journal's entries of each day are about
TREND_DAYS: Final = 14
IN_TIME: Final = timedelta(minutes=1)  # the engine ticks every second: later than this, it was down
EDGE: Final = timedelta(microseconds=1)

Said = tuple[float | None, str]


@dataclass(frozen=True, slots=True)
class DayReadings:
    """The value and verdict of each criterion (by code) at the end of a day of the period.

    `is_certain` is False where nothing is on record, or where it was read late and something was changed before.
    """

    on: date
    said: Mapping[str, Said] = field(default_factory=dict)
    is_certain: bool = False

    def met(self, code: str) -> bool:
        """Whether it is on record as met."""
        return self.is_certain and self.said.get(code, (None, ""))[1] == "pass"

    def value(self, code: str) -> float | None:
        """The value on record; None where none is, or it is not certain."""
        return self.said.get(code, (None, ""))[0] if self.is_certain else None


def record_day(period: Period, *, read_at: datetime, at: datetime) -> None:
    """Put on record what every criterion said at `read_at`, the end of a day, in a transaction of the caller.

    Late is as good as in time while nobody has changed anything since; otherwise the entry says `late`, because a
    reading of the past counts what is in the rows now.
    """
    scored = criteria.scorecard(period, at=read_at)
    met = sum(row.reading.verdict == "pass" for row in scored)
    journal.record(
        period,
        "criterion.read",
        by=None,
        at=at,
        via="timer",
        subject=SUBJECT,
        title=f"{met} of {len(scored)} met",
        day=day_before(period, read_at).isoformat(),
        readings=readings_as_json(scored),
        **({"late": True} if _is_doubtful(period, read_at, at) else {}),
    )


def _is_doubtful(period: Period, read_at: datetime, at: datetime) -> bool:
    """Read after its time, and people or alerts did something meanwhile. What the clock does changes no past."""
    if at - read_at <= IN_TIME:
        return False
    done = JournalEntry.objects.filter(period=period).exclude(via="timer").order_by("-seq")
    last = done.values_list("at", flat=True).first()
    return last is not None and last > read_at


def day_before(period: Period, moment: datetime) -> date:
    """The day of the period that a moment belongs to; midnight belongs to the day it ends."""
    return wallclock.local_day(moment - EDGE, period.zone)


def days_before(period: Period, *, at: datetime, count: int) -> list[DayReadings]:
    """The days that were over before the day of `at`, the latest first, with gaps as days without a reading. One query.

    Where a day was read twice, because the period's zone changed, the later reading stands.
    """
    today = day_before(period, at)
    wanted = [today - timedelta(days=ago) for ago in range(1, count + 1)]
    entries = JournalEntry.objects.filter(
        period=period, subject=SUBJECT, data__day__in=[day.isoformat() for day in wanted]
    ).order_by("seq")
    known = {entry.data["day"]: _day(entry) for entry in entries}
    return [known.get(day.isoformat(), DayReadings(day)) for day in wanted]


def _day(entry: JournalEntry) -> DayReadings:
    return DayReadings(date.fromisoformat(entry.data["day"]), _said(entry), is_certain=not entry.data.get("late"))


def _said(entry: JournalEntry) -> dict[str, Said]:
    return {code: (value, verdict) for code, (value, verdict) in entry.data.get("readings", {}).items()}


def last_readings(period: Period, *, at: datetime) -> dict[str, Said]:
    """What was put on record last, at the end of a day or of a debrief, up to an instant. Empty before the first."""
    entries = JournalEntry.objects.filter(Q(subject=SUBJECT) | Q(kind="debrief.finished"), period=period, at__lte=at)
    entry = entries.order_by("-seq").first()
    return _said(entry) if entry else {}


def read_all(period: Period, *, at: datetime) -> dict[str, list[Any]]:
    """Value and verdict of every criterion by code, as an entry of the journal keeps them."""
    return readings_as_json(criteria.scorecard(period, at=at))


def readings_as_json(scored: Iterable[criteria.ScoredCriterion]) -> dict[str, list[Any]]:
    """The same of criteria that are read already."""
    return {row.criterion.code: [row.reading.value, row.reading.verdict] for row in scored}


def trends(period: Period) -> dict[str, list[float]]:
    """The values on record of each criterion, oldest first, of the last 14 days. One query."""
    entries = JournalEntry.objects.filter(period=period, subject=SUBJECT).order_by("-seq")[:TREND_DAYS]
    found: dict[str, list[float]] = {}
    for entry in reversed(entries):
        for code, (value, _) in entry.data["readings"].items():
            if value is not None:
                found.setdefault(code, []).append(value)
    return found
