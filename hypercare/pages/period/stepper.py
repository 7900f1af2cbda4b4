"""Where a period stands between plan and close: the stepper on top of its overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from periods.calendar.window_days import WindowDay
from periods.models import GoDecision, Period

Status = Period.Status
Standing = Literal["done", "now", "ahead"]
ORDER = ("plan", "ready", "live", "review", "closed")
PLACE = {
    Status.DRAFT: 0,
    Status.PLANNED: 1,
    Status.READINESS: 1,
    Status.READY: 1,
    Status.ACTIVE: 2,
    Status.STABILISING: 2,
    Status.EXIT_REVIEW: 3,
    Status.CLOSED: 5,
    Status.ROLLED_BACK: 5,
    Status.CANCELLED: 5,
}


@dataclass(frozen=True, slots=True)
class StepperPhase:
    """One step: how it is called, how it stands, and a date that belongs to it."""

    code: str
    title: str
    standing: Standing
    note: str
    on: datetime | None


@dataclass(frozen=True, slots=True)
class Journey:
    """The steps, and the day ruler of the one that is now. `part` is how much of the local day is gone."""

    phases: tuple[StepperPhase, ...]
    day: WindowDay
    part: float
    left_s: int
    late: bool


def build_journey(period: Period, decision: GoDecision | None, *, at: datetime) -> Journey:
    """The stepper at an instant. No query."""
    place = PLACE[Status(period.status)]
    local = at.astimezone(period.zone)
    until = period.ends_at if period.is_live else period.go_live_at
    left = int((until - at).total_seconds())
    return Journey(
        phases=tuple(_phase(period, decision, code, number, place) for number, code in enumerate(ORDER)),
        day=period.window_day(at),
        part=round((local.hour * 60 + local.minute) / 1440, 3),
        left_s=abs(left),
        late=left < 0,
    )


def _phase(period: Period, decision: GoDecision | None, code: str, number: int, place: int) -> StepperPhase:
    standing: Standing = "done" if number < place else "now" if number == place else "ahead"
    title, note, on = _words(period, decision)[code]
    return StepperPhase(code, title if standing != "now" else period.get_status_display(), standing, note, on)


def _words(period: Period, decision: GoDecision | None) -> dict[str, tuple[str, str, datetime | None]]:
    outcome = str(decision.get_outcome_display()) if decision else "Go-live"
    return {
        "plan": ("Planned", "", period.created_at),
        "ready": ("Ready", outcome, decision.at if decision else period.go_live_at),
        "live": ("Live", "From", period.starts_at),
        "review": ("Exit review", "By", period.ends_at),
        "closed": (_last(period), "", period.ended_at or period.ends_at),
    }


def _last(period: Period) -> str:
    return str(period.get_status_display()) if period.status in Period.ENDED else "Closed"
