"""Names and titles found however they are typed: `Wojcik` means Wójcik, and the other way round."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from itertools import chain
from typing import Final

from django.db.models import Q

# Letters of their own right, which Unicode does not take apart.
PLAIN: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
LATIN: Final = (range(0xC0, 0x250), range(0x1E00, 0x1F00))
MARKS: Final = "[\u0300-\u036f]*"  # a letter and its accent may also be stored as two


def fold(text: str) -> str:
    """A text as it is compared: without case and accents."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return bare.casefold().translate(PLAIN)


def _letters() -> dict[str, str]:
    """Each plain letter with all that fold to it, in both cases."""
    found: defaultdict[str, str] = defaultdict(str)
    for letter in map(chr, chain(*LATIN)):
        if len(plain := fold(letter)) == 1 and plain.isascii() and plain.isalpha():
            found[plain] += letter
    return dict(found)


LETTERS: Final = _letters()


def stands_in(column: str, text: str) -> Q:
    """Whether a text stands in a column, whatever its case and accents. For names and titles: it reads every row."""
    pattern = "".join(f"[{char}{LETTERS[char]}]{MARKS}" if char in LETTERS else re.escape(char) for char in fold(text))
    return Q(**{f"{column}__icontains": text}) | Q(**{f"{column}__iregex": pattern})
