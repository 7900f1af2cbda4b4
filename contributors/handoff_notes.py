"""The parts of a hand-off note, filled in from what is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contributors import coverage
from contributors.models import Handoff, Role
from hypercare import wiring
from periods.models import Period

AHEAD: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Part:
    """A part as it is known from data: one line a thing. `hint` says what a person adds."""

    code: str
    title: str
    lines: tuple[str, ...] = ()
    hint: str = ""

    @property
    def text(self) -> str:
        """As it is edited."""
        return "\n".join(self.lines)


def prefilled(handoff: Handoff, *, at: datetime) -> list[Part]:
    """The parts of a note, in order (`wiring.HANDOFF_SECTIONS`). Needs its role's period."""
    role = handoff.role
    return [wiring.resolve(path)(role.period, role, at=at) for path in wiring.HANDOFF_SECTIONS]


def overall(period: Period, role: Role, *, at: datetime) -> Part:  # noqa: ARG001  one shape for all parts
    """The first part, which only a person can write."""
    return Part(
        "overall", "Overall", hint="How it stands, in a sentence or two, and what you would do first."
    )


def cover(period: Period, role: Role, *, at: datetime) -> Part:  # noqa: ARG001
    """Who is missing in the next 24 hours, in any role."""
    found = (
        coverage.gaps(period, start=at, end=min(at + AHEAD, period.ends_at)) if at < period.ends_at else []
    )
    lines = tuple(coverage.sentence(gap, period) for gap in found[:20])
    return Part("cover", "Cover", lines, "Who is missing, tired or hard to reach.")
