"""The cache of an installation with Redis: what it holds is spared work, never state, so losing it is no event."""

from __future__ import annotations

import logging
import time
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
PAUSE_S = 5.0  # how long a process leaves Redis alone after it did not answer


class ForgivingRedisCache(RedisCache):
    """Redis while it answers; else this process's own memory, asked at once and without an error.

    A frozen Redis costs one socket time-out per process every `PAUSE_S` seconds, not one per request.
    """

    _away_until: ClassVar[float] = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Keep a memory beside the server; threads of a process share it by name."""
        super().__init__(server, params)
        self._spare = LocMemCache("spare", {"OPTIONS": {"MAX_ENTRIES": 10_000}})

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """True when the key was free."""
        return bool(self._either("add", args, kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """The value, or the default."""
        return self._either("get", args, kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Keep a value."""
        self._either("set", args, kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        """Keep a value for longer."""
        return bool(self._either("touch", args, kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Forget a value."""
        return bool(self._either("delete", args, kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Values of the keys that are there."""
        found: dict[str, Any] = self._either("get_many", args, kwargs)
        return found

    def set_many(self, *args: Any, **kwargs: Any) -> list[str]:
        """Keep several values; the keys that were not kept."""
        return list(self._either("set_many", args, kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        """Forget several values."""
        self._either("delete_many", args, kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        """Whether a value is there."""
        return bool(self._either("has_key", args, kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """Count up. Raises ValueError for a key that is not there."""
        return int(self._either("incr", args, kwargs))

    def count(self, key: str, keep_s: int) -> int:
        """Add one and say how many there are: one question to Redis, where `add` and `incr` ask three.

        Raises ValueError when the memory beside it lost the key meanwhile.
        """
        if time.monotonic() >= ForgivingRedisCache._away_until:
            try:
                return self._counted(self.make_and_validate_key(key), keep_s)
            except RedisError:
                self._leave_alone()
        return 1 if self._spare.add(key, 1, keep_s) else self._spare.incr(key)

    def _counted(self, name: str, keep_s: int) -> int:
        client = self._cache.get_client(name, write=True)
        found = int(client.incr(name))
        if found == 1:
            client.expire(name, keep_s)
        return found

    def clear(self) -> None:
        """Forget everything."""
        self._either("clear", (), {})

    def _either(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if time.monotonic() >= ForgivingRedisCache._away_until:
            try:
                return getattr(RedisCache, name)(self, *args, **kwargs)
            except RedisError:
                self._leave_alone()
        return getattr(self._spare, name)(*args, **kwargs)

    @staticmethod
    def _leave_alone() -> None:
        ForgivingRedisCache._away_until = time.monotonic() + PAUSE_S
        logger.warning("Redis does not answer; this process uses its own memory for %d s.", PAUSE_S)
