"""Lists as CSV files that spreadsheets open without running anything.

Row by row, bounded, UTF-8 with the mark that spreadsheets need to know it. A text that a spreadsheet would read as a
formula gets an apostrophe in front; times are ISO 8601 in UTC.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, Final

MOST: Final = 50_000
MARK: Final = "\ufeff"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Line:
    """What the csv writer writes into: it gives each line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def safe_cell(value: Any) -> Any:
    """A value as it may stand in a cell."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | date):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file line by line: at most 50,000 rows, then one that says that there are more."""
    writer = csv.writer(_Line())
    yield MARK + writer.writerow(header)
    coming = iter(rows)
    for row in islice(coming, MOST):
        yield writer.writerow([safe_cell(value) for value in row])
    if next(coming, None) is not None:
        yield writer.writerow([f"Only the first {MOST:,} rows. Filter the list to get the others."])
