"""How the verdict on an exit criterion is shown: one word, tone and block for every page that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class VerdictStyle:
    """The word, the tone of its icon (`ui.state`), and the kind of its block in a row of segments."""

    word: str
    tone: str
    segment: str


SHOWN: Final[dict[str, VerdictStyle]] = {
    "pass": VerdictStyle("Met", "ok", "ok"),
    "fail": VerdictStyle("Not met", "warn", "warn"),
    "unknown": VerdictStyle("Unknown", "neutral", "none"),
}
