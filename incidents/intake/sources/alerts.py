"""Alerts as their sources tell them, whatever the tool."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


class UnexpectedPayload(ValueError):
    """The body is not what this source sends; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class ReportedAlert:
    """One alert as its source tells it: firing, or resolved at `ended_at`.

    `level` is its severity word as told; `left_out` how many alerts of its group the source cut off the payload.
    """

    fingerprint: str
    name: str
    firing: bool
    started_at: datetime
    ended_at: datetime | None = None
    summary: str = ""
    description: str = ""
    level: str = ""
    component: str = ""
    link: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    left_out: int = 0
