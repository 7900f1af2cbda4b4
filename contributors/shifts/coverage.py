"""Where nobody is on duty although somebody must be: required cover minus primary shifts, per role."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, pairwise

from django.db.models import QuerySet

from contributors.models import AcceptedGap, Role, Shift
from contributors.people import eligibility
from contributors.shifts import intervals, requirements, roster
from periods.debriefs.debriefs import AgendaLine, AgendaSection
from periods.lifecycle.gates import Blocker, Transition, page_url
from periods.models import Period

GATED = timedelta(days=7)
AGENDA_AHEAD = timedelta(hours=72)


@dataclass(frozen=True)
class RoleGap:
    """From `start` up to `end` a role has `missing` of the `needed` people too few, or lacks its deputy."""

    role: Role
    start: datetime
    end: datetime
    missing: int
    needed: int = 1
    duty: str = Shift.Kind.PRIMARY

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end - self.start).total_seconds()

    @property
    def nobody(self) -> bool:
        """Whether there is nobody at all, not just too few."""
        return self.missing >= self.needed and self.duty == Shift.Kind.PRIMARY


def find_gaps(period: Period, *, start: datetime, end: datetime) -> list[RoleGap]:
    """Gaps of every role within an interval, the earliest first. Two queries, however many shifts."""
    # Five columns and no objects: the figures on every page ask this, of windows with thousands of shifts.
    covered = _covered(eligibility.with_eligible_holder(roster.standing_shifts(start, end).filter(role__period=period)))
    return _sorted(gap for role in roles_of(period) for gap in _of_role(period, role, covered, start, end))


def _covered(rows: QuerySet[Shift]) -> dict[tuple[int, str], list[intervals.Span]]:
    covered: dict[tuple[int, str], list[intervals.Span]] = {}
    for role, kind, begin, finish in rows.order_by().values_list("role_id", "kind", "starts_at", "ends_at"):
        covered.setdefault((role, kind), []).append((begin, finish))
    return covered


def find_gaps_among(
    period: Period, of_roles: Iterable[Role], shifts: Iterable[Shift], *, start: datetime, end: datetime
) -> list[RoleGap]:
    """The same from rows that are loaded already. One query."""
    covered: dict[tuple[int, str], list[intervals.Span]] = {}
    for shift in eligibility.shifts_with_eligible_holder(period, list(shifts)):
        covered.setdefault((shift.role_id, shift.kind), []).append((shift.starts_at, shift.ends_at))
    return _sorted(gap for role in of_roles for gap in _of_role(period, role, covered, start, end))


def _sorted(found: Iterable[RoleGap]) -> list[RoleGap]:
    return sorted(found, key=lambda gap: (gap.start, gap.role.position, gap.role.pk, gap.duty))


def _of_role(
    period: Period, role: Role, covered: Mapping[tuple[int, str], list[intervals.Span]], start: datetime, end: datetime
) -> Iterator[RoleGap]:
    """What a role lacks: people on duty, and deputies where it needs them."""
    needs = required_cover(period, role, start=start, end=end)
    for gap in intervals.find_gaps(needs, covered.get((role.pk, Shift.Kind.PRIMARY), [])):
        for begin, finish, needed in _levels(gap, needs):
            yield RoleGap(role, begin, finish, gap.missing, needed)
    if role.needs_deputy:
        deputies = covered.get((role.pk, Shift.Kind.DEPUTY), [])
        for gap in intervals.find_gaps([need._replace(headcount=1) for need in needs], deputies):
            yield RoleGap(role, *gap, duty=Shift.Kind.DEPUTY)


def _levels(gap: intervals.Gap, needs: Sequence[intervals.Requirement]) -> Iterator[tuple[datetime, datetime, int]]:
    """A gap cut where the number of people needed changes: one of six missing is not one of one."""
    touching = [need for need in needs if need.start < gap.end and need.end > gap.start]
    if len({need.headcount for need in touching}) == 1:
        yield gap.start, gap.end, touching[0].headcount
        return
    edges = {edge for need in touching for edge in (need.start, need.end) if gap.start < edge < gap.end}
    for begin, finish in pairwise(sorted({gap.start, gap.end, *edges})):
        most = max(need.headcount for need in touching if need.start < finish and need.end > begin)
        yield begin, finish, most


def roles_of(period: Period) -> list[Role]:
    """The duty roles of a period in their order. One query."""
    return list(Role.objects.filter(period=period).order_by("position", "id"))


def required_cover(period: Period, role: Role, *, start: datetime, end: datetime) -> list[intervals.Requirement]:
    """When a role must be covered within an interval, and by how many: see `requirements.py`."""
    return requirements.required_cover(period, role, start=start, end=end)


def paged_cover(period: Period, of_roles: Sequence[Role], *, start: datetime, end: datetime) -> list[intervals.Span]:
    """When somebody is asked to answer pages; of all roles where none is said to answer them."""
    answering = [role for role in of_roles if role.answers_pages] or of_roles
    needs = chain.from_iterable(required_cover(period, role, start=start, end=end) for role in answering)
    return intervals.union((need.start, need.end) for need in needs)


def accepted_gaps_of(period: Period) -> list[AcceptedGap]:
    """The gaps that whoever plans lets stand. One query."""
    found = AcceptedGap.objects.filter(role__period=period, ended_at__isnull=True)
    return list(found.select_related("accepted_by").order_by("starts_at", "id"))


def find_acceptance(
    gap: RoleGap, let_stand: Iterable[AcceptedGap], *, start: datetime, end: datetime
) -> AcceptedGap | None:
    """What lets a gap stand, which was looked for in an interval: only that very gap, cut by the interval's ends."""
    return next(
        (
            one
            for one in let_stand
            if (one.role_id, one.kind, one.missing) == (gap.role.pk, gap.duty, gap.missing)
            and (max(one.starts_at, start), min(one.ends_at, end)) == (gap.start, gap.end)
        ),
        None,
    )


def judged_gaps(period: Period, *, start: datetime, end: datetime) -> list[tuple[RoleGap, AcceptedGap | None]]:
    """Every gap of an interval, each with what lets it stand. Three queries."""
    found = find_gaps(period, start=start, end=end)
    let_stand = accepted_gaps_of(period) if found else []
    return [(gap, find_acceptance(gap, let_stand, start=start, end=end)) for gap in found]


def open_gaps(period: Period, *, start: datetime, end: datetime) -> list[RoleGap]:
    """Gaps that nobody lets stand: what alerts, counts, debriefs and the go are about. Three queries."""
    return [gap for gap, accepted in judged_gaps(period, start=start, end=end) if accepted is None]


def gap_minutes_by_role(found: Iterable[RoleGap]) -> dict[int, int]:
    """Minutes below the requirement per role (its number); roles without a gap are left out."""
    minutes: dict[int, int] = {}
    for gap in found:
        minutes[gap.role.pk] = minutes.get(gap.role.pk, 0) + total_gap_minutes([gap])
    return minutes


def gap_minutes(period: Period, *, start: datetime, end: datetime) -> int:
    """Minutes below the required headcount, all roles together; two missing people count twice."""
    return total_gap_minutes(find_gaps(period, start=start, end=end))


def total_gap_minutes(found: Iterable[RoleGap]) -> int:
    """The same from gaps that are known already."""
    return sum(gap.missing * intervals.total_minutes([(gap.start, gap.end)]) for gap in found)


def describe_gap(gap: RoleGap, period: Period) -> str:
    """`Platform has nobody Sat 21 Nov 17:00 to Sun 01:00`, in the period's zone."""
    start, end = gap.start.astimezone(period.zone), gap.end.astimezone(period.zone)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %H:%M}"
    if end - start >= timedelta(days=6):
        until = f"{end:%a %-d %b %H:%M}"
    lacks = "has nobody" if gap.nobody else f"is {gap.missing} short"
    if gap.duty == Shift.Kind.DEPUTY:
        lacks = "has no deputy"
    return f"{gap.role} {lacks} {start:%a %-d %b %H:%M} to {until}"


def find_blockers(period: Period, transition: Transition, *, at: datetime) -> list[Blocker]:  # noqa: ARG001  one shape
    """A go needs cover without a gap in the first seven days, but for those that are accepted; each is named."""
    if transition != "go":
        return []
    url = page_url(period, "period_coverage")
    found = open_gaps(period, start=period.go_live_at, end=period.go_live_at + GATED)
    return [_objection(gap, period, url) for gap in found]


def _objection(gap: RoleGap, period: Period, url: str) -> Blocker:
    place = f"{gap.role.pk}-{int(gap.start.timestamp())}"
    return Blocker(f"{describe_gap(gap, period)}.", f"{url}?gap={place}", code="go.cover_gap", about=f"gap:{place}")


def agenda_section(period: Period, *, since: datetime, at: datetime) -> AgendaSection:  # noqa: ARG001  one shape
    """Debrief agenda: who is missing in the next 72 hours."""
    url = page_url(period, "period_coverage")
    found = open_gaps(period, start=at, end=at + AGENDA_AHEAD)
    lines = [
        AgendaLine(describe_gap(gap, period), f"{gap.seconds / 3600:.1f}".removesuffix(".0") + " h", url, "danger")
        for gap in found
    ]
    return AgendaSection("coverage", "Cover", 2, list(lines))


@dataclass(frozen=True)
class GapCount:
    """How many gaps that nobody lets stand are still to come: within the week that is looked at, and in all."""

    week: int
    ahead: int
    of: str

    def __str__(self) -> str:
        if not self.ahead:
            return "No gap ahead"
        first = f"{self.ahead} gap{'' if self.ahead == 1 else 's'} ahead"
        return f"{first}, {self.week} in {self.of}" if self.week != self.ahead else first


def count_gaps(found: Iterable[RoleGap], period: Period, *, at: datetime) -> GapCount:
    """How many of a window's gaps are ahead, by what `upcoming_gaps` looks at; accepted ones are left out before."""
    ahead = [gap for gap in found if gap.end > at]
    until = max(at, period.starts_at) + GATED
    return GapCount(sum(gap.start < until for gap in ahead), len(ahead), week_looked_at(period, at=at))


def week_looked_at(period: Period, *, at: datetime) -> str:
    """Which week `upcoming_gaps` looks at, in words."""
    return "the next 7 days" if at >= period.starts_at else "the first 7 days"


def upcoming_gaps_of_all(periods: Collection[Period], *, at: datetime) -> list[RoleGap]:
    """The same of several periods, the earliest first, each role with its period. Three queries, however many."""
    spans = {one.pk: (max(at, one.starts_at), max(at, one.starts_at) + GATED) for one in periods}
    of = {one.pk: one for one in periods}
    if not spans:
        return []
    found: dict[int, list[Role]] = {}
    for role in Role.objects.filter(period__in=periods).order_by("position", "id"):
        role.period = of[role.period_id]
        found.setdefault(role.period_id, []).append(role)
    rows = roster.standing_shifts(min(start for start, _ in spans.values()), max(end for _, end in spans.values()))
    covered = _covered(eligibility.with_eligible_holder(rows.filter(role__period__in=periods)))
    gaps = [
        gap
        for pk, its_roles in found.items()
        for role in its_roles
        for gap in _of_role(of[pk], role, covered, *spans[pk])
    ]
    rows_let_stand = AcceptedGap.objects.filter(role__period__in=periods, ended_at__isnull=True)
    let_stand = list(rows_let_stand.order_by("starts_at", "id"))
    return _sorted(
        gap
        for gap in gaps
        if find_acceptance(gap, let_stand, start=spans[gap.role.period_id][0], end=spans[gap.role.period_id][1]) is None
    )


def upcoming_gaps(period: Period, *, at: datetime) -> list[RoleGap]:
    """Gaps of the next seven days, or of the first seven before go-live, that nobody lets stand; none after the end."""
    if period.status in Period.ENDED:
        return []
    start = max(at, period.starts_at)
    return open_gaps(period, start=start, end=start + GATED)
