"""Rows as templates want them: shaped once, so that no template asks the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from hypercare.models import User
from hypercare.ui import time_words
from incidents.models import Incident
from incidents.paging import escalation_policies, sla, sla_clock
from incidents.paging.sla import clocks_of

Status = Incident.Status

CLOCK_LABELS: Final = {"acknowledge": "Ack", "update": "Update", "mitigate": "Mitigate", "resolve": "Resolve"}
CLOCK_TITLES: Final = {
    "acknowledge": "Acknowledge",
    "update": "Next update",
    "mitigate": "Mitigate",
    "resolve": "Resolve",
}
NEEDS_TRIAGE, BEING_WORKED, WATCHING, ENDED = "Needs triage", "Being worked", "Watching", "Resolved"
QUEUES: Final = {value: str(label) for value, label in Incident.Queue.choices}
STAGES: Final = (NEEDS_TRIAGE, BEING_WORKED, WATCHING, *QUEUES.values(), ENDED)
OLD_WAIT: Final = timedelta(days=2)
COLUMNS: Final = (
    Status.NEW,
    Status.ACKNOWLEDGED,
    Status.INVESTIGATING,
    Status.MITIGATED,
    Status.MONITORING,
    Status.RESOLVED,
)
# What a person may choose from a status menu; resolving asks for more.
CHOOSABLE: Final = (Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.MITIGATED, Status.MONITORING)
TONES: Final = {"soon": "stat--warn", "late": "stat--danger"}
BARS: Final = {"met": "bar--ok", "met_late": "bar--danger", "soon": "bar--warn", "late": "bar--danger"}
ICON_CSS: Final = {"met": "icon--ok", "met_late": "icon--danger", "soon": "icon--warn", "late": "icon--danger"}
ICONS: Final = {"met": "ok", "met_late": "late", "soon": "warn", "late": "late", "paused": "pause"}


@dataclass(frozen=True, slots=True)
class ClockFace:
    """What `{% clock %}` needs: one promise and how it stands."""

    state: str
    due_at: datetime | None = None
    total_s: int = 0
    label: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident in a list or on the board."""

    incident: Incident
    stage: str
    face: ClockFace
    due_at: datetime | None
    may_handle: bool
    mine: bool
    waits_long: bool = False

    @property
    def late(self) -> bool:
        """Whether its next deadline has passed."""
        return self.face.state == "late"


@dataclass(frozen=True, slots=True)
class IncidentGroup:
    """Rows under one heading."""

    title: str
    rows: list[IncidentRow]
    total: int


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One status of the board."""

    status: str
    label: str
    cards: list[IncidentRow]
    total: int
    note: str = ""

    @property
    def more(self) -> int:
        """Cards that are not shown."""
        return self.total - len(self.cards)


@dataclass(frozen=True, slots=True)
class ClockStat:
    """One of the four clocks at the top of an incident."""

    title: str
    icon: str
    tone: str
    icon_css: str
    bar: str
    percent: int
    state: str
    due_at: datetime
    text: str
    note: str
    every: str


def stage_of(incident: Incident) -> str:
    """Where it stands for the person who triages."""
    if not incident.is_open:
        return ENDED
    if incident.queue:
        return QUEUES[incident.queue]
    if incident.status == Status.NEW or incident.owner_id is None:
        return NEEDS_TRIAGE
    return WATCHING if incident.status in (Status.MITIGATED, Status.MONITORING) else BEING_WORKED


def present_row(incident: Incident, *, at: datetime, viewer: User, may_handle: bool = False) -> IncidentRow:
    """One row; period and owner must be loaded."""
    clock = sla_clock.next_deadline(clocks_of(incident, at)) if incident.is_open else None
    face = _face(clock) if clock else _ended_face(incident)
    return IncidentRow(
        incident=incident,
        stage=stage_of(incident),
        face=face,
        due_at=clock.due_at if clock else None,
        may_handle=may_handle,
        mine=incident.owner_id == viewer.pk,
        waits_long=incident.queued_at is not None and at - incident.queued_at > OLD_WAIT,
    )


def _face(clock: sla_clock.SlaClock) -> ClockFace:
    return ClockFace(clock.state, clock.due_at, clock.total_s, CLOCK_LABELS[clock.kind])


def _ended_face(incident: Incident) -> ClockFace:
    if incident.resolved_at is None:
        return ClockFace("none", note="No deadline")
    took = time_words.duration((incident.resolved_at - incident.clock_from).total_seconds())
    return ClockFace("met", note=f"In {took}")


def group_rows(rows: Iterable[IncidentRow], totals: dict[str, int] | None = None) -> list[IncidentGroup]:
    """Rows under their stage, each by next deadline; empty stages left out."""
    by_stage: dict[str, list[IncidentRow]] = {stage: [] for stage in STAGES}
    for item in rows:
        by_stage[item.stage].append(item)
    known = totals or {}
    return [
        IncidentGroup(stage, found if stage == ENDED else sorted(found, key=_by_deadline), known.get(stage, len(found)))
        for stage, found in by_stage.items()
        if found
    ]


def _by_deadline(item: IncidentRow) -> tuple[bool, float, str, int]:
    due = item.due_at.timestamp() if item.due_at else 0.0
    return item.due_at is None, due, item.incident.severity, item.incident.pk


def board_columns(
    rows: Iterable[IncidentRow], *, resolved_total: int, open_totals: dict[str, int]
) -> list[BoardColumn]:
    """The board: one column a status, next deadline first, today's resolved ones at the end."""
    cards: dict[str, list[IncidentRow]] = {status: [] for status in COLUMNS}
    for item in rows:
        cards[Status.RESOLVED if item.stage == ENDED else item.incident.status].append(item)
    board = [
        BoardColumn(status, Status(status).label, sorted(cards[status], key=_by_deadline), open_totals.get(status, 0))
        for status in COLUMNS[:-1]
    ]
    done = BoardColumn(Status.RESOLVED, Status.RESOLVED.label, cards[Status.RESOLVED], resolved_total, "today")
    return [*board, done]


def clock_stats(incident: Incident, *, at: datetime, zone: tzinfo) -> list[ClockStat]:
    """The four clocks as figures with a bar each; hours are said in `zone`."""
    return [_stat(clock, at, zone) for clock in clocks_of(incident, at)]


def _stat(clock: sla_clock.SlaClock, at: datetime, zone: tzinfo) -> ClockStat:
    used = 100 if clock.state == "late" else round(100 * (1 - clock.left_s / max(1, clock.total_s)))
    text, note = _said(clock, at, zone)
    return ClockStat(
        title=CLOCK_TITLES[clock.kind],
        icon=ICONS.get(clock.state, "clock"),
        tone=TONES.get(clock.state, ""),
        icon_css=ICON_CSS.get(clock.state, "icon--muted"),
        bar=BARS.get(clock.state, ""),
        percent=max(2, min(100, used)),
        state="done" if clock.finished_at else clock.state,
        due_at=clock.due_at,
        text=text,
        note=note,
        every=_target(clock) if clock.kind == "update" and not clock.finished_at else "",
    )


def _said(clock: sla_clock.SlaClock, at: datetime, zone: tzinfo) -> tuple[str, str]:
    """The figure and the words beside it: `8 m`, `by 14:20, target 30 m`."""
    target = f"target {_target(clock)}"
    if clock.finished_at:
        took = time_words.duration((clock.finished_at - clock.started_at).total_seconds())
        return took, f"{target}, late" if clock.state == "met_late" else target
    if clock.state == "paused":
        return "", "while mitigated" if clock.kind == "update" else "waiting for the reporter"
    left = (clock.due_at - at).total_seconds()
    if clock.state == "late":
        return time_words.deadline(clock.due_at, at, zone), target
    return time_words.duration(left, precise=True), f"by {time_words.deadline_time(clock.due_at, at, zone)}"


def _target(clock: sla_clock.SlaClock) -> str:
    """`30 m`; targets in business time are said in working days, whatever pauses moved the deadline."""
    return _working_days(clock.total_s) if clock.measure == "business" else time_words.duration(clock.total_s)


def _working_days(seconds: int) -> str:
    if seconds < sla_clock.WORKING_DAY:
        return f"{seconds / sla_clock.HOUR:g} working hours"
    days = seconds / sla_clock.WORKING_DAY
    return f"{days:g} working day{'' if days == 1 else 's'}"


def status_choices() -> list[tuple[str, str]]:
    """Every status that can be chosen from a menu."""
    return [(status.value, str(status.label)) for status in CHOOSABLE]


def next_statuses(incident: Incident) -> list[tuple[str, str]]:
    """What the status menu offers."""
    return [(value, label) for value, label in status_choices() if value != incident.status]


def update_rhythm(incident: Incident) -> str:
    """How long after an update the next one is due: `30 m`, `1 working day`."""
    target = escalation_policies.policy_of(incident.period).targets[incident.severity]["update"]
    return _working_days(target.seconds) if target.measure == "business" else time_words.duration(target.seconds)


def describe_missed(incident: Incident, *, zone: tzinfo) -> list[str]:
    """`Acknowledge, due 13:36 on 18 Nov as P1`: what it missed since it was last opened."""
    return [
        f"{CLOCK_TITLES[mark['kind']]}, due {datetime.fromisoformat(mark['due_at']).astimezone(zone):%H:%M on %-d %b}"
        f" as {mark['severity']}"
        for mark in sla.missed_deadlines(incident)
    ]


def neighbours(numbers: Sequence[int], number: int) -> tuple[int | None, int | None, int, int]:
    """Numbers before and after in a list, the place in it (0 when absent) and its length."""
    if number not in numbers:
        return None, None, 0, len(numbers)
    place = numbers.index(number)
    before = numbers[place - 1] if place else None
    after = numbers[place + 1] if place + 1 < len(numbers) else None
    return before, after, place + 1, len(numbers)
