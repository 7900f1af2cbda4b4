"""Who could fill a gap: people of the role first, with what speaks for and against each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contributors.models import Membership, Role, Shift
from contributors.people import eligibility
from contributors.people import members as people_members
from contributors.shifts import absences, intervals, suitability, work_time_limits
from contributors.shifts.coverage import RoleGap
from hypercare.models import User
from periods.models import Period

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
    blocked: bool = False
    rest_after: float | None = None

    @property
    def local(self) -> str:
        """The piece in the person's own time: `11:00 to 19:00`."""
        zone = self.user.zone
        return f"{self.starts_at.astimezone(zone):%H:%M} to {self.ends_at.astimezone(zone):%H:%M}"


def span_to_offer(gap: RoleGap, *, half: bool = False) -> tuple[datetime, datetime]:
    """What one person is asked for: the whole gap, its first eight hours when longer than twelve, or its first half."""
    if half:
        return gap.start, (gap.start + (gap.end - gap.start) / 2).replace(second=0, microsecond=0)
    return gap.start, gap.end if gap.end - gap.start <= LONGEST_PIECE else gap.start + PIECE


def for_gap(period: Period, gap: RoleGap, *, half: bool = False) -> list[Candidate]:
    """Everybody with a duty, the best first: of the role, without a warning, with the fewest hours. Four queries."""
    return for_span(period, gap.role, *span_to_offer(gap, half=half), kind=gap.duty)


def for_span(
    period: Period, role: Role, start: datetime, end: datetime, *, kind: str = Shift.Kind.PRIMARY
) -> list[Candidate]:
    """The same for any stretch of a role. Four queries, however many people."""
    members = [member for member in people_members.members_of(period.pk) if _can_be_asked(member)]
    ids = [member.user_id for member in members]
    around = suitability.shifts_of_people(ids, start=start - suitability.AROUND, end=end + suitability.AROUND)
    away = absences.absences_by_person(ids, start=start, end=end)
    span = _Span(period, role, start, end, kind, work_time_limits.limits_of(period))
    found = [
        _candidate(
            member, span, [shift for shift in around if shift.user_id == member.user_id], is_away=member.user_id in away
        )
        for member in members
    ]
    return sorted(
        found, key=lambda one: (one.blocked, not one.knows, len(one.warnings), one.hours, one.user.name, one.user.pk)
    )


@dataclass(frozen=True)
class _Span:
    period: Period
    role: Role
    start: datetime
    end: datetime
    kind: str
    limits: Mapping[str, work_time_limits.WorkTimeLimit]


def _can_be_asked(member: Membership) -> bool:
    return member.role_id is not None and eligibility.is_eligible(member)


def _candidate(member: Membership, span: _Span, mine: list[Shift], *, is_away: bool) -> Candidate:
    week = (span.start - WEEK / 2, span.end + WEEK / 2)
    held = intervals.union(intervals.clip([(shift.starts_at, shift.ends_at) for shift in mine], *week))
    then = [shift for shift in mine if shift.starts_at < span.end and shift.ends_at > span.start]
    against = _against(span, then, is_away=is_away)
    # Two roles of one period at once are allowed, and said.
    both = [f"On {shift.role} then" for shift in then if shift.role.period_id == span.period.pk]
    found = [] if against or not _is_work(span) else _tiring(member, span, mine)
    return Candidate(
        user=member.user,
        knows=member.role_id == span.role.pk,
        hours=intervals.total_minutes(held) / 60,
        starts_at=span.start,
        ends_at=span.end,
        warnings=(*against, *dict.fromkeys(both), *(one.text for one in found)),
        blocked=bool(against) or any(one.level == "block" for one in found),
        rest_after=_rest_after(mine, span.end),
    )


def _against(span: _Span, then: list[Shift], *, is_away: bool) -> list[str]:
    """What nobody can be talked out of: away, on duty in another period, or on in this role already."""
    elsewhere = any(shift.role.period_id != span.period.pk and suitability.is_work(shift) for shift in then)
    here = any(shift.role_id == span.role.pk for shift in then)
    words = ((is_away, "Away then"), (elsewhere, "On duty in another period then"), (here, "On this role then"))
    return [text for is_so, text in words if is_so]


def _is_work(span: _Span) -> bool:
    return span.kind == Shift.Kind.PRIMARY and not span.role.on_call


def _tiring(member: Membership, span: _Span, mine: list[Shift]) -> list[work_time_limits.LimitBreach]:
    return work_time_limits.added_breaches(
        suitability.working_time(mine),
        [(span.start, span.end)],
        member.user.zone,
        span.limits,
        planned_in=span.period.zone,
    )


def _rest_after(mine: list[Shift], end: datetime) -> float | None:
    """Hours until the next duty; None when there is none within days."""
    after = [shift.starts_at - end for shift in mine if shift.starts_at >= end]
    return min(after).total_seconds() / 3600 if after else None
