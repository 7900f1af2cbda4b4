"""The parts of a hand-off note, filled in from what is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contributors.models import Handoff, Role
from contributors.shifts import coverage
from hypercare import registry
from periods.models import Period

AHEAD: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NoteSection:
    """A part as it is known from data: one line a thing. `hint` says what a person adds."""

    code: str
    title: str
    lines: tuple[str, ...] = ()
    hint: str = ""

    @property
    def text(self) -> str:
        """As it is edited."""
        return "\n".join(self.lines)


def prefill_sections(handoff: Handoff, *, at: datetime) -> list[NoteSection]:
    """The parts of a note, in order (`registry.HANDOFF_SECTIONS`). Needs its role's period."""
    role = handoff.role
    return [registry.resolve(path)(role.period, role, at=at) for path in registry.HANDOFF_SECTIONS]


def overall_section(period: Period, role: Role, *, at: datetime) -> NoteSection:  # noqa: ARG001  one shape for all parts
    """The first part, which only a person can write."""
    return NoteSection("overall", "Overall", hint="How it stands, in a sentence or two, and what you would do first.")


def coverage_section(period: Period, role: Role, *, at: datetime) -> NoteSection:  # noqa: ARG001
    """Who is missing in the next 24 hours, in any role."""
    found = coverage.find_gaps(period, start=at, end=min(at + AHEAD, period.ends_at)) if at < period.ends_at else []
    lines = tuple(coverage.describe_gap(gap, period) for gap in found[:20])
    return NoteSection("cover", "Cover", lines, "Who is missing, tired or hard to reach.")
