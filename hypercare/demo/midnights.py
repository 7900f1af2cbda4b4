"""What the clock does by itself each midnight of a live period: the exit criteria go on record."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypercare.demo.people import CPH
from hypercare.demo.script import Timeline
from hypercare.engine import timers
from periods.calendar import wallclock

DAYS: Final = 30  # longer than any live period of the demo has been


def add_story(script: Timeline) -> None:
    """Each of the last midnights of the organisation."""
    zone = ZoneInfo(CPH)
    today = wallclock.local_day(script.now, zone)
    for ago in range(DAYS):
        script.at(wallclock.instant(today - timedelta(days=ago), time(0), zone), record_readings)


def record_readings(at: datetime) -> None:
    """As the clock would have done it then."""
    for timer in timers.due_timers(at).filter(kind="period.reading"):
        timers.fire_timers([timer], at=at)
