"""Things that happen at a time. Collected in any order, played in the order they happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any

Act = Callable[[datetime], Any]


class Timeline:
    """Moments up to `now`; what lies ahead is left out, because it has not happened.

    One script tells all periods, and an act that goes on later adds the rest of itself, so that every journal is
    written in the order of its times.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._acts: list[tuple[datetime, int, Act]] = []
        self._numbers = count()

    def at(self, moment: datetime, act: Act) -> None:
        """Let `act(moment)` happen then; an act may add others that come after it."""
        heappush(self._acts, (moment, next(self._numbers), act))

    def play(self) -> None:
        """Everything that has happened by now, in order."""
        while self._acts:
            moment, _, act = heappop(self._acts)
            if moment <= self.now:
                act(moment)
