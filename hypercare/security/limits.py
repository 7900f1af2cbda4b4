"""How much one person, token or address may ask for: counted in the cache, which all processes share.

A window is a stretch of the clock, so counting costs one addition and needs no history. While Redis is away each
process counts for itself (hypercare/web/caching.py): a limit is looser then, and never an error.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.core.cache import cache

from hypercare.exceptions import TooMany


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is counted, in words that complete “At most 600 …”."""

    words: str
    window_s: int = 60


# How many of each is a setting, `LIMITS`.
LIMITS: Final = {
    "reads": RateLimit("requests a minute that read, for each person or token"),
    "writes": RateLimit("requests a minute that change something, for each person or token"),
    "exports": RateLimit("files a minute for each person"),
    "hooks": RateLimit("requests a minute for each alert source"),
    "unknown": RateLimit("requests a minute from an address that shows no valid token"),
    "codes": RateLimit("codes in five minutes for each person", window_s=300),
}


def count_or_refuse(name: str, who: object, *, at: datetime) -> None:
    """Count one more. Raises TooMany, with how long to wait, for the first one beyond the limit and those after it."""
    limit, most = LIMITS[name], settings.LIMITS[name]
    window, into = divmod(int(at.timestamp()), limit.window_s)
    whose = hashlib.sha256(str(who).encode()).hexdigest()[:32]
    if _count(f"limit:{name}:{whose}:{window}", limit.window_s) > most:
        wait_s = limit.window_s - into
        raise TooMany(f"At most {most:,} {limit.words}. Try again in {wait_s} seconds.", wait_s=wait_s)


def _count(key: str, keep_s: int) -> int:
    at_once = getattr(cache, "count", None)  # our own Redis cache has it
    try:
        if at_once is not None:
            return int(at_once(key, keep_s))
        return 1 if cache.add(key, 1, keep_s) else cache.incr(key)
    except ValueError:  # the cache lost it in between
        cache.set(key, 1, keep_s)
        return 1
