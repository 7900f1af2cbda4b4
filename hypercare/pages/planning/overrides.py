"""What somebody decided otherwise than suggested, in words: for the plan, its review and the period's settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hypercare.models import User
from periods.calendar import wallclock
from periods.models import Period
from periods.planning import planning
from periods.planning.scoring_model import CADENCES, COVERS, cover_words


@dataclass(frozen=True)
class ExplainedOverride:
    """A decision beside the suggestion it replaces."""

    what: str
    suggested: str
    chosen: str
    reason: str
    by: User | None
    at: datetime | None


def explain_overrides(period: Period) -> list[ExplainedOverride]:
    """The standing decisions of a scored period: length, debriefs, cover."""
    found = planning.recommendation_for(period)
    if found is None:
        return []
    rows = []
    if period.days_override_reason:
        rows.append(
            _row(period, "days_override", "Length", _suggested_days(period), _days(period, period.planned_ends_at))
        )
    if period.cadence_override_reason and period.debrief_cadence in CADENCES:
        rows.append(
            _row(period, "cadence_override", "Debriefs", found.debrief_cadence, CADENCES[period.debrief_cadence])
        )
    if period.cover_override_reason and period.cover in COVERS:
        rows.append(_row(period, "cover_override", "Cover", cover_words(found.cover), cover_words(period.cover)))
    return rows


def _row(period: Period, name: str, what: str, suggested: str, chosen: str) -> ExplainedOverride:
    reason, by, at = (getattr(period, f"{name}_{part}") for part in ("reason", "by", "at"))
    return ExplainedOverride(what, suggested, chosen, reason, by, at)


def _suggested_days(period: Period) -> str:
    suggested = planning.recommended_end(period)
    return _days(period, suggested) if suggested else ""


def _days(period: Period, until: datetime) -> str:
    first, last = (wallclock.local_day(at, period.zone) for at in (period.go_live_at, until))
    count = (last - first).days
    return f"{count} day{'' if count == 1 else 's'}"
