"""What changed between two texts, line by line and word by word. Pure.

Made to be read by people: unchanged stretches fold away, a line that was rewritten is shown once with the words
that differ marked, and what replaced nothing is simply added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final, Literal

CONTEXT: Final = 3
# Comparing words costs at least the product of their numbers: so much for one line, and for all of them.
LINE_COST: Final = 90_000
WHOLE_COST: Final = 1_000_000
ALIKE: Final = 0.5
PIECES: Final = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")

Kind = Literal["same", "added", "removed", "changed", "folded"]


@dataclass(frozen=True)
class DiffPiece:
    """A stretch of a line, and whether it differs from the other side."""

    text: str
    differs: bool = False


@dataclass(frozen=True)
class DiffRow:
    """One line on both sides. `folded` stands for `count` unchanged lines."""

    kind: Kind
    left_no: int | None = None
    right_no: int | None = None
    left: tuple[DiffPiece, ...] = ()
    right: tuple[DiffPiece, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class TextDifference:
    """All rows, and how many lines came and went; a rewritten line counts as one of each."""

    rows: tuple[DiffRow, ...]
    added: int
    removed: int


def compare_texts(old: str, new: str) -> TextDifference:
    """What leads from one text to the other."""
    left, right = old.splitlines(), new.splitlines()
    rows = tuple(_rows(left, right))
    added = sum(row.kind in ("added", "changed") for row in rows)
    removed = sum(row.kind in ("removed", "changed") for row in rows)
    return TextDifference(rows, added, removed)


def _rows(left: list[str], right: list[str]) -> Iterator[DiffRow]:
    # Popular lines (blank ones above all) are left to the matcher's own shortcut, which keeps long texts quick.
    opcodes = SequenceMatcher(None, left, right).get_opcodes()
    purse = _Purse(WHOLE_COST)
    for n, (tag, i, i_end, j, j_end) in enumerate(opcodes):
        if tag == "equal":
            yield from _same(left[i:i_end], i, j, is_first=n == 0, is_last=n == len(opcodes) - 1)
        else:
            yield from _replaced(left[i:i_end], right[j:j_end], i, j, purse)


def _same(lines: list[str], i: int, j: int, *, is_first: bool, is_last: bool) -> Iterator[DiffRow]:
    head, tail = (0 if is_first else CONTEXT), (0 if is_last else CONTEXT)
    hidden = len(lines) - head - tail
    for n, line in enumerate(lines):
        if hidden > 1 and head <= n < head + hidden:
            if n == head:
                yield DiffRow("folded", count=hidden)
            continue
        yield DiffRow("same", i + n + 1, j + n + 1, (DiffPiece(line),), (DiffPiece(line),))


@dataclass
class _Purse:
    """How much comparing of words is left to spend."""

    left: int

    def pays(self, cost: int) -> bool:
        """Whether there is enough for this; then it is spent."""
        if cost > min(LINE_COST, self.left):
            return False
        self.left -= cost
        return True


def _replaced(old: list[str], new: list[str], i: int, j: int, purse: _Purse) -> Iterator[DiffRow]:
    pairs = list(zip_longest(old, new))
    for n, (before, after) in enumerate(pairs):
        if before is not None and after is not None and (words := _words(before, after, purse)):
            yield DiffRow("changed", i + n + 1, j + n + 1, *words)
            continue
        if before is not None:
            yield DiffRow("removed", left_no=i + n + 1, left=(DiffPiece(before, differs=True),))
        if after is not None:
            yield DiffRow("added", right_no=j + n + 1, right=(DiffPiece(after, differs=True),))


def _words(before: str, after: str, purse: _Purse) -> tuple[tuple[DiffPiece, ...], tuple[DiffPiece, ...]] | None:
    """Both lines with their differing words marked; None when they have too little in common or are too long."""
    old, new = PIECES.findall(before), PIECES.findall(after)
    if not purse.pays(len(old) * len(new)):
        return None
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.quick_ratio() < ALIKE or matcher.ratio() < ALIKE:
        return None
    left, right = [], []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        left.append(DiffPiece("".join(old[i:i_end]), tag != "equal"))
        right.append(DiffPiece("".join(new[j:j_end]), tag != "equal"))
    return tuple(piece for piece in left if piece.text), tuple(piece for piece in right if piece.text)
