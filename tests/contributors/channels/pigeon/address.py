"""Rings of pigeons."""

from __future__ import annotations

import re
from collections.abc import Sequence


def shown(target: str) -> str:
    """Where it lives, and no more. Raises ValueError."""
    if not re.fullmatch(r"[A-Z]{2}-\d+", target):
        raise ValueError("Give the ring of a pigeon such as DK-4711.")
    return f"{target[:2]}-…"


def repeats(target: str, others: Sequence[str]) -> str:
    """A pigeon flies for a person once."""
    return "This pigeon flies for you already." if target in others else ""
