"""What a roster lacks beyond gaps: the minimum rules of docs/domain.md section 7, absences, double duty, fatigue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from contributors import absences, demand, fatigue, fitness, intervals
from contributors.models import Role, Shift
from hypercare.models import User
from periods.models import Period

LEAD, ENGINEER, SUPPORT = "HL", "EN", "SU"
FIRST_DAYS = timedelta(hours=72)
MOST = 60


@dataclass(frozen=True)
class Finding:
    """One thing to look at. `rule` names it for machines, `level` is block or warn."""

    rule: str
    level: str
    text: str
    at: datetime | None = None
    user: User | None = None
    shift: Shift | None = None


def of(
    period: Period, roles: Sequence[Role], shifts: Sequence[Shift], *, start: datetime, end: datetime
) -> list[Finding]:
    """Everything to look at from `start` on, what blocks first. Two queries beside the loaded rows."""
    coming = [shift for shift in shifts if shift.ends_at > start]
    found = [
        *_away(coming, start, end),
        *_same_person_twice(coming),
        *_minimum(period, roles, shifts),
        *_tired(period, coming, shifts),
    ]
    return sorted(found, key=lambda one: (one.level != "block", one.at or start, one.rule))[:MOST]


def told_once(found: Sequence[Finding]) -> list[tuple[Finding, int]]:
    """For reading: what blocks, each; of what warns about a person the first, and how many more there are."""
    rows: list[tuple[Finding, int]] = []
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


def _away(shifts: Sequence[Shift], start: datetime, end: datetime) -> Iterator[Finding]:
    away = absences.of({shift.user_id for shift in shifts}, start=start, end=end)
    for shift in shifts:
        if any(
            one.starts_at < shift.ends_at and one.ends_at > shift.starts_at
            for one in away.get(shift.user_id, [])
        ):
            yield Finding("away", "block", f"{shift.user} is away during a shift on {shift.role}", shift.starts_at,
                          shift.user, shift)  # fmt: skip


def _same_person_twice(shifts: Sequence[Shift]) -> Iterator[Finding]:
    """Primary and deputy of a role must be two people."""
    held: dict[tuple[int, int], list[Shift]] = {}
    for shift in shifts:
        held.setdefault((shift.role_id, shift.user_id), []).append(shift)
    for mine in held.values():
        ordered = sorted(mine, key=lambda one: (one.starts_at, one.pk))
        for one, other in pairwise(ordered):
            if other.starts_at < one.ends_at and one.kind != other.kind:
                yield Finding("deputy", "block", f"{one.user} is their own deputy on {one.role}", other.starts_at,
                              one.user, other)  # fmt: skip


def _minimum(period: Period, roles: Sequence[Role], shifts: Sequence[Shift]) -> Iterator[Finding]:
    """One lead and one on support in covered hours, two engineers, somebody at the sponsor's side at first."""
    needed = [role for role in roles if role.required and role.cover != Role.Cover.NONE]
    codes = {role.code for role in needed}
    words = (
        (LEAD, "No role for the hypercare lead has covered hours"),
        (SUPPORT, "No support role has covered hours"),
    )
    for code, text in words:
        if needed and code not in codes:
            yield Finding("minimum", "warn", text)
    for role in needed:
        if role.code == ENGINEER and role.cover == Role.Cover.ALWAYS and not role.needs_deputy:
            yield from _unbacked(period, role, shifts)


def _unbacked(period: Period, role: Role, shifts: Sequence[Shift]) -> Iterator[Finding]:
    """Hours around the clock at which an engineer has nobody behind them."""
    deputies = [
        (one.starts_at, one.ends_at)
        for one in shifts
        if one.role_id == role.pk and one.kind == Shift.Kind.DEPUTY
    ]
    needs = demand.required(period, role, start=period.starts_at, end=period.ends_at)
    minutes = intervals.total_minutes(
        intervals.gaps([need._replace(headcount=1) for need in needs], deputies)
    )
    if minutes and role.headcount == 1:
        yield Finding(
            "minimum", "warn", f"{role} has no deputy for {minutes / 60:.0f} h of its round-the-clock cover"
        )


def _tired(period: Period, coming: Iterable[Shift], shifts: Sequence[Shift]) -> Iterator[Finding]:
    begin = min((shift.starts_at for shift in coming), default=None)
    if begin is None:
        return
    for user, found in fitness.findings(shifts, fatigue.limits_of(period), planned_in=period.zone):
        for one in found:
            if one.at + fatigue.WEEK > begin:
                yield Finding(one.rule, one.level, f"{user}: {one.text}", one.at, user)
