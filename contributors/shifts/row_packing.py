"""Rows of a timeline: as few as keep bars from covering each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

# Two people who meet at a hand-off stay on one row: the later bar begins on the last minutes of the earlier one.
MEETING: Final = timedelta(minutes=30)


class Timed(Protocol):
    """A bar, a shift, anything that begins and ends."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


S = TypeVar("S", bound=Timed)


def pack_rows(stretches: Iterable[S]) -> list[list[S]]:
    """Stretches in rows, each row by time; no stretch hides behind another for longer than a hand-off takes."""
    rows: list[list[S]] = []
    for one in sorted(stretches, key=lambda stretch: (stretch.starts_at, stretch.ends_at)):
        free = next((row for row in rows if _fits(row[-1], one)), None)
        if free is None:
            rows.append([one])
        else:
            free.append(one)
    return rows


def _fits(before: Timed, after: Timed) -> bool:
    overlap = before.ends_at - after.starts_at
    if overlap <= timedelta(0):
        return True
    # Not where one of them would be hidden by it.
    shorter = min(before.ends_at - before.starts_at, after.ends_at - after.starts_at)
    return overlap <= MEETING and after.ends_at > before.ends_at and 2 * overlap <= shorter
