"""Which day of a window it is, and how that is said. One way to say it: pages, mails and API all ask for it here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WindowDay:
    """A day of a window of so many; 1 is the day of go-live, 0 the time before. It may lie past the last."""

    number: int
    of: int

    @property
    def past(self) -> int:
        """How many days after the last; 0 within the window."""
        return max(0, self.number - self.of)

    @property
    def words(self) -> str:
        """`day 5 of 14`, `day 16, 2 past the planned end`: within a sentence."""
        return (
            f"day {self.number}, {self.past} past the planned end" if self.past else f"day {self.number} of {self.of}"
        )

    def __str__(self) -> str:
        return f"D{self.words[1:]}"
