"""Who could fill a gap: people of the role first, with what speaks for and against each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contributors import intervals, roster
from contributors.coverage import RoleGap
from contributors.models import Membership, Shift
from hypercare.models import User
from periods.models import Period

# Limits of docs/domain.md section 7; here they warn, and a person decides.
LEAST_REST = timedelta(hours=11)
WEEK_HOURS = 48.0
LONGEST_PIECE = timedelta(hours=12)
PIECE = timedelta(hours=8)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Candidate:
    """Somebody who could be asked, their hours in the days around the gap, and what speaks against it."""

    user: User
    knows: bool
    hours: float
    warnings: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime

    @property
    def local(self) -> str:
        """The piece in the person's own time: `11:00 to 19:00`."""
        zone = self.user.zone
        return f"{self.starts_at.astimezone(zone):%H:%M} to {self.ends_at.astimezone(zone):%H:%M}"


def piece(gap: RoleGap) -> tuple[datetime, datetime]:
    """What one person is asked for: the whole gap, or its first eight hours when it is longer than twelve."""
    return gap.start, gap.end if gap.end - gap.start <= LONGEST_PIECE else gap.start + PIECE


def for_gap(period: Period, gap: RoleGap) -> list[Candidate]:
    """Everybody with a duty, the best first: of the role, without a warning, with the fewest hours. Two queries."""
    start, end = piece(gap)
    around = roster.shifts(period, start=start - WEEK, end=end + WEEK)
    found = [_candidate(member, gap, around) for member in roster.members(period.pk) if _can_be_asked(member)]
    return sorted(found, key=lambda one: (not one.knows, len(one.warnings), one.hours, one.user.name))


def _can_be_asked(member: Membership) -> bool:
    return member.role_id is not None and member.right != Membership.Right.VIEWER and member.user.is_active


def _candidate(member: Membership, gap: RoleGap, around: list[Shift]) -> Candidate:
    start, end = piece(gap)
    mine = [shift for shift in around if shift.user_id == member.user_id]
    week = (start - WEEK / 2, end + WEEK / 2)
    clipped = intervals.union(intervals.clip([(shift.starts_at, shift.ends_at) for shift in mine], *week))
    hours = intervals.total_minutes(clipped) / 60
    return Candidate(
        user=member.user, knows=member.role_id == gap.role.pk, hours=hours, starts_at=start, ends_at=end,
        warnings=tuple(_warnings(mine, start, end, hours)),
    )  # fmt: skip


def _warnings(mine: list[Shift], start: datetime, end: datetime, hours: float) -> list[str]:
    clash = next((shift for shift in mine if shift.starts_at < end and shift.ends_at > start), None)
    if clash is not None:
        return [f"On {clash.role} then"]
    before = min((start - shift.ends_at for shift in mine if shift.ends_at <= start), default=LEAST_REST)
    after = min((shift.starts_at - end for shift in mine if shift.starts_at >= end), default=LEAST_REST)
    found = []
    if before < LEAST_REST:
        found.append(f"{_rest(before)} before it")
    if after < LEAST_REST:
        found.append(f"{_rest(after)} after it")
    total = hours + (end - start).total_seconds() / 3600
    if total > WEEK_HOURS:
        found.append(f"Would make {total:.0f} h in seven days")
    return found


def _rest(span: timedelta) -> str:
    hours = f"{span.total_seconds() / 3600:.1f}".removesuffix(".0")
    return f"Only {hours} h rest" if span else "No rest"
