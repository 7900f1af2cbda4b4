"""A long list of checks in pages: whole categories one after the other, cut wherever a page is full. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from periods.models import ChecklistItem

SIZE: Final = 50  # checks of a page


@dataclass(frozen=True, slots=True)
class CategoryPart:
    """One category: how many of its checks match, those of them on this page, and the page of the first."""

    name: str
    matching: int
    rows: Sequence[ChecklistItem]
    page: int


@dataclass(frozen=True, slots=True)
class ChecksPage:
    """One page: its number from 1, how many there are, and every category with what of it is here."""

    number: int
    pages: int
    matching: int
    parts: Sequence[CategoryPart]

    @property
    def first(self) -> int:
        """The place of its first check among those that match, from 1; 0 where none does."""
        return (self.number - 1) * SIZE + 1 if self.matching else 0

    @property
    def last(self) -> int:
        """The place of its last check."""
        return min(self.number * SIZE, self.matching)


def cut_page(groups: Sequence[tuple[str, Sequence[ChecklistItem]]], *, number: int) -> ChecksPage:
    """The page of this number of the checks that match, by category; the nearest there is for another number."""
    matching = sum(len(rows) for _, rows in groups)
    pages = max(1, -(-matching // SIZE))
    number = min(max(1, number), pages)
    begin, before, parts = (number - 1) * SIZE, 0, []
    for name, rows in groups:
        here = rows[max(0, begin - before) : max(0, begin + SIZE - before)]
        parts.append(CategoryPart(name, len(rows), here, min(before // SIZE + 1, pages)))
        before += len(rows)
    return ChecksPage(number, pages, matching, parts)
