"""A hand-off that was accepted, and one that waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contributors.handoffs import handoff_notes, handoffs, succession
from contributors.models import Handoff, Shift
from hypercare.demo.script import Timeline
from periods.calendar import wallclock

LEAD, ENGINEERS = "Incident lead", "Billing engineering"
CHANGES_AT = (time(1), time(9), time(17))
MINUTE = timedelta(minutes=1)
CALM = (
    "3-D Secure declines creep up since the early morning: watch the issuer graph before you raise it.\n"
    "Nightly invoice run finished at 99.7 %, nothing left to repeat."
)
BUSY = (
    "Duplicate invoices are the one thing that matters: the legacy scheduler is paused, card runs are on hold.\n"
    "Ask finance before 20:00 whether the hold stays."
)


def add_story(script: Timeline, period_id: Callable[[], int], *, today: date, zone: ZoneInfo) -> None:
    """Who led the incidents handed over at the last change of shifts; an engineer has sent a note early."""
    now = script.now
    days = (today, today - timedelta(days=1))
    moments = [wallclock.instant(day, clock, zone) for day in days for clock in CHANGES_AT]
    last = max(moment for moment in moments if moment <= now - 20 * MINUTE)
    script.at(last - 25 * MINUTE, lambda at: _write(script, period_id(), LEAD, CALM, at))
    script.at(last + 5 * MINUTE, lambda at: _accept(period_id(), LEAD, at))
    script.at(now - 4 * MINUTE, lambda at: _write(script, period_id(), ENGINEERS, BUSY, at))


def _write(script: Timeline, period_id: int, role: str, overall: str, at: datetime) -> None:
    shift = Shift.objects.filter(
        role__period=period_id, role__name=role, kind="primary", cancelled_at=None, starts_at__lte=at, ends_at__gt=at
    ).first()
    if shift is None or succession.find_successor(shift) is None:
        return
    handoff = handoffs.begin(shift.pk, by=shift.user, at=at)
    known = {part.code: part.text for part in handoff_notes.prefill_sections(handoff, at=at)}
    texts = {**known, "overall": overall}
    script.at(at + 4 * MINUTE, lambda when: handoffs.write(handoff.pk, texts=texts, version=0, by=shift.user, at=when))


def _accept(period_id: int, role: str, at: datetime) -> None:
    handoff = Handoff.objects.waiting().filter(role__period=period_id, role__name=role).first()
    if handoff is not None:
        handoffs.accept(handoff.pk, by=handoff.incoming, at=at, via="link")
