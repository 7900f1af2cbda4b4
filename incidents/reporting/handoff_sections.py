"""What a hand-off note should say about incidents (docs/domain.md section 4, Handoff note). One line a thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from contributors.handoffs.handoff_notes import NoteSection
from contributors.models import Role
from incidents.models import Comment, Incident
from incidents.paging.sla import clocks_of
from periods.models import Period

MOST: Final = 20
LONGEST: Final = 160
PROMISED_WITHIN: Final = timedelta(hours=12)
Status = Incident.Status


def open_urgent_section(period: Period, role: Role, *, at: datetime) -> NoteSection:  # noqa: ARG001  one shape for all parts
    """P1s and P2s that are open and not yet calm: state, owner, what was said last, next update."""
    rows = _open(period).filter(severity__in=("P1", "P2")).exclude(status=Status.MONITORING)
    found = list(rows[:MOST])
    last = _last_words(found)
    lines = tuple(_urgent(incident, last.get(incident.pk, ""), at) for incident in found)
    return NoteSection("open", "Open P1 and P2", lines, "State, what you think it is, what was tried, what is next.")


def watched_section(period: Period, role: Role, *, at: datetime) -> NoteSection:  # noqa: ARG001
    """What is being watched, whatever its severity."""
    rows = _open(period).filter(status=Status.MONITORING)
    lines = tuple(f"{_named(incident)}: watched by {_owner(incident)}" for incident in rows[:MOST])
    return NoteSection("watch", "To watch", lines, "What to look at, and what should make somebody act.")


def changes_section(period: Period, role: Role, *, at: datetime) -> NoteSection:  # noqa: ARG001
    """Fixes that are planned or wait for a test."""
    rows = _open(period).filter(queue__in=(Incident.Queue.PLANNED_FIX, Incident.Queue.RETEST))
    lines = tuple(
        f"{_named(incident)}: {incident.get_queue_display().lower()}"
        + (f", {incident.queue_note}" if incident.queue_note else "")
        for incident in rows[:MOST]
    )
    return NoteSection("changes", "Changes in flight", lines, "What is being rolled out, and how it is taken back.")


def snoozed_section(period: Period, role: Role, *, at: datetime) -> NoteSection:  # noqa: ARG001
    """What was put aside for a while."""
    rows = _open(period).filter(snoozed_until__gt=at)
    lines = tuple(
        f"{_named(incident)}: snoozed until {_clock(incident.snoozed_until, period)}" for incident in rows[:MOST]
    )
    return NoteSection("silences", "Muted", lines, "Alerts that are silent or noisy, and until when.")


def promises_section(period: Period, role: Role, *, at: datetime) -> NoteSection:  # noqa: ARG001
    """Updates that were promised for the hours to come."""
    due = [(moment, one) for one in _open(period)[: 5 * MOST] if (moment := _update_due(one, at))]
    soon = sorted(((moment, one) for moment, one in due if moment <= at + PROMISED_WITHIN), key=_first)
    lines = tuple(f"{_clock(moment, period)} update on {_named(one)}" for moment, one in soon[:MOST])
    return NoteSection("promises", "Promised", lines, "What was promised to whom, and by when.")


def _open(period: Period) -> Any:
    rows = Incident.objects.open().filter(period=period)
    return rows.select_related("period__incident_policy", "owner").order_by("severity", "reported_at", "id")


def _urgent(incident: Incident, last: str, at: datetime) -> str:
    update = _update_due(incident, at)
    next_ = f" Next update {_clock(update, incident.period)}." if update else ""
    words = f" Last: {_short(last)}" if last else ""
    return f"{_named(incident)}: {incident.get_status_display().lower()}, {_owner(incident)}.{words}{next_}"


def _update_due(incident: Incident, at: datetime) -> datetime | None:
    running = (clock for clock in clocks_of(incident, at) if clock.kind == "update")
    return next((clock.due_at for clock in running if clock.is_open), None)


def _last_words(incidents: Iterable[Incident]) -> dict[int, str]:
    """Incident id → the newest note or decision on it. One query."""
    written = Comment.objects.filter(incident__in=list(incidents)).exclude(kind=Comment.Kind.UPDATE)
    return dict(written.order_by("at", "id").values_list("incident_id", "body"))


def _first(pair: tuple[datetime, Incident]) -> tuple[datetime, int]:
    return pair[0], pair[1].pk


def _named(incident: Incident) -> str:
    return f"{incident.key} {incident.severity} {incident.title}"


def _owner(incident: Incident) -> str:
    return incident.owner.name if incident.owner else "no owner"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST else f"{one_line[:LONGEST].rstrip()}…"


def _clock(moment: datetime | None, period: Period) -> str:
    return f"{moment.astimezone(period.zone):%a %H:%M}" if moment else ""
