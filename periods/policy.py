"""What a period's template says about later: who is paged, and when debriefs are. Empty means the usual way."""

from __future__ import annotations

from periods.models import PeriodOrigin
from periods.templates_library.content import Content, Who
from periods.templates_library.reading import read
from periods.templates_library.rhythm import Stretch


def started_from(period_id: int) -> Content | None:
    """What the period was started from, as it was that day; None for the standard template."""
    data = PeriodOrigin.objects.filter(period_id=period_id).values_list("content", flat=True).first()
    return read(data)[0] if data else None


def ladder(period_id: int, severity: str) -> tuple[tuple[Who, int], ...]:
    """Who is paged and after how many minutes, where the period's template says so; empty for the usual ladder."""
    content = started_from(period_id)
    found = next((one for one in content.escalation if one.severity == severity), None) if content else None
    return tuple((rung.page, rung.after_min) for rung in found.rungs) if found else ()


def stretches(period_id: int) -> tuple[Stretch, ...]:
    """The rhythm of debriefs that the period's template asks for; empty for the one the risk suggests."""
    content = started_from(period_id)
    return content.debriefs if content else ()
