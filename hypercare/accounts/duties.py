"""What somebody holds in periods that are not over, as each room reports it before an account is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hypercare import registry
from hypercare.models import User


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """One thing or several of a kind in one period, and what becomes of them when the account is switched off."""

    period: str
    what: str
    becomes: str


def list_duties(user: User, *, at: datetime) -> list[HeldDuty]:
    """All of them, by room and period. Changes nothing."""
    return [duty for path in registry.HELD_DUTIES for duty in registry.resolve(path)(user, at=at)]
