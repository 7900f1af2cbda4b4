"""What a period's template says about later: who is paged, and when debriefs are. Empty means the usual way."""

from __future__ import annotations

from periods.models import PeriodOrigin
from periods.template_files.content import TemplateContent, Who
from periods.template_files.reading import read_content
from periods.template_files.rhythm import CadenceStretch


def started_from(period_id: int) -> TemplateContent | None:
    """What the period was started from, as it was that day; None for the standard template."""
    data = PeriodOrigin.objects.filter(period_id=period_id).values_list("content", flat=True).first()
    return read_content(data)[0] if data else None


def ladder_for(period_id: int, severity: str) -> tuple[tuple[Who, int], ...]:
    """Who is paged and after how many minutes, where the period's template says so; empty for the usual ladder."""
    content = started_from(period_id)
    found = next((one for one in content.escalation if one.severity == severity), None) if content else None
    return tuple((rung.page, rung.after_min) for rung in found.rungs) if found else ()


def debrief_stretches(period_id: int) -> tuple[CadenceStretch, ...]:
    """The rhythm of debriefs that the period's template asks for; empty for the one the risk suggests."""
    content = started_from(period_id)
    return content.debriefs if content else ()
