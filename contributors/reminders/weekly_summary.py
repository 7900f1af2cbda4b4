"""The week in one message, Monday at eight on the period's clocks, to whoever leads or sponsors it. From the data.

Before go-live it says how ready the period is and what stands in the way; afterwards what a debrief would look at,
over the week.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, Final

from contributors.messaging import outbox
from contributors.models import Delivery
from contributors.readiness import acknowledgements
from hypercare import registry
from hypercare.engine import timers
from hypercare.models import Timer
from periods import checklist
from periods.calendar.wallclock import instant, local_day
from periods.debriefs.debriefs import AgendaSection
from periods.lifecycle import gates
from periods.models import JournalEntry, Period

KIND: Final = "weekly.summary"
TOLD_AT: Final = time(8, 0)
A_WEEK: Final = timedelta(days=7)
MOST_LINES: Final = 8
COVERED: Final = (Period.Status.READINESS, Period.Status.READY, *Period.LIVE)


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: a period that gets ready or is live has its next Monday set. Repeats change nothing."""
    if entry.kind.startswith("period.") and entry.period.status in COVERED:
        _arm(entry.period, at)


def _arm(period: Period, at: datetime) -> None:
    monday = next_monday(period, at)
    key = f"{KIND}:{period.pk}:{local_day(monday, period.zone)}"
    if not Timer.objects.filter(key=key, cleared_at__isnull=True).exists():
        timers.arm(key, kind=KIND, due_at=monday, args={"period": period.pk})


def next_monday(period: Period, at: datetime) -> datetime:
    """The next Monday at eight by the period's clocks, after an instant."""
    today = local_day(at, period.zone)
    monday = today - timedelta(days=today.weekday())
    moments = (instant(monday + n * A_WEEK, TOLD_AT, period.zone) for n in range(3))
    return next(moment for moment in moments if moment > at)


def on_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    """Timer: tell lead and sponsor how the week was; then set the next Monday."""
    period = Period.objects.locked().select_related("lead", "sponsor").get(pk=args["period"])
    if period.status not in COVERED:
        return
    said = _live(period, at) if period.is_live else _ahead(period, at)
    for user in {person.pk: person for person in (period.lead, period.sponsor) if person}.values():
        outbox.notify(
            user=user,
            kind="weekly_summary",
            period=period,
            subject="",
            context=said,
            at=at,
            urgency=Delivery.Urgency.NORMAL,
            not_after=at + timedelta(days=2),
            key=f"{KIND}:{period.pk}:{due_at.isoformat()}:{user.pk}",
        )
    _arm(period, at)


def _live(period: Period, at: datetime) -> dict[str, Any]:
    since = max(at - A_WEEK, period.starts_at)
    sections = [registry.resolve(path)(period, since=since, at=at) for path in registry.DEBRIEF_SECTIONS]
    return {
        "day": period.window_day(at).number,
        "days": period.days,
        "ends_at": period.ends_at.isoformat(),
        "parts": [_part(section) for section in sections if section.items],
    }


def _part(section: AgendaSection) -> dict[str, Any]:
    if section.key == "numbers":
        return {"title": "This week", "lines": [_figure(line.text, line.note) for line in section.items]}
    return {"title": section.title, "lines": _first(_line(line.text, line.note) for line in section.items)}


def _figure(text: str, note: str) -> str:
    """`Open: 9, was 6`: an agenda puts the figure behind the whole of its label."""
    label, _, before = text.partition(", ")
    figure = f"{label[:1].upper()}{label[1:]}: {note}"
    return f"{figure}, {before}" if before else figure


def _line(text: str, note: str) -> str:
    return f"{text}: {note}" if note else text


def _first(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    more = len(found) - MOST_LINES
    return [*found[:MOST_LINES], f"and {more} more"] if more > 0 else found


def _ahead(period: Period, at: datetime) -> dict[str, Any]:
    checks, people = checklist.progress(period, at=at), acknowledgements.summarise_readiness(period, at=at)
    blockers = gates.find_blockers(period, "go", at=at) if period.status == Period.Status.READINESS else []
    waiting = f"{people.problem} miss something, {people.waiting} have not answered"
    lines = [
        f"Checks: {checks.done} of {checks.total} done, {checks.late} late, {checks.blockers_open} that block the go",
        f"People: {people.ready} of {len(people.rows)} ready, {waiting}",
    ]
    parts = [{"title": "How ready it is", "lines": lines}]
    if blockers:
        parts.append({"title": "In the way of a go", "lines": _first(found.text for found in blockers)})
    return {
        "days_left": (local_day(period.go_live_at, period.zone) - local_day(at, period.zone)).days,
        "go_live_at": period.go_live_at.isoformat(),
        "parts": parts,
    }
