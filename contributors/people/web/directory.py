"""The people of a period at a glance: their duty, their time, whether they are ready, reachable and rested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contributors import contact_points
from contributors.models import Membership, Shift
from contributors.people import members as people_members
from contributors.readiness import acknowledgements
from contributors.readiness.acknowledgements import ReadinessRow
from contributors.shifts import roster
from hypercare import registry
from hypercare.database.accents import fold
from hypercare.ui import time_words
from periods.models import Period

AHEAD: Final = timedelta(days=7)
FILTERS: Final = (("", "Everybody"), ("on", "On now"), ("unready", "Not ready"), ("unreachable", "Can’t be reached"))


@dataclass(frozen=True)
class PersonRow:
    """One person. `row` is their answer where they are asked, `lost` why nothing reaches them."""

    member: Membership
    row: ReadinessRow | None
    on_now: tuple[Shift, ...]
    hours: float
    lost: str | None
    slow: str
    at: datetime

    @property
    def local(self) -> datetime:
        """What their clocks show now."""
        return self.at.astimezone(self.member.user.zone)

    @property
    def place(self) -> str:
        """Where that is."""
        return time_words.city_of(self.member.user.zone)

    @property
    def sleeps(self) -> bool:
        """Whether it is night where they are: 22 to 7."""
        return not 7 <= self.local.hour < 22

    def matches(self, query: str) -> bool:
        """Whether every word stands in the name, the address, the duty or the place."""
        user, role = self.member.user, self.member.role
        text = fold(f"{user.name} {user.email} {role or ''} {user.timezone.replace('_', ' ')}")
        return all(word in text for word in fold(query).split())

    def belongs(self, chosen: str) -> bool:
        """Whether a filter shows them; one that does not exist shows everybody."""
        if chosen == "on":
            return bool(self.on_now)
        if chosen == "unready":
            return self.row is not None and self.row.state != "ready"
        return self.lost is not None if chosen == "unreachable" else True


def people_of(period: Period, *, at: datetime) -> list[PersonRow]:
    """Everybody, by role and name. Eleven queries, however many people."""
    members = list(people_members.members_of(period.pk))
    rows = {row.member.pk: row for row in acknowledgements.summarise_readiness(period, at=at).rows}
    shifts = roster.shifts_of_period(period, start=at, end=at + AHEAD)
    hours = roster.hours_of_shifts(shifts, start=at, end=at + AHEAD)
    users = [member.user for member in members]
    lost, limit = contact_points.find_unreachable(users), registry.resolve(registry.FIRST_WAIT)(period)
    slow = contact_points.warn_of_slow_rules(users, limit=limit) if limit else {}
    return [
        PersonRow(
            member,
            rows.get(member.pk),
            _on(shifts, member, at),
            hours.get(member.user_id, 0.0),
            lost.get(member.user_id),
            slow.get(member.user_id, ""),
            at,
        )
        for member in members
    ]


def _on(shifts: Sequence[Shift], member: Membership, at: datetime) -> tuple[Shift, ...]:
    return tuple(shift for shift in shifts if shift.user_id == member.user_id and shift.covers(at))
