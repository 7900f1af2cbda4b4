"""What is watched beside the engine, such as the mailbox: facts for machines, and what the admins are mailed about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hypercare import registry


@dataclass(frozen=True)
class Figure:
    """One figure; `value` is None where there is none yet. `help` says in a sentence what it counts."""

    name: str
    help: str
    value: float | None


@dataclass(frozen=True)
class Watched:
    """How something is: `why` says in a few words what is wrong, and is empty when nothing is."""

    name: str
    why: str
    facts: tuple[Figure, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong that somebody should be woken for."""
        return not self.why


@dataclass(frozen=True)
class Trouble:
    """What the admins are mailed: subject, what is wrong and what to do, and the page that shows it.

    `news_at` is when the newest thing of it happened; what is newer than the last mail is worth another one.
    """

    subject: str
    text: str
    path: str
    news_at: datetime | None = None


def read_watched(*, at: datetime) -> list[Watched]:
    """Ask everything that is watched."""
    return [registry.resolve(path)(at=at) for path in registry.WATCHED]


def current_troubles(*, at: datetime) -> Iterator[tuple[str, Trouble | None]]:
    """What the admins should hear: the name of each alarm, and its trouble while there is one."""
    for name, path in registry.ALARMS.items():
        yield name, registry.resolve(path)(at=at)
