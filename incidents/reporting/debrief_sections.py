"""What a debrief should know about incidents since the one before (docs/domain.md section 4, Debrief)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from incidents.models import Incident
from incidents.paging import sla, sla_clock
from incidents.reporting import exit_measures, hourly_totals
from incidents.shared.phrases import duration_phrase
from periods.debriefs.debriefs import AgendaLine, AgendaSection
from periods.exit import statistics
from periods.lifecycle import gates
from periods.models import JournalEntry, Period

MOST: Final = 20
LONGEST: Final = 200  # characters of a decision that are shown
PATTERN: Final = 3  # incidents of one system within a day: look for one cause
CLOCKS: Final = {"acknowledge": "Acknowledge", "update": "Update", "mitigate": "Mitigate", "resolve": "Resolve"}


def numbers_section(period: Period, since: datetime, at: datetime) -> AgendaSection:
    """In, out and open; P1s; promises missed; median time to resolve. `note` is the figure, `text` its name."""
    before, until = hourly_totals.totals_of(period).up_to(hourly_totals.MOVED, since, at)
    new, back, resolved, _ = (now - then for then, now in zip(before, until, strict=True))
    now = exit_measures.count_incidents(period, at=at)
    figures = {
        "new": str(new),
        "came back": str(back) if back else "",
        "resolved": str(resolved),
        f"open, was {before[0] + before[1] - before[2]}": str(now["open_total"]),
        "P1 open": str(now["open"]["P1"]),
        "late": str(now["late"]),
        "median to resolve": _median(period, since, at),
    }
    url = gates.page_url(period, "period_incidents")
    return AgendaSection(
        "numbers", "Since last time", 2, [AgendaLine(name, value, url) for name, value in figures.items() if value]
    )


def p1_section(period: Period, since: datetime, at: datetime) -> AgendaSection:
    """P1s that are open, or were reported or resolved since then; without one, the open P2s."""
    rows = (
        Incident.objects.counted()
        .filter(period=period, reported_at__lte=at)
        .filter(Q(resolved_at__isnull=True) | Q(resolved_at__gt=since))
    )
    ordered = rows.order_by("reported_at", "id").select_related("owner")
    worst = list(ordered.filter(severity="P1")[:MOST]) or list(ordered.filter(severity="P2")[:MOST])
    severity = worst[0].severity if worst else "P1"
    return AgendaSection(
        "p1", f"{severity} incidents", 10 if worst else 1, [_incident_line(period, row) for row in worst]
    )


def late_or_worse_section(period: Period, since: datetime, at: datetime) -> AgendaSection:
    """What missed a target, was raised or came back since then, and systems where incidents pile up."""
    items = [*_late(period, at), *_worse(period, since, at), *_patterns(period, at)]
    return AgendaSection("late", "Late or getting worse", 5 if items else 1, items[:MOST])


def decisions_section(period: Period, since: datetime, at: datetime) -> AgendaSection:
    """What was decided on incidents since then, and what somebody put on the agenda when it was resolved."""
    entries = JournalEntry.objects.filter(
        period=period, kind__in=("incident.commented", "incident.resolved"), at__gt=since, at__lte=at
    )
    items = [
        AgendaLine(_decided_words(entry), _decided_note(entry), _place(period, entry))
        for entry in entries.select_related("actor").order_by("seq")
        if entry.data.get("comment_kind") == "decision" or entry.data.get("debrief")
    ]
    return AgendaSection("incident_decisions", "Decided on incidents", 3 if items else 1, items[-MOST:])


def _decided_words(entry: JournalEntry) -> str:
    text = " ".join((entry.data.get("body") or entry.data.get("title", "")).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…"


def _decided_note(entry: JournalEntry) -> str:
    if entry.kind == "incident.resolved":
        return f"{entry.data['key']}, resolved: {Incident.Ending(entry.data['ending']).label.lower()}"
    return f"{entry.data['key']}, {entry.actor.short_name if entry.actor else ''}"


def _place(period: Period, entry: JournalEntry) -> str:
    number = int(entry.subject.rpartition(":")[2])
    return Incident(period=period, number=number).get_absolute_url()


def _median(period: Period, since: datetime, at: datetime) -> str:
    done = Incident.objects.counted().filter(period=period, resolved_at__gt=since, resolved_at__lte=at)
    spans = done.values_list("reported_at", "resolved_at")
    taken = [(end - start).total_seconds() for start, end in spans if end]
    middle = statistics.median(taken)
    return "" if middle is None else duration_phrase(middle)


def _incident_line(period: Period, incident: Incident) -> AgendaLine:
    incident.period = period
    owner = incident.owner.short_name if incident.owner else "no owner"
    note = f"{incident.get_status_display()}, {owner}"
    return AgendaLine(
        f"{incident.key} {incident.title}", note, incident.get_absolute_url(), "" if incident.is_open else "done"
    )


def _late(period: Period, at: datetime) -> Iterator[AgendaLine]:
    rows = Incident.objects.open().filter(period=period, reported_at__lte=at)
    for incident in rows.order_by("severity", "reported_at", "id"):
        incident.period = period
        late = [clock for clock in sla.clocks_of(incident, at) if clock.state == "late"]
        if late:
            worst = max(late, key=lambda clock: clock.late_s)
            yield AgendaLine(_named(incident), _late_words(worst), incident.get_absolute_url(), "late")


def _late_words(clock: sla_clock.SlaClock) -> str:
    return f"{CLOCKS[clock.kind]} {duration_phrase(clock.late_s)} late"


def _worse(period: Period, since: datetime, at: datetime) -> Iterator[AgendaLine]:
    """Raised or re-opened since then: told once, by what happened last."""
    entries = JournalEntry.objects.filter(
        period=period, kind__in=("incident.regraded", "incident.reopened"), at__gt=since, at__lte=at
    )
    told = {entry.subject: entry for entry in entries.order_by("seq") if _is_worse(entry)}
    for entry in told.values():
        came_back = entry.kind == "incident.reopened"
        words = "Came back" if came_back else f"{entry.data['before']} to {entry.data['severity']}"
        yield AgendaLine(f"{entry.data['key']} {entry.data['title']}", words, _place(period, entry), "warn")


def _is_worse(entry: JournalEntry) -> bool:
    return entry.kind == "incident.reopened" or bool(entry.data["severity"] < entry.data["before"])


def _patterns(period: Period, at: datetime) -> Iterator[AgendaLine]:
    young = Incident.objects.counted().filter(
        period=period, reported_at__gt=at - timedelta(days=1), reported_at__lte=at
    )
    systems = Counter(young.exclude(component="").values_list("component", flat=True))
    for system, count in sorted(systems.items()):
        if count >= PATTERN:
            url = gates.page_url(period, "period_incidents")
            yield AgendaLine(f"{system}: {count} incidents in 24 h", "Look for one cause", url, "warn")


def _named(incident: Incident) -> str:
    return f"{incident.key} {incident.title}"
