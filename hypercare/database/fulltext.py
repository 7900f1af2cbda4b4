"""Words looked for in texts: full text with an index on PostgreSQL, plain comparison elsewhere.

All the words must stand in a row, each as the beginning of a word (PostgreSQL) or anywhere (elsewhere). The columns and
their order are those of the index that a migration made with `make_index`, or PostgreSQL would read every row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from hypercare.database import accents

WORD: Final = re.compile(r"\w+")
MOST_WORDS: Final = 8
LONGEST_WORD: Final = 40
EXCERPT: Final = 200
FEW: Final = 500  # hits that are put in order
LOOKED_THROUGH: Final = 1000  # rows, where there are more


def search_words(text: str) -> list[str]:
    """The words of a question, at most eight, without what is no letter or digit."""
    return [word[:LONGEST_WORD] for word in WORD.findall(text)[:MOST_WORDS]]


class _Vector(Func):
    """The words of some columns, said exactly as the index says it."""

    template = "to_tsvector('simple', %(expressions)s)"
    arg_joiner = " || ' ' || "


class _Question(Func):
    """Words looked for."""

    template = "to_tsquery('simple', %(expressions)s)"


class _Has(Func):
    """Whether the first has what the second asks for."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()


def filter_matching(rows: QuerySet[Any], columns: Sequence[str], wanted: Sequence[str]) -> QuerySet[Any]:
    """The rows whose columns have all the words together; all rows without words."""
    if not wanted:
        return rows
    if connection.vendor == "postgresql":
        question = " & ".join(f"{word}:*" for word in wanted)
        return rows.filter(_Has(_Vector(*map(F, columns)), _Question(Value(question))))
    for word in wanted:
        anywhere = Q()
        for column in columns:
            anywhere |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(anywhere)
    return rows


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows that were found, in order; `is_cut` where only the newest were looked through."""

    rows: QuerySet[Any]
    is_cut: bool = False


def newest_matching(rows: QuerySet[Any], columns: Sequence[str], wanted: Sequence[str], *, by: tuple[str, ...]) -> Hits:
    """The rows with all the words in the order `by`, which names the newest first.

    A word that stands nearly everywhere would have every row read and sorted for the first few. So a few hits are
    taken as they come; where there are more than `FEW`, only the newest `LOOKED_THROUGH` rows are searched. Where
    there is none, the first column of as many is read without accents. At most two queries.
    """
    if not wanted:
        return Hits(rows.order_by(*by))
    known = list(filter_matching(rows, columns, wanted).order_by().values_list("pk", flat=True)[: FEW + 1])
    if not known:
        return _by_first_column(rows, columns[0], wanted, by=by)
    if len(known) <= FEW:
        return Hits(rows.filter(pk__in=known).order_by(*by))
    recent = list(rows.order_by(*by).values_list("pk", flat=True)[: LOOKED_THROUGH + 1])
    looked = rows.filter(pk__in=recent[:LOOKED_THROUGH])
    return Hits(filter_matching(looked, columns, wanted).order_by(*by), is_cut=len(recent) > LOOKED_THROUGH)


def _by_first_column(rows: QuerySet[Any], column: str, wanted: Sequence[str], *, by: tuple[str, ...]) -> Hits:
    """The newest rows whose first column has all the words, whatever their accents."""
    recent = list(rows.order_by(*by).values_list("pk", flat=True)[: LOOKED_THROUGH + 1])
    found = rows.filter(*(accents.stands_in(column, word) for word in wanted), pk__in=recent[:LOOKED_THROUGH])
    return Hits(found.order_by(*by), is_cut=len(recent) > LOOKED_THROUGH)


def _vector(columns: Sequence[str]) -> str:
    return "to_tsvector('simple', " + " || ' ' || ".join(f'"{column}"' for column in columns) + ")"


def make_index(name: str, table: str, columns: Sequence[str]) -> tuple[Any, Any]:
    """What a migration runs to make the index of a table and to take it away; nothing but on PostgreSQL."""

    def forwards(_apps: Any, editor: Any) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(f'CREATE INDEX "{name}" ON "{table}" USING gin ({_vector(columns)})')

    def backwards(_apps: Any, editor: Any) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(f'DROP INDEX "{name}"')

    return forwards, backwards


def excerpt(text: str, wanted: Sequence[str]) -> str:
    """A stretch of a text around the first of the words."""
    text = " ".join(text.split())
    places = [at for word in wanted if (at := text.casefold().find(word.casefold())) >= 0]
    start = max(0, min(places, default=0) - EXCERPT // 3) if len(text) > EXCERPT else 0
    start = text.rfind(" ", 0, start) + 1 if start else 0
    part = text[start : start + EXCERPT]
    if start + EXCERPT < len(text):
        part = part.rsplit(" ", 1)[0] + " …"
    return f"… {part}" if start else part
