"""What accepting another calendar would change: new shifts, moved ones, those that go, and what stays out and why.

The preview and what is accepted are this same computation, so they cannot differ. Each event is judged by the rules
for a shift that somebody types, with the rest of the calendar already in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from contributors.calendars import ics, import_people
from contributors.calendars.import_people import MatchedPerson, PeopleLookup
from contributors.models import Absence, CalendarImport, ImportedEvent, Role, Shift
from contributors.people import eligibility, members
from contributors.shifts import absences, roster, suitability, work_time_limits
from contributors.shifts.intervals import Span
from hypercare.models import User
from periods.calendar.wallclock import instant
from periods.models import Period

A_DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(hours=25)  # A day on which the clocks go back.


@dataclass(frozen=True, slots=True)
class ImportedShift:
    """One shift as the calendar has it: an event, or a day of a long one, for one person."""

    key: str
    summary: str
    user: User
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ShiftImportChange:
    """A shift to come, with what it would tire; `shift` is the one that moves."""

    piece: ImportedShift
    warnings: tuple[str, ...] = ()
    shift: Shift | None = None


@dataclass
class UnknownName:
    """A name that nobody has, how often it stands there, and what was chosen for it."""

    label: str
    times: int = 0
    chosen: int | None = None


@dataclass
class ShiftImportPlan:
    """Everything an import would do. `same` counts what stands already."""

    made: list[ShiftImportChange] = field(default_factory=list)
    moved: list[ShiftImportChange] = field(default_factory=list)
    gone: list[Shift] = field(default_factory=list)
    missing: list[Shift] = field(default_factory=list)
    same: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, UnknownName] = field(default_factory=dict)
    split: int = 0
    version: int = 0

    @property
    def empty(self) -> bool:
        """Whether accepting it would change nothing."""
        return not (self.made or self.moved or self.gone or self.missing)

    @property
    def changes(self) -> list[ShiftImportChange]:
        """What is made and moved, by time."""
        return sorted((*self.made, *self.moved), key=lambda one: (one.piece.start, one.piece.user.name))


@dataclass
class _PlanBuilder:
    """What is known of the people while one event after another is put in place."""

    period: Period
    role: Role
    kind: str
    at: datetime
    window: Span
    limits: dict[str, work_time_limits.WorkTimeLimit]
    shifts: dict[int, list[Shift]]
    away: dict[int, list[Absence]]
    known: dict[str, ImportedEvent]
    taken: dict[int, list[Span]] = field(default_factory=dict)
    out: set[int] = field(default_factory=set)


def build_plan(draft: CalendarImport, *, at: datetime) -> ShiftImportPlan:
    """What accepting a calendar of shifts would change now. Six queries, however long it is."""
    period, role = draft.period, draft.role
    if period is None or role is None:
        raise ValueError("Only a calendar of shifts can be planned.")
    people = [member.user for member in members.members_of(period.pk) if eligibility.is_eligible(member)]
    directory = PeopleLookup.of(people, draft.people)
    plan = ShiftImportPlan(left=[(one[0], one[1]) for one in draft.left], version=period.journal_seq)
    board = _board(draft, period, role, people, at)
    events = [ics.occurrence_from_json(one) for one in draft.found]
    pieces = [(event, piece) for event in events for piece in _pieces(plan, event, directory, board)]
    seen = {piece.key for _, piece in pieces}
    plan.missing = [
        one.shift
        for one in board.known.values()
        if one.key not in seen
        and one.shift
        and one.imported.source_key == draft.source_key
        and _untouched(one)
        and one.shift.starts_at > at
    ]
    board.out |= {shift.pk for shift in plan.missing}
    _replaced(plan, board, pieces)
    for event, piece in sorted(pieces, key=lambda one: (one[1].start, one[1].end)):
        _place(plan, board, piece, cancelled=event.cancelled)
    return plan


def _board(draft: CalendarImport, period: Period, role: Role, people: list[User], at: datetime) -> _PlanBuilder:
    window = roster.roster_window(period)
    ids = [user.pk for user in people]
    shifts: dict[int, list[Shift]] = {}
    for shift in suitability.shifts_of_people(
        ids, start=window[0] - suitability.AROUND, end=window[1] + suitability.AROUND
    ):
        shifts.setdefault(shift.user_id, []).append(shift)
    known = ImportedEvent.objects.filter(role=role).select_related("shift__user", "shift__role", "imported")
    return _PlanBuilder(
        period,
        role,
        draft.kind,
        at,
        window,
        work_time_limits.limits_of(period),
        shifts,
        absences.absences_by_person(ids, start=window[0], end=window[1]),
        {one.key: one for one in known},
    )


# --- Events as shifts ---------------------------------------------------------------------------


def _pieces(
    plan: ShiftImportPlan, event: ics.Occurrence, directory: PeopleLookup, board: _PlanBuilder
) -> Iterator[ImportedShift]:
    for place, who in enumerate(import_people.match_people(event, directory)):
        if who.user is None:
            _unknown(plan, who)
            continue
        for number, (start, end) in enumerate(_days(event.start, event.end, board.period)):
            begin, finish = max(start, board.window[0]), min(end, board.window[1])
            if begin >= finish:
                continue
            if number == 1:
                plan.split += 1
            yield ImportedShift(event_key_of(event, number, place), event.summary, who.user, begin, finish)


def _unknown(plan: ShiftImportPlan, who: MatchedPerson) -> None:
    name = plan.names.setdefault(who.label, UnknownName(who.label))
    name.times += 1
    name.chosen = 0 if who.left_out else None


def _days(start: datetime, end: datetime, period: Period) -> Iterator[Span]:
    """A long event as days that begin at its own time of day: a shift lasts a day at most."""
    if end - start <= LONGEST:
        yield start, end
        return
    wall = start.astimezone(period.zone)
    number = 0
    while start < end:
        number += 1
        following = instant(wall.date() + number * A_DAY, wall.time(), period.zone)
        yield start, min(following, end)
        start = following


def event_key_of(event: ics.Occurrence, number: int = 0, place: int = 0) -> str:
    """What an event, a day of it and one of its people are known by in every export."""
    return hashlib.sha256(f"{event.uid}\n{event.instance}\n{number}\n{place}".encode()).hexdigest()


# --- Placing them -------------------------------------------------------------------------------


def _replaced(
    plan: ShiftImportPlan, board: _PlanBuilder, pieces: Iterable[tuple[ics.Occurrence, ImportedShift]]
) -> None:
    """Shifts that go because their event is cancelled or has somebody else now: they stand in nobody's way."""
    for event, piece in pieces:
        one = board.known.get(piece.key)
        if one and one.shift and _untouched(one) and one.shift.ends_at > board.at:
            if event.cancelled or one.shift.user_id != piece.user.pk:
                plan.gone.append(one.shift)
                board.out.add(one.shift.pk)
            elif (one.shift.starts_at, one.shift.ends_at) != (piece.start, piece.end):
                board.out.add(one.shift.pk)


def _place(plan: ShiftImportPlan, board: _PlanBuilder, piece: ImportedShift, *, cancelled: bool) -> None:
    when = _when(piece, board)
    one = board.known.get(piece.key)
    if cancelled:
        if not (one and one.shift):
            plan.left.append((piece.summary, f"{when}: it is cancelled there."))
        return
    if piece.end <= board.at:
        plan.left.append((piece.summary, f"{when} is over."))
        return
    if one and one.shift and not _untouched(one):
        plan.left.append((piece.summary, f"{when}: it was changed here since, and stays as it is here."))
        return
    if one and one.shift and one.shift.user_id == piece.user.pk:
        _stands(plan, board, piece, one.shift)
        return
    why, warnings = _judge(board, piece)
    if why == SAME:
        plan.same += 1
    elif why:
        plan.left.append((piece.summary, f"{when}: {why}"))
    else:
        _take(board, piece)
        plan.made.append(ShiftImportChange(piece, warnings))


def _stands(plan: ShiftImportPlan, board: _PlanBuilder, piece: ImportedShift, shift: Shift) -> None:
    if (shift.starts_at, shift.ends_at) == (piece.start, piece.end):
        plan.same += 1
        return
    why, warnings = _judge(board, piece)
    if not why and shift.starts_at <= board.at:
        why = "it has begun. Change it here."
    if why:
        board.out.discard(shift.pk)
        plan.left.append((piece.summary, f"{_when(piece, board)}: {why}"))
        return
    _take(board, piece)
    plan.moved.append(ShiftImportChange(piece, warnings, shift))


SAME: Final = "same"


def _judge(board: _PlanBuilder, piece: ImportedShift) -> tuple[str, tuple[str, ...]]:
    """Why a shift can't be, or what it would tire."""
    user, mine = (piece.user, [shift for shift in board.shifts.get(piece.user.pk, []) if shift.pk not in board.out])
    for shift in (one for one in mine if one.starts_at < piece.end and one.ends_at > piece.start):
        if shift.role_id == board.role.pk:
            same = (shift.starts_at, shift.ends_at, shift.kind) == (piece.start, piece.end, board.kind)
            return (SAME, ()) if same else (f"{user} is on {board.role} then already.", ())
        if shift.role.period_id != board.period.pk and suitability.is_work(shift):
            return f"{user} is on duty in another period then.", ()
    if any(start < piece.end and end > piece.start for start, end in board.taken.get(user.pk, [])):
        return f"{user} stands twice in the calendar then.", ()
    if any(one.starts_at < piece.end and one.ends_at > piece.start for one in board.away.get(user.pk, [])):
        return f"{user} is away then.", ()
    if board.role.on_call or board.kind == Shift.Kind.DEPUTY:
        return "", ()
    near = piece.start - suitability.AROUND, piece.end + suitability.AROUND
    spans = [*suitability.working_time(mine), *board.taken.get(user.pk, [])]
    spans = [span for span in spans if span[0] < near[1] and span[1] > near[0]]
    new = work_time_limits.added_breaches(
        spans, [(piece.start, piece.end)], user.zone, board.limits, planned_in=board.period.zone
    )
    if blocking := [one.text for one in new if one.level == "block"]:
        return f"{user} cannot work this: {blocking[0]}.", ()
    return "", tuple(one.text for one in new)


def _take(board: _PlanBuilder, piece: ImportedShift) -> None:
    board.taken.setdefault(piece.user.pk, []).append((piece.start, piece.end))


def _untouched(one: ImportedEvent) -> bool:
    """Whether the shift still is what was imported: nobody here cancelled, moved or gave it away."""
    return one.shift is not None and one.shift.cancelled_at is None and one.shift.revision == one.revision


def _when(piece: ImportedShift, board: _PlanBuilder) -> str:
    return f"{piece.start.astimezone(board.period.zone):%a %-d %b %H:%M}"
