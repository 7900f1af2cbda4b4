"""The load of a fault run and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks._stage import Stage, lateness, people, queue

PER_SECOND = 40
IN_FLIGHT = 4  # messages a worker has under way at most, where a run counts what a fault may repeat
LONGEST = 120.0  # seconds a run waits for the last message to settle


@dataclass(frozen=True)
class Result:
    """What a run did: how often it broke something, how many messages that hit at most at once, and its own goals.

    A goal is its figure in words and whether it is met.
    """

    faults: int = 0
    goals: tuple[tuple[str, bool], ...] = ()
    in_flight: int = IN_FLIGHT


def load(
    count: int, *, names: list[str] | None = None, ahead: float = 2.0, kind: str = "", hook_port: int = 0
) -> tuple[float, Any]:
    """So many messages, 40 due a second to 20 people, the first so many seconds from now; when, and their period."""
    period, to = people(20, names=names, hook_port=hook_port)
    at = datetime.now(UTC) + timedelta(seconds=ahead)
    queue(count, at=at, every=timedelta(seconds=1 / PER_SECOND), period=period, to=to, kind=kind)
    return at.timestamp(), period


def not_later(run: Stage, seconds: float, *, of: str = "") -> tuple[str, bool]:
    """The goal that nothing arrives later than this."""
    worst = max(lateness(run, of=of), default=0.0)
    return f"latest after {worst:.1f} s, goal {seconds:g}", worst <= seconds


def nothing_twice(run: Stage) -> tuple[str, bool]:
    """The goal that no message arrives a second time."""
    keys = [key for _, key, _ in run.arrivals]
    return f"{len(keys) - len(set(keys))} came twice", len(keys) == len(set(keys))
