"""Things that happen at a time. Collected in any order, played in the order they happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Act = Callable[[datetime], Any]


@dataclass
class Script:
    """A list of moments up to `now`; what lies ahead is left out, because it has not happened."""

    now: datetime
    acts: list[tuple[datetime, int, Act]] = field(default_factory=list)

    def at(self, moment: datetime, act: Act) -> None:
        """Let `act(moment)` happen then."""
        self.acts.append((moment, len(self.acts), act))

    def play(self) -> None:
        """Everything that has happened by now, in order."""
        for moment, _, act in sorted(self.acts, key=lambda row: row[:2]):
            if moment <= self.now:
                act(moment)
