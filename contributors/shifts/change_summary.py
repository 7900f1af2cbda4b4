"""What a journal entry says about shifts that changed together: to whom, how many of each person's, and the first ones.

The message to each person is made from the entry, so the entry says what is theirs; the count of all is the plan's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

NAMED: Final = 3  # of each person's, in the message that tells them

# Whose, from when, until when.
ChangedTime = tuple[int, datetime, datetime]


def summarize_changes(changed: Iterable[ChangedTime], gone: Iterable[ChangedTime]) -> dict[str, Any]:
    """`users`: ids of those concerned; `first`: by id, the first new or moved times; `own`: by id, [changed, gone]."""
    first: dict[str, list[list[str]]] = {}
    own: dict[str, list[int]] = {}
    for user, start, end in sorted(changed, key=lambda one: one[1]):
        own.setdefault(str(user), [0, 0])[0] += 1
        mine = first.setdefault(str(user), [])
        if len(mine) < NAMED:
            mine.append([start.isoformat(), end.isoformat()])
    for user, _start, _end in gone:
        own.setdefault(str(user), [0, 0])[1] += 1
    return {"users": sorted(map(int, own)), "first": first, "own": own}
