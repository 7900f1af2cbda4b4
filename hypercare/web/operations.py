"""What can be done, as data: one table per aggregate, which pages, API and tests look up.

A table is plain data and nothing calls through it by magic: a view finds its row by name, checks what came with the
row's form or shape, and makes the one domain call that the row names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing a person or a script can do.

    `right` is a name of the rights matrix, or says in words from what the right follows. `run` is the domain function,
    `kinds` are the journal entries that it may write. `page` is the name of the route that does it in the browser,
    `api` method and name of the route of the API, such as `POST api_check_waive`. `alone` says why one of them is
    missing, where that is meant.
    """

    name: str
    run: Callable[..., Any]
    right: str
    kinds: tuple[str, ...]
    page: str = ""
    api: str = ""
    alone: str = ""


SomeOperation = TypeVar("SomeOperation", bound=Operation)


def index_by_name(rows: Iterable[SomeOperation]) -> dict[str, SomeOperation]:
    """The table: each operation under its name. Raises ValueError for a name that is there twice."""
    table: dict[str, SomeOperation] = {}
    for row in rows:
        if row.name in table:
            raise ValueError(f"There are two operations {row.name}.")
        table[row.name] = row
    return table
