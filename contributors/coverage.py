"""Where nobody is on duty although somebody must be: required cover minus primary shifts, per role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contributors import intervals, roster
from contributors.models import Role, Shift
from periods.debriefs import Line, Section
from periods.gates import Objection, Transition, page
from periods.models import Period

GATED = timedelta(days=7)
AGENDA_AHEAD = timedelta(hours=72)


@dataclass(frozen=True)
class RoleGap:
    """From `start` up to `end` a role has `missing` people fewer than it needs."""

    role: Role
    start: datetime
    end: datetime
    missing: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end - self.start).total_seconds()

    @property
    def nobody(self) -> bool:
        """Whether there is nobody at all, not just too few."""
        return self.missing >= self.role.headcount


def gaps(period: Period, *, start: datetime, end: datetime) -> list[RoleGap]:
    """Gaps of every role within an interval, the earliest first. Two queries, however many shifts."""
    return gaps_in(period, roles(period), roster.shifts(period, start=start, end=end), start=start, end=end)


def gaps_in(
    period: Period, of_roles: Iterable[Role], shifts: Iterable[Shift], *, start: datetime, end: datetime
) -> list[RoleGap]:
    """The same from rows that are loaded already."""
    covered: dict[int, list[intervals.Span]] = {}
    for shift in shifts:
        if shift.kind == Shift.Kind.PRIMARY and shift.user.is_active:
            covered.setdefault(shift.role_id, []).append((shift.starts_at, shift.ends_at))
    found = [
        RoleGap(role, *gap)
        for role in of_roles
        for gap in intervals.gaps(required(period, role, start=start, end=end), covered.get(role.pk, []))
    ]
    return sorted(found, key=lambda gap: (gap.start, gap.role.position, gap.role.pk))


def roles(period: Period) -> list[Role]:
    """The duty roles of a period in their order. One query."""
    return list(Role.objects.filter(period=period).order_by("position", "id"))


def required(period: Period, role: Role, *, start: datetime, end: datetime) -> list[intervals.Requirement]:
    """When a role must be covered within an interval: its pattern, from go-live until its cover or the period ends."""
    first = max(start, period.starts_at)
    last = min(end, period.ends_at, role.cover_until or period.ends_at)
    return intervals.windows(role.cover, first, last, period.zone, headcount=role.headcount)


def gap_minutes(period: Period, *, start: datetime, end: datetime) -> int:
    """Minutes below the required headcount, all roles together; two missing people count twice."""
    return minutes_of(gaps(period, start=start, end=end))


def minutes_of(found: Iterable[RoleGap]) -> int:
    """The same from gaps that are known already."""
    return sum(gap.missing * intervals.total_minutes([(gap.start, gap.end)]) for gap in found)


def sentence(gap: RoleGap, period: Period) -> str:
    """`Platform has nobody Sat 21 Nov 17:00 to Sun 01:00`, in the period's zone."""
    start, end = gap.start.astimezone(period.zone), gap.end.astimezone(period.zone)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %H:%M}"
    if end - start >= timedelta(days=6):
        until = f"{end:%a %-d %b %H:%M}"
    lacks = "has nobody" if gap.nobody else f"is {gap.missing} short"
    return f"{gap.role} {lacks} {start:%a %-d %b %H:%M} to {until}"


def objections(period: Period, transition: Transition, *, at: datetime) -> list[Objection]:  # noqa: ARG001  one shape
    """A go needs cover without a gap in the first seven days; each gap is named."""
    if transition != "go":
        return []
    url = page(period, "period_coverage")
    found = gaps(period, start=period.go_live_at, end=period.go_live_at + GATED)
    return [_objection(gap, period, url) for gap in found]


def _objection(gap: RoleGap, period: Period, url: str) -> Objection:
    place = f"{gap.role.pk}-{int(gap.start.timestamp())}"
    return Objection(
        f"{sentence(gap, period)}.", f"{url}?gap={place}", code="go.cover_gap", about=f"gap:{place}"
    )


def agenda_section(period: Period, *, since: datetime, at: datetime) -> Section:  # noqa: ARG001  one shape
    """Debrief agenda: who is missing in the next 72 hours."""
    url = page(period, "period_coverage")
    found = gaps(period, start=at, end=at + AGENDA_AHEAD)
    lines = [
        Line(sentence(gap, period), f"{gap.seconds / 3600:.1f}".removesuffix(".0") + " h", url, "danger")
        for gap in found
    ]
    return Section("coverage", "Cover", 2, list(lines))


def coming(period: Period, *, at: datetime) -> list[RoleGap]:
    """Gaps of the next seven days, or of the first seven before go-live; none once the period has ended."""
    if period.status in Period.ENDED:
        return []
    start = max(at, period.starts_at)
    return gaps(period, start=start, end=start + GATED)
