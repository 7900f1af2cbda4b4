"""Green, amber or red, and why: one judgement of a period for the status document and the stakeholder report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from periods.models import Period


def judge_health(period: Period, counts: Mapping[str, Any], gap_minutes: int, *, at: datetime) -> tuple[str, list[str]]:
    """Red: a P1 is open. Amber: something is late, unowned, uncovered or overdue. Green: none of that.

    `counts` are those of `exit_measures.count_incidents`; `gap_minutes` lack cover in the next 72 hours.
    """
    red = [f"{counts['open']['P1']} P1 open"] if counts["open"]["P1"] else []
    amber = [
        text
        for number, text in (
            (counts["late"], f"{_many(counts['late'], 'incident')} late"),
            (counts["unowned"], f"{_many(counts['unowned'], 'incident')} without owner"),
            (gap_minutes, f"{_many(gap_minutes, 'minute')} without cover in the next 72 h"),
            (period.status in Period.PRE_LIVE and period.go_live_at <= at, "Go-live is late"),
            (period.is_live and period.ends_at <= at, "The window is over and the exit review is open"),
        )
        if number
    ]
    return ("red" if red else "amber" if amber else "green"), red + amber


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
