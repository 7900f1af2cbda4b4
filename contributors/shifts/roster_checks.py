"""What a roster lacks beyond gaps: the minimum rules of docs/domain.md section 7, absences, double duty, fatigue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise

from contributors import contact_points
from contributors.models import Membership, Role, Shift
from contributors.shifts import absences, intervals, requirements, suitability, work_time_limits
from hypercare.models import User
from periods.models import Period

LEAD, ENGINEER, SUPPORT, COMMANDER, VOICE, BUSINESS, SPONSOR = "HL", "EN", "SU", "IC", "CO", "BO", "SP"
# In a P1 of more than half an hour three people lead, fix and tell.
APART = {COMMANDER: "leads incidents", ENGINEER: "fixes", VOICE: "tells people"}
FIRST_DAYS = timedelta(hours=72)
MOST = 60
# Long enough for every limit: of what was worked before, only what still tires is judged.
LOOKED_BACK = timedelta(days=28)


@dataclass(frozen=True)
class RosterFinding:
    """One thing to look at. `rule` names it for machines, `level` is block or warn."""

    rule: str
    level: str
    text: str
    at: datetime | None = None
    user: User | None = None
    shift: Shift | None = None


def check_roster(
    period: Period, roles: Sequence[Role], shifts: Sequence[Shift], *, start: datetime, end: datetime
) -> list[RosterFinding]:
    """Everything to look at from `start` on, what blocks first. Four queries at most beside the loaded rows."""
    coming = [shift for shift in shifts if shift.ends_at > start]
    found = [
        *_away(period, coming, start, end),
        *_same_person_twice(coming),
        *_minimum(period, roles, shifts),
        *_sponsor_alone(period, roles, start),
        *_out_of_reach(coming),
        *_one_for_two(coming, roles),
        *_tired(period, coming, shifts),
    ]
    return sorted(found, key=lambda one: (one.level != "block", one.at or start, one.rule))[:MOST]


def condense_findings(found: Sequence[RosterFinding]) -> list[tuple[RosterFinding, int]]:
    """For reading: what blocks, each; of what warns about a person the first, and how many more there are."""
    rows: list[tuple[RosterFinding, int]] = []
    of_person: dict[int, int] = {}
    for one in found:
        known = of_person.get(one.user.pk) if one.user and one.level != "block" else None
        if known is not None:
            rows[known] = (rows[known][0], rows[known][1] + 1)
            continue
        if one.user and one.level != "block":
            of_person[one.user.pk] = len(rows)
        rows.append((one, 0))
    return rows


def _away(period: Period, shifts: Sequence[Shift], start: datetime, end: datetime) -> Iterator[RosterFinding]:
    away = absences.absences_by_person({shift.user_id for shift in shifts}, start=start, end=end)
    if not away:
        return
    limits = work_time_limits.limits_of(period)
    for shift in shifts:
        absent = absences.spans_of(away.get(shift.user_id, []))
        for one in work_time_limits.absence_breaches(
            [(shift.starts_at, shift.ends_at)], absent, shift.user.zone, limits
        ):
            yield RosterFinding(
                "away",
                one.level,
                f"{shift.user} is away during a shift on {shift.role}",
                shift.starts_at,
                shift.user,
                shift,
            )


def _same_person_twice(shifts: Sequence[Shift]) -> Iterator[RosterFinding]:
    """Primary and deputy of a role must be two people."""
    held: dict[tuple[int, int], list[Shift]] = {}
    for shift in shifts:
        held.setdefault((shift.role_id, shift.user_id), []).append(shift)
    for mine in held.values():
        ordered = sorted(mine, key=lambda one: (one.starts_at, one.pk))
        for one, other in pairwise(ordered):
            if other.starts_at < one.ends_at and one.kind != other.kind:
                yield RosterFinding(
                    "deputy", "block", f"{one.user} is their own deputy on {one.role}", other.starts_at, one.user, other
                )


def _minimum(period: Period, roles: Sequence[Role], shifts: Sequence[Shift]) -> Iterator[RosterFinding]:
    """One lead and one on support in covered hours, two engineers, somebody at the sponsor's side at first."""
    needed = [role for role in roles if role.required and role.cover != Role.Cover.NONE]
    codes = {role.code for role in needed}
    words = ((LEAD, "No role for the hypercare lead has covered hours"), (SUPPORT, "No support role has covered hours"))
    for code, text in words:
        if needed and code not in codes:
            yield RosterFinding("minimum", "warn", text)
    if any(role.cover == Role.Cover.ALWAYS for role in needed) and not _leads_at_night(needed):
        yield RosterFinding("minimum", "warn", "Cover is round the clock, but nobody leads incidents round the clock")
    if needed and not _business_is_there(roles, shifts):
        yield RosterFinding("minimum", "warn", "Nobody stands for the business owner in business hours")
    for role in needed:
        if role.code == ENGINEER and role.cover == Role.Cover.ALWAYS and not role.needs_deputy:
            yield from _unbacked(period, role, shifts)


def _leads_at_night(needed: Iterable[Role]) -> bool:
    return any(role.code in (COMMANDER, LEAD) and role.cover == Role.Cover.ALWAYS for role in needed)


def _business_is_there(roles: Iterable[Role], shifts: Iterable[Shift]) -> bool:
    """Whether a role of the business owner has covered hours, or at least somebody in its plan."""
    business = {role.pk: role.cover for role in roles if role.code == BUSINESS}
    return any(cover != Role.Cover.NONE for cover in business.values()) or any(
        shift.role_id in business for shift in shifts
    )


def _sponsor_alone(period: Period, roles: Iterable[Role], start: datetime) -> Iterator[RosterFinding]:
    """In the first 72 hours somebody can decide when the sponsor cannot be reached. One query at most."""
    if period.sponsor_id is None or not roles or start >= period.go_live_at + FIRST_DAYS:
        return
    deputies = Membership.objects.filter(period=period, left_at__isnull=True, role__code=SPONSOR)
    if not deputies.exclude(user=period.sponsor_id).exists():
        yield RosterFinding(
            "minimum", "warn", "The sponsor has no deputy for the first 72 hours: add somebody to a sponsor role"
        )


def _out_of_reach(shifts: Sequence[Shift]) -> Iterator[RosterFinding]:
    """Who leads incidents answers within 15 minutes; whom nothing reaches cannot. One query."""
    leading: dict[int, Shift] = {}
    for shift in shifts:
        if shift.role.code in (COMMANDER, LEAD) and shift.kind == Shift.Kind.PRIMARY:
            leading.setdefault(shift.user_id, shift)
    for user_id in contact_points.find_unreachable([shift.user for shift in leading.values()]) if leading else ():
        shift = leading[user_id]
        yield RosterFinding(
            "reach",
            "block",
            f"{shift.user} leads incidents as {shift.role}, and no message reaches them",
            shift.starts_at,
            shift.user,
            shift,
        )


def _one_for_two(shifts: Sequence[Shift], roles: Iterable[Role]) -> Iterator[RosterFinding]:
    """Who leads incidents while they also fix, or tell people: told once for each person and pair."""
    parts = _parts(roles)
    held: dict[int, list[Shift]] = {}
    for shift in shifts:
        if shift.role.code in parts and shift.kind == Shift.Kind.PRIMARY:
            held.setdefault(shift.user_id, []).append(shift)
    for mine in held.values():
        told: set[tuple[str, str]] = set()
        for one, other in combinations(sorted(mine, key=lambda one: (one.starts_at, one.pk)), 2):
            if other.starts_at >= one.ends_at:
                continue
            first, second = sorted((parts[one.role.code], parts[other.role.code]))
            if first != second and (first, second) not in told:
                told.add((first, second))
                yield RosterFinding(
                    "apart",
                    "warn",
                    f"{one.user} {first} and {second} at once; in a P1 of more than 30 minutes that takes two people",
                    other.starts_at,
                    one.user,
                    other,
                )


def _parts(roles: Iterable[Role]) -> dict[str, str]:
    """What each code does in a P1; without an incident commander the hypercare lead leads."""
    codes = {role.code for role in roles}
    return APART if COMMANDER in codes else {**APART, LEAD: APART[COMMANDER]}


def _unbacked(period: Period, role: Role, shifts: Sequence[Shift]) -> Iterator[RosterFinding]:
    """Hours around the clock at which an engineer has nobody behind them."""
    deputies = [
        (one.starts_at, one.ends_at) for one in shifts if one.role_id == role.pk and one.kind == Shift.Kind.DEPUTY
    ]
    needs = requirements.required_cover(period, role, start=period.starts_at, end=period.ends_at)
    minutes = intervals.total_minutes(intervals.find_gaps([need._replace(headcount=1) for need in needs], deputies))
    if minutes and role.headcount == 1:
        yield RosterFinding(
            "minimum", "warn", f"{role} has no deputy for {minutes / 60:.0f} h of its round-the-clock cover"
        )


def _tired(period: Period, coming: Iterable[Shift], shifts: Sequence[Shift]) -> Iterator[RosterFinding]:
    begin = min((shift.starts_at for shift in coming), default=None)
    if begin is None:
        return
    near = [shift for shift in shifts if shift.ends_at > begin - LOOKED_BACK]
    for user, found in suitability.find_breaches(near, work_time_limits.limits_of(period), planned_in=period.zone):
        for one in found:
            if one.at + work_time_limits.WEEK > begin:
                yield RosterFinding(one.rule, one.level, f"{user}: {one.text}", one.at, user)
