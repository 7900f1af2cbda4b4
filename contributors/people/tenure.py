"""Who held a duty when, from the journal: what somebody's duty is today says nothing about last week."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from contributors.models import Membership, Role
from periods.models import JournalEntry, Period

GIVEN = ("contributor.added", "contributor.changed")


class Tenure(NamedTuple):
    """Somebody (by user id) held it from `since` up to but not including `until`; None is open."""

    user_id: int
    since: datetime | None
    until: datetime | None


def duty_tenures(period: Period, codes: Collection[str]) -> list[Tenure]:
    """Who held a duty with one of these codes. Two queries, one more for entries of before they said the code.

    Each change of a duty counts from when it was made. A member without any entry of the journal held the present one
    all along.
    """
    members = list(Membership.objects.filter(period=period).select_related("role").order_by("id"))
    entries = list(JournalEntry.objects.filter(period=period, kind__in=GIVEN).order_by("seq"))
    is_old = any("duty" not in entry.data for entry in entries)
    by_name = dict(Role.objects.filter(period=period).values_list("name", "code")) if is_old else {}
    steps: dict[str, list[tuple[datetime, str]]] = {}
    for entry in entries:
        code = entry.data.get("duty", by_name.get(entry.data.get("role", ""), ""))
        steps.setdefault(entry.subject, []).append((entry.at, code))
    return [
        tenure
        for member in members
        for tenure in _tenures(member, steps.get(f"member:{member.pk}") or [_as_now(member)], codes)
    ]


def _as_now(member: Membership) -> tuple[datetime, str]:
    return member.joined_at, member.role.code if member.role else ""


def _tenures(member: Membership, steps: list[tuple[datetime, str]], codes: Collection[str]) -> Iterator[Tenure]:
    ends = [(member.left_at, "")] if member.left_at else [(None, "")]
    for (since, code), (until, _) in pairwise([*steps, *ends]):
        if code in codes:
            yield Tenure(member.user_id, since, until)


def bau_owner_tenures(period: Period) -> list[Tenure]:
    """Who was to take the period over, the first since ever. One query."""
    entries = JournalEntry.objects.filter(period=period, kind="period.changed").order_by("seq")
    moves = [(entry.at, entry.data["people"]["bau_owner"]) for entry in entries if _moves(entry)]
    first = moves[0][1][0] if moves else period.bau_owner_id
    held = [(None, first), *((at, new) for at, (_, new) in moves), (None, None)]
    return [Tenure(user, since, until) for (since, user), (until, _) in pairwise(held) if user is not None]


def _moves(entry: JournalEntry) -> bool:
    return "bau_owner" in entry.data.get("people", {})
