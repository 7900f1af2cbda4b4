"""Room to work: a process that runs out of memory takes on nothing more, and ends to be started afresh.

One that went on would claim what it can no longer finish, and leave each piece in doubt.
"""

from __future__ import annotations

import gc
import logging
import math
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from celery.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger(__name__)

LEAST: Final = 16 * 1024 * 1024  # bytes that must be to be had before work is claimed
CGROUPS: Final = Path("/sys/fs/cgroup")  # a container sees its own group here
EX_SOFTWARE: Final = 70  # sysexits.h: the program itself is at fault
# What ends a piece of work although nothing need be wrong with it: memory or time ran out.
ROOM_ENDED: Final = (MemoryError, SoftTimeLimitExceeded)


@dataclass(frozen=True)
class ControlGroup:
    """The files in which the kernel says how much a container may use and uses; one for each version it knows."""

    folder: str
    limit: str
    used: str
    whole: str  # before the names of memory.stat that count all of the container


GROUPS: Final = (
    ControlGroup("", "memory.max", "memory.current", ""),
    ControlGroup("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
)


def check_room() -> None:
    """Raise MemoryError when process or container could not get the memory that a piece of work may need."""
    try:
        mmap.mmap(-1, LEAST).close()  # Asked for, never touched: microseconds.
    except OSError as error:
        raise MemoryError(f"No {LEAST} bytes are to be had") from error
    if room_in_container(CGROUPS) < LEAST:
        raise MemoryError(f"The container may use no {LEAST} bytes more")


def room_in_container(root: Path) -> float:
    """How many bytes the control group of this container still gives; infinity where none bounds it."""
    for group in GROUPS:
        try:
            return _room(root / group.folder, group)
        except (OSError, ValueError, KeyError):  # the other version, a limit called `max`, or no Linux at all
            continue
    return math.inf


def _room(folder: Path, group: ControlGroup) -> float:
    limit, used = (int((folder / name).read_text()) for name in (group.limit, group.used))
    rows = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    # What was read from files is given back before anything is refused.
    kept = sum(int(rows[f"{group.whole}{name}"]) for name in ("active_file", "inactive_file"))
    return limit - used + kept


def freeze_loaded() -> None:
    """Call once everything is loaded: the collector never again goes through what stays for good.

    Its full rounds took 0.1 s, in the midst of somebody's request.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def end_without_memory() -> Iterator[None]:
    """End the process at once where memory runs out; whoever supervises it starts another."""
    try:
        yield
    except MemoryError:
        end_process("Out of memory")


def end_process(why: str) -> NoReturn:
    """End the process at once, whatever its threads do; whoever supervises it starts another."""
    logger.critical("%s: the process ends itself to be started afresh", why)
    logging.shutdown()
    os._exit(EX_SOFTWARE)
