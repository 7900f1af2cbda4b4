"""Which titles are about the same thing: words in common, weighed by how rare they are. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

LIKE: Final = 0.34  # of the weight of the shorter title; less is a coincidence
SAME_SYSTEM: Final = 0.1
MOST: Final = 3
SHORTEST: Final = 3
_WORD: Final = re.compile(r"\w+")
_COMMON: Final = frozenset(
    _WORD.findall(
        "the and for are was were not with from that this but can cannot has have its after when since all some does "
        "problem problems error errors issue wrong broken fails failed failing"
    )
)


class Titled(Protocol):
    """Anything with a title and a system."""

    title: str
    component: str


Row = TypeVar("Row", bound=Titled)


def title_words(title: str) -> frozenset[str]:
    """The words of a title that say something, each cut to its stem as far as endings go."""
    found = (word for word in _WORD.findall(title.lower()) if len(word) >= SHORTEST and word not in _COMMON)
    return frozenset(_stem(word) for word in found)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            word = word.removesuffix(ending)
            break
    return word.removesuffix("e")


def best_matches(title: str, rows: Sequence[Row], *, component: str = "", most: int = MOST) -> list[Row]:
    """The rows whose titles are about the same, the likeliest first.

    A word counts by how few of the rows have it: log(1 + n / rows with it). The likeness of two titles is the weight
    they share, of the lighter one's; the same system adds a tenth.
    """
    wanted = title_words(title)
    if not wanted:
        return []
    known = [(row, title_words(row.title)) for row in rows]
    count = Counter(word for _, said in known for word in said)
    weight = {word: math.log(1 + (len(known) + 1) / (1 + count[word])) for word in {*count, *wanted}}

    def likeness(said: frozenset[str]) -> float:
        shared = sum(weight[word] for word in wanted & said)
        lighter = min(sum(weight[word] for word in wanted), sum(weight[word] for word in said))
        return shared / lighter if shared else 0.0

    scored = [
        (likeness(said) + (SAME_SYSTEM if component and row.component == component else 0), row)
        for row, said in known
        if wanted & said
    ]
    likely = sorted((pair for pair in scored if pair[0] >= LIKE), key=lambda pair: -pair[0])
    return [row for _, row in likely[:most]]
