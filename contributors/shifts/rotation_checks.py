"""What turns ask of people, all of a rotation at once: limits on duty, and absences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from contributors.models import Role, Shift
from contributors.shifts import absences, suitability, work_time_limits
from contributors.shifts.intervals import Span
from contributors.shifts.rotation_rules import Turn
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Period

NAMED: Final = 3


class Violation(NamedTuple):
    """What speaks against one person's turns: `away`, or limits that `block` or `warn`."""

    user: User
    level: str
    texts: tuple[str, ...]


def find_violations(
    period: Period, role: Role, kind: str, people: Sequence[User], turns: Sequence[Turn], *, without: int | None = None
) -> list[Violation]:
    """What turns that are not in the plan yet would break, by person. Three queries.

    `without` is the rotation (its number) whose shifts they replace.
    """
    if not turns:
        return []
    named = {user.pk: user for user in people}
    start, end = min(turn.start for turn in turns), max(turn.end for turn in turns)
    held = _held(named, start, end)
    away = absences.absences_by_person(list(named), start=start, end=end)
    limits = work_time_limits.limits_of(period)
    found: list[Violation] = []
    for pk, user in sorted(named.items(), key=lambda one: (one[1].name, one[0])):
        mine = [(turn.start, turn.end) for turn in turns if turn.person == pk]
        then = [one for one in away.get(pk, []) if any(one.starts_at < b and one.ends_at > a for a, b in mine)]
        if then:
            days = tuple(f"Away from {one.starts_at.astimezone(user.zone):%a %-d %b}" for one in then)
            found.append(Violation(user, "away", days))
        if not role.on_call and kind == Shift.Kind.PRIMARY:
            others = [one for one in held.get(pk, []) if without is None or one.rotation_id != without]
            found += _broken(user, others, mine, limits, period)
    return found


def require_fit(period: Period, shifts: Sequence[Shift]) -> None:
    """Raise Invalid (`people`) for stored shifts that a limit which blocks forbids, absences among them.

    Four queries; none without shifts.
    """
    if not shifts:
        return
    users = User.objects.in_bulk({shift.user_id for shift in shifts})
    start, end = min(shift.starts_at for shift in shifts), max(shift.ends_at for shift in shifts)
    away = absences.absences_by_person(list(users), start=start, end=end)
    held = _held(users, start, end) if any(map(suitability.is_work, shifts)) else {}
    limits, fresh = work_time_limits.limits_of(period), {shift.pk for shift in shifts}
    refused = []
    for pk, user in sorted(users.items(), key=lambda one: (one[1].name, one[0])):
        others = [one for one in held.get(pk, []) if one.pk not in fresh]
        mine = [one for one in shifts if one.user_id == pk]
        duties = [(one.starts_at, one.ends_at) for one in mine]
        absent = work_time_limits.absence_breaches(duties, absences.spans_of(away.get(pk, [])), user.zone, limits)
        refused += [f"{user} is {one.text}." for one in absent if one.level == "block"]
        at_work = [(one.starts_at, one.ends_at) for one in mine if suitability.is_work(one)]
        broken = _broken(user, others, at_work, limits, period)
        refused += [f"{user} cannot work this: {one.texts[0]}." for one in broken if one.level == "block"]
    if refused:
        raise Invalid({"people": refused[:NAMED]})


def _held(users: Mapping[int, User], start: datetime, end: datetime) -> dict[int, list[Shift]]:
    found: dict[int, list[Shift]] = {}
    for shift in suitability.shifts_of_people(
        list(users), start=start - suitability.AROUND, end=end + suitability.AROUND
    ):
        found.setdefault(shift.user_id, []).append(shift)
    return found


def _broken(
    user: User,
    others: Sequence[Shift],
    added: Sequence[Span],
    limits: Mapping[str, work_time_limits.WorkTimeLimit],
    period: Period,
) -> list[Violation]:
    new = work_time_limits.added_breaches(
        suitability.working_time(others), added, user.zone, limits, planned_in=period.zone
    )
    by_level = {level: tuple(one.text for one in new if one.level == level) for level in ("block", "warn")}
    return [Violation(user, level, texts) for level, texts in by_level.items() if texts]
