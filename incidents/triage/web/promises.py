"""How long until the next word to people outside, as offered in forms."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

NONE: Final = "none"
PROMISES: Final = [
    (NONE, "Promise none"),
    ("15", "in 15 minutes"),
    ("30", "in 30 minutes"),
    ("60", "in 1 hour"),
    ("120", "in 2 hours"),
    ("240", "in 4 hours"),
    ("480", "in 8 hours"),
    ("1440", "in 24 hours"),
    ("2880", "in 2 days"),
]


def promise_length(choice: str) -> timedelta:
    """How long a chosen promise is; zero for none."""
    return timedelta() if choice == NONE else timedelta(minutes=int(choice))
