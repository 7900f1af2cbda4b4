"""Generate from the plan: a fair roster for the hours that nobody covers yet, and what it could not satisfy.

Greedy by time: each piece goes to whoever of the role is free, rested and not away, and has carried least so far;
nights and weekends weigh more than days. What blocks is never broken, what warns is avoided. The same plan gives the
same proposal, so the preview and what is accepted are the same thing.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Final

from django.db import transaction

from contributors.models import Membership, Role, Shift
from contributors.people import eligibility, members
from contributors.shifts import absences, coverage, intervals, requirements, roster, suitability, work_time_limits
from contributors.shifts.change_summary import summarize_changes
from contributors.shifts.coverage import RoleGap
from contributors.shifts.intervals import Span
from hypercare.exceptions import AlreadyDone, Refused
from hypercare.models import User
from periods.access.access import require_right
from periods.calendar.wallclock import instant, local_day
from periods.journal import journal
from periods.models import Period

HAND_OVERS: Final = (time(6), time(14), time(22))
WHOLE: Final = timedelta(hours=12)  # A stretch up to this long is one shift; a longer one is cut at hand-overs.
SHORTEST: Final = timedelta(hours=2)  # A shorter rest of a stretch is joined to its neighbour.
A_DAY: Final = timedelta(days=1)
NIGHT_WEIGHS: Final = 1.5  # Hours at night count this much more, hours at weekends half as much more.
WEEKEND_WEIGHS: Final = 0.5
A_WARNING_WEIGHS: Final = 24.0
JUST_BEGUN: Final = timedelta(hours=1)


@dataclass
class DraftWorkload:
    """What one person carries, the proposal included."""

    user: User
    worked: list[Span] = field(default_factory=list)
    taken: list[Span] = field(default_factory=list)
    away: list[Span] = field(default_factory=list)
    hours: float = 0
    nights: float = 0
    weekends: float = 0

    def add(self, span: Span, *, at_work: bool) -> None:
        """One more duty; of two at once, only the time of the first counts."""
        busy = [one for one in self.taken if one[0] < span[1] and one[1] > span[0]]
        new = [(gap.start, gap.end) for gap in intervals.find_gaps([intervals.Requirement(*span, 1)], busy)]
        self.taken.append(span)
        if at_work:
            self.worked.append(span)
        self.hours += sum(map(_hours, new))
        self.nights += work_time_limits.night_hours(new, self.user.zone)
        self.weekends += sum(_weekend_hours(part, self.user) for part in new)


@dataclass(frozen=True)
class ShiftToFill:
    """One shift that somebody is needed for."""

    role: Role
    start: datetime
    end: datetime
    duty: str

    @property
    def span(self) -> Span:
        """Its time."""
        return self.start, self.end


@dataclass(frozen=True)
class UnfilledShift:
    """A piece nobody can take, and why not."""

    piece: ShiftToFill
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RosterProposal:
    """A roster that is not in the plan yet."""

    shifts: tuple[Shift, ...]
    unmet: tuple[UnfilledShift, ...]
    loads: tuple[DraftWorkload, ...]
    warnings: tuple[tuple[User, tuple[str, ...]], ...]
    version: int


# --- Proposing ----------------------------------------------------------------------------------


def propose(period: Period, *, at: datetime) -> RosterProposal:
    """A roster for what is uncovered from now on. Eight queries, however long the period."""
    begin, end = roster.roster_window(period)
    start = max(begin, at)
    shifts = roster.shifts_of_period(period, start=start, end=end)
    gaps = coverage.find_gaps_among(period, coverage.roles_of(period), shifts, start=start, end=end)
    teams = _teams(period)
    loads = _loads(teams, start, end)
    limits = work_time_limits.limits_of(period)
    made: list[Shift] = []
    unmet: list[UnfilledShift] = []
    for piece in _pieces(period, gaps):
        chosen, reasons = _choose(piece, teams.get(piece.role.pk, []), loads, limits)
        if chosen is None:
            unmet.append(UnfilledShift(piece, reasons))
            continue
        piece = _meeting(piece, [*shifts, *made], loads[chosen], limits, start)  # noqa: PLW2901  the same, longer
        loads[chosen].add(piece.span, at_work=_is_work(piece))
        made.append(
            Shift(role=piece.role, user=loads[chosen].user, kind=piece.duty, starts_at=piece.start, ends_at=piece.end)
        )
    used = [load for load in loads.values() if load.taken]
    return RosterProposal(
        shifts=tuple(made),
        unmet=tuple(_joined(unmet)),
        loads=tuple(sorted(used, key=lambda one: (-one.hours, one.user.name))),
        warnings=tuple(_warnings(used, limits)),
        version=period.journal_seq,
    )


def _teams(period: Period) -> dict[int, list[Membership]]:
    teams: dict[int, list[Membership]] = {}
    for member in members.members_of(period.pk):
        if member.role_id and eligibility.is_eligible(member):
            teams.setdefault(member.role_id, []).append(member)
    return teams


def _loads(teams: Mapping[int, Sequence[Membership]], start: datetime, end: datetime) -> dict[int, DraftWorkload]:
    users = {member.user_id: member.user for team in teams.values() for member in team}
    loads = {pk: DraftWorkload(user) for pk, user in users.items()}
    for shift in suitability.shifts_of_people(
        list(users), start=start - suitability.AROUND, end=end + suitability.AROUND
    ):
        loads[shift.user_id].add((shift.starts_at, shift.ends_at), at_work=suitability.is_work(shift))
    for pk, away in absences.absences_by_person(list(users), start=start, end=end).items():
        loads[pk].away = [(one.starts_at, one.ends_at) for one in away]
    return loads


# --- Pieces -------------------------------------------------------------------------------------


def _pieces(period: Period, gaps: Iterable[RoleGap]) -> list[ShiftToFill]:
    """The gaps as shifts, one for each person missing, the earliest first."""
    found = [
        ShiftToFill(gap.role, *span, gap.duty) for gap in gaps for span in _cut(period, gap) for _ in range(gap.missing)
    ]
    return sorted(found, key=lambda one: (one.start, one.role.position, one.role.pk, one.duty != "primary"))


def _cut(period: Period, gap: RoleGap) -> Iterator[Span]:
    if gap.end - gap.start <= WHOLE:
        yield gap.start, gap.end
        return
    zone = requirements.zone_of(gap.role, period)
    clocks = HAND_OVERS[:1] if gap.role.on_call or gap.duty != Shift.Kind.PRIMARY else HAND_OVERS
    day, edges = local_day(gap.start, zone), [gap.start]
    while edges[-1] < gap.end:
        for moment in (instant(day, clock, zone) for clock in clocks):
            if moment - edges[-1] >= SHORTEST and gap.end - moment >= SHORTEST:
                edges.append(moment)
        day += A_DAY
        if instant(day, time(0), zone) >= gap.end:
            edges.append(gap.end)
    yield from pairwise(edges)


def _meeting(
    piece: ShiftToFill,
    planned: Iterable[Shift],
    load: DraftWorkload,
    limits: Mapping[str, work_time_limits.WorkTimeLimit],
    start: datetime,
) -> ShiftToFill:
    """As rotations do: whoever takes over begins earlier where the role wants people to meet, if that tires nobody."""
    overlap = timedelta(minutes=piece.role.overlap_minutes)
    before = next(
        (
            one
            for one in planned
            if one.role_id == piece.role.pk
            and one.kind == piece.duty
            and one.ends_at == piece.start
            and one.user_id != load.user.pk
        ),
        None,
    )
    if not overlap or before is None:
        return piece
    longer = replace(piece, start=max(start, piece.start - min(overlap, before.ends_at - before.starts_at)))
    return piece if _against(longer, load, limits) else longer


def _joined(unmet: Sequence[UnfilledShift]) -> list[UnfilledShift]:
    """Neighbours of one role with the same reasons said once."""
    found: dict[tuple[int, str], list[UnfilledShift]] = {}
    for one in unmet:
        rows = found.setdefault((one.piece.role.pk, one.piece.duty), [])
        if rows and rows[-1].piece.end == one.piece.start and rows[-1].reasons == one.reasons:
            last = rows[-1].piece
            rows[-1] = UnfilledShift(ShiftToFill(last.role, last.start, one.piece.end, last.duty), one.reasons)
        else:
            rows.append(one)
    return sorted((one for rows in found.values() for one in rows), key=lambda one: one.piece.start)


# --- Choosing -----------------------------------------------------------------------------------


def _choose(
    piece: ShiftToFill,
    team: Sequence[Membership],
    loads: Mapping[int, DraftWorkload],
    limits: Mapping[str, work_time_limits.WorkTimeLimit],
) -> tuple[int | None, tuple[str, ...]]:
    """Who takes it, or why nobody can."""
    if not team:
        return None, (f"Nobody has the duty {piece.role}",)
    best: tuple[float, str, int] | None = None
    reasons: list[str] = []
    for member in team:
        load = loads[member.user_id]
        if reason := _against(piece, load, limits):
            reasons.append(reason)
            continue
        cost = (_cost(piece, load, limits), load.user.name, member.user_id)
        best = min(best, cost) if best else cost
    return (best[2], ()) if best else (None, tuple(_counted(reasons)))


def _against(piece: ShiftToFill, load: DraftWorkload, limits: Mapping[str, work_time_limits.WorkTimeLimit]) -> str:
    """Why this person can't: away, busy, or one of the limits that block; empty when they can."""
    start, end = piece.span
    if any(a < end and b > start for a, b in load.away):
        return "away"
    if any(a < end and b > start for a, b in load.taken):
        return "on duty then"
    if not _is_work(piece):
        return ""
    rest, longest = limits["rest"], limits["shift"]
    near = [(a, b) for a, b in load.worked if a < end + A_DAY and b > start - A_DAY]
    stretch = next((one for one in intervals.union([*near, piece.span]) if one[0] <= start < one[1]), piece.span)
    if longest.level == "block" and _hours(stretch) > max(longest.limit, _hours(piece.span)):
        return "would work too long"
    free = [_hours((b, stretch[0])) for _, b in near if b <= stretch[0]]
    free += [_hours((stretch[1], a)) for a, _ in near if a >= stretch[1]]
    if rest.level == "block" and any(hours < rest.limit for hours in free):
        return f"under {rest.limit:g} h rest"
    return ""


def _cost(piece: ShiftToFill, load: DraftWorkload, limits: Mapping[str, work_time_limits.WorkTimeLimit]) -> float:
    """What it would cost to ask this person: what they carry, what it adds, and whether it tires them."""
    night = work_time_limits.night_hours([piece.span], load.user.zone)
    carried = load.hours + NIGHT_WEIGHS * load.nights + WEEKEND_WEIGHS * load.weekends
    around = intervals.clip(load.worked, piece.start - work_time_limits.WEEK, piece.end)
    week = sum(_hours(span) for span in around) + _hours(piece.span)
    days = {span[0].astimezone(load.user.zone).date() for span in around} | {
        piece.start.astimezone(load.user.zone).date()
    }
    tiring = (_is_work(piece) and week > limits["week"].limit) + (len(days) > limits["days"].limit)
    # A night goes to who has had fewest of them, whatever their days; a weekend likewise.
    again = 3 * load.nights * bool(night) + load.weekends * bool(_weekend_hours(piece.span, load.user))
    return round(carried + again + 2 * NIGHT_WEIGHS * night + A_WARNING_WEIGHS * tiring, 3)


def _counted(reasons: Iterable[str]) -> Iterator[str]:
    for reason, many in Counter(reasons).most_common():
        yield f"{many} {reason}"


def _is_work(piece: ShiftToFill) -> bool:
    return piece.duty == Shift.Kind.PRIMARY and not piece.role.on_call


def _hours(span: Span) -> float:
    return (span[1].timestamp() - span[0].timestamp()) / 3600


def _weekend_hours(span: Span, user: User) -> float:
    saturday = 5
    first = local_day(span[0], user.zone)
    days = (first + n * A_DAY for n in range((local_day(span[1], user.zone) - first).days + 1))
    whole = (
        (instant(day, time(0), user.zone), instant(day + A_DAY, time(0), user.zone))
        for day in days
        if day.weekday() >= saturday
    )
    return sum(_hours(part) for part in intervals.clip(whole, *span))


def _warnings(
    loads: Iterable[DraftWorkload], limits: Mapping[str, work_time_limits.WorkTimeLimit]
) -> Iterator[tuple[User, tuple[str, ...]]]:
    for load in sorted(loads, key=lambda one: one.user.name):
        found = work_time_limits.find_breaches(load.worked, load.user.zone, limits)
        if found:
            yield load.user, tuple(one.text for one in found)


# --- Accepting ----------------------------------------------------------------------------------


@transaction.atomic
def accept(period_id: int, *, version: int, by: User, at: datetime, via: str = "") -> tuple[uuid.UUID, int]:
    """Put the proposal that was shown in the plan; its batch and how many shifts.

    Raises NotAllowed, Refused when the plan has changed since it was shown or nothing is to be done.
    """
    period = members.lock_open_period(period_id)
    require_right(by, period, "shifts.manage")
    if period.journal_seq != version:
        raise Refused("The plan has changed since this was proposed. Look at the new proposal first.")
    found = propose(period, at=at)
    if not found.shifts:
        raise Refused("There is nothing to put in the plan.")
    batch, warned = uuid.uuid4(), {user.pk: list(texts) for user, texts in found.warnings}
    for shift in found.shifts:
        shift.batch = batch
    Shift.objects.bulk_create(found.shifts, batch_size=5000)
    _journal(period, "shift.planned", batch, found.shifts, by, at, via, warnings=warned)
    return batch, len(found.shifts)


@transaction.atomic
def undo(period_id: int, batch: uuid.UUID, *, by: User, at: datetime, via: str = "") -> int:
    """Take the coming shifts of an accepted proposal out again, and one that has just begun; how many.

    Raises NotAllowed, AlreadyDone.
    """
    period = members.lock_open_period(period_id)
    require_right(by, period, "shifts.manage")
    shifts = list(
        Shift.objects.filter(role__period=period, batch=batch, cancelled_at__isnull=True, starts_at__gt=at - JUST_BEGUN)
        .select_related("role")
        .order_by("starts_at", "id")
    )
    if not shifts:
        raise AlreadyDone("None of these shifts is still to come.")
    for shift in shifts:
        shift.cancelled_at = at
        shift.revision += 1
    Shift.objects.bulk_update(shifts, ["cancelled_at", "revision"], batch_size=5000)
    _journal(period, "shift.unplanned", batch, shifts, by, at, via)
    return len(shifts)


def _journal(
    period: Period,
    kind: str,
    batch: uuid.UUID,
    shifts: Sequence[Shift],
    by: User,
    at: datetime,
    via: str,
    **more: object,
) -> None:
    times = [(shift.user_id, shift.starts_at, shift.ends_at) for shift in shifts]
    planned = kind == "shift.planned"
    many = f"{len(shifts)} shift{'s' if len(shifts) != 1 else ''}"
    journal.record(
        period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"batch:{batch}",
        title=many,
        count=len(shifts),
        **summarize_changes(times if planned else (), () if planned else times),
        **more,
    )
