"""May this person work this shift? Their other duties in every period, their absences, and the fatigue limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from contributors.models import Role, Shift
from contributors.people import eligibility
from contributors.shifts import absences, work_time_limits
from contributors.shifts.intervals import Span
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Period

AROUND = timedelta(days=9)  # A week on either side decides every limit, and a shift lasts a day more.


def require_suitable(
    period: Period,
    role: Role,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    *,
    kind: str,
    without: Collection[int] = (),
) -> list[str]:
    """The warnings of putting somebody on duty; `without` are shifts they give away by it. Four queries.

    Raises Invalid, naming the person's field, for somebody who can't be on duty here, when they are on duty in another
    period, or when a limit that blocks is broken; so absences refuse or warn as the period has it.
    """
    eligibility.require_eligible(period, user)
    found = shifts_of_people([user.pk], start=starts_at - AROUND, end=ends_at + AROUND)
    mine, limits = [shift for shift in found if shift.pk not in without], work_time_limits.limits_of(period)
    away = _require_here(period, user, mine, starts_at, ends_at, limits)
    if role.on_call or kind == Shift.Kind.DEPUTY:
        return away
    new = work_time_limits.added_breaches(
        working_time(mine), [(starts_at, ends_at)], user.zone, limits, planned_in=period.zone
    )
    if blocking := [one.text for one in new if one.level == "block"]:
        raise Invalid({"user": [f"{user} cannot work this: {text}." for text in blocking]})
    return [*away, *(one.text for one in new)]


def _require_here(
    period: Period,
    user: User,
    mine: Iterable[Shift],
    starts_at: datetime,
    ends_at: datetime,
    limits: Mapping[str, work_time_limits.WorkTimeLimit],
) -> list[str]:
    """What the person's absences warn of. Raises Invalid where they forbid it, or another period has them then."""
    away = absences.absences_by_person([user.pk], start=starts_at, end=ends_at).get(user.pk, [])
    absent = work_time_limits.absence_breaches([(starts_at, ends_at)], absences.spans_of(away), user.zone, limits)
    if absent and limits["away"].level == "block":
        raise Invalid({"user": f"{user} is away {_span(away[0].starts_at, away[0].ends_at, user)}."})
    then = (shift for shift in mine if shift.starts_at < ends_at and shift.ends_at > starts_at)
    elsewhere = next((shift for shift in then if shift.role.period_id != period.pk and is_work(shift)), None)
    if elsewhere:
        when = _span(elsewhere.starts_at, elsewhere.ends_at, user)
        raise Invalid({"user": f"{user} is on duty in another period {when}. Nobody can be in two places."})
    return [one.text.capitalize() for one in absent]


def shifts_of_people(user_ids: Collection[int], *, start: datetime, end: datetime) -> list[Shift]:
    """Standing shifts of people in every open period that touch an interval, role loaded. One query."""
    found = Shift.objects.filter(
        user__in=user_ids, cancelled_at__isnull=True, starts_at__lt=end, ends_at__gt=start
    ).exclude(role__period__status=Period.Status.CANCELLED)
    return list(found.select_related("role").order_by("starts_at", "id"))


def is_work(shift: Shift) -> bool:
    """Whether a shift is work, not being on call."""
    return shift.kind == Shift.Kind.PRIMARY and not shift.role.on_call


def working_time(shifts: Iterable[Shift]) -> list[Span]:
    """The working time of shifts of one person."""
    return [(shift.starts_at, shift.ends_at) for shift in shifts if is_work(shift)]


def find_breaches(
    shifts: Sequence[Shift], limits: Mapping[str, work_time_limits.WorkTimeLimit], *, planned_in: ZoneInfo
) -> list[tuple[User, list[work_time_limits.LimitBreach]]]:
    """What the loaded shifts break, by person with something to say. Users and roles are loaded."""
    people: dict[int, list[Shift]] = {}
    for shift in shifts:
        people.setdefault(shift.user_id, []).append(shift)
    judged = (
        (
            held[0].user,
            work_time_limits.find_breaches(working_time(held), held[0].user.zone, limits, planned_in=planned_in),
        )
        for held in people.values()
    )
    return sorted(((user, found) for user, found in judged if found), key=lambda one: (one[0].name, one[0].pk))


def _span(start: datetime, end: datetime, user: User) -> str:
    first, last = start.astimezone(user.zone), end.astimezone(user.zone)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%a %-d %b %H:%M}"
    return f"{first:%a %-d %b %H:%M} to {until}, {user.timezone} time"
