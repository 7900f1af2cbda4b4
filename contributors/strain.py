"""What turns ask of people, all of a rotation at once: limits on duty, and absences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from contributors import absences, fatigue, fitness
from contributors.intervals import Span
from contributors.models import Role, Shift
from contributors.rotations import Turn
from hypercare.errors import Invalid
from hypercare.models import User
from periods.models import Period

NAMED: Final = 3


class Strain(NamedTuple):
    """What speaks against one person's turns: `away`, or limits that `block` or `warn`."""

    user: User
    level: str
    texts: tuple[str, ...]


def of(
    period: Period,
    role: Role,
    kind: str,
    people: Sequence[User],
    turns: Sequence[Turn],
    *,
    without: int | None = None,
) -> list[Strain]:
    """What turns that are not in the plan yet would break, by person. Three queries.

    `without` is the rotation (its number) whose shifts they replace.
    """
    if not turns:
        return []
    named = {user.pk: user for user in people}
    start, end = min(turn.start for turn in turns), max(turn.end for turn in turns)
    held = _held(named, start, end)
    away = absences.of(list(named), start=start, end=end)
    limits = fatigue.limits_of(period)
    found: list[Strain] = []
    for pk, user in sorted(named.items(), key=lambda one: (one[1].name, one[0])):
        mine = [(turn.start, turn.end) for turn in turns if turn.person == pk]
        then = [
            one for one in away.get(pk, []) if any(one.starts_at < b and one.ends_at > a for a, b in mine)
        ]
        if then:
            days = tuple(f"Away from {one.starts_at.astimezone(user.zone):%a %-d %b}" for one in then)
            found.append(Strain(user, "away", days))
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
    away = absences.of(list(users), start=start, end=end)
    held = _held(users, start, end) if any(map(fitness.at_work, shifts)) else {}
    limits, fresh = fatigue.limits_of(period), {shift.pk for shift in shifts}
    refused = []
    for pk, user in sorted(users.items(), key=lambda one: (one[1].name, one[0])):
        others = [one for one in held.get(pk, []) if one.pk not in fresh]
        mine = [one for one in shifts if one.user_id == pk]
        duties = [(one.starts_at, one.ends_at) for one in mine]
        absent = fatigue.absent(duties, absences.spans(away.get(pk, [])), user.zone, limits)
        refused += [f"{user} is {one.text}." for one in absent if one.level == "block"]
        at_work = [(one.starts_at, one.ends_at) for one in mine if fitness.at_work(one)]
        broken = _broken(user, others, at_work, limits, period)
        refused += [f"{user} cannot work this: {one.texts[0]}." for one in broken if one.level == "block"]
    if refused:
        raise Invalid({"people": refused[:NAMED]})


def _held(users: Mapping[int, User], start: datetime, end: datetime) -> dict[int, list[Shift]]:
    found: dict[int, list[Shift]] = {}
    for shift in fitness.shifts_of(list(users), start=start - fitness.AROUND, end=end + fitness.AROUND):
        found.setdefault(shift.user_id, []).append(shift)
    return found


def _broken(
    user: User,
    others: Sequence[Shift],
    added: Sequence[Span],
    limits: Mapping[str, fatigue.Limit],
    period: Period,
) -> list[Strain]:
    new = fatigue.caused(fitness.worked(others), added, user.zone, limits, planned_in=period.zone)
    by_level = {level: tuple(one.text for one in new if one.level == level) for level in ("block", "warn")}
    return [Strain(user, level, texts) for level, texts in by_level.items() if texts]
