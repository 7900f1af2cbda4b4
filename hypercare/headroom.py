"""Room to work: a process that runs out of memory takes on nothing more, and ends to be started afresh.

One that went on would claim what it can no longer finish, and leave each piece in doubt.
"""

from __future__ import annotations

import gc
import logging
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

logger = logging.getLogger("hypercare.engine")

LEAST: Final = 16 * 1024 * 1024  # bytes that must be to be had before work is claimed
EX_SOFTWARE: Final = 70  # sysexits.h: the program itself is at fault


def check() -> None:
    """Raise MemoryError when the process could not get the memory that a piece of work may need."""
    try:
        mmap.mmap(-1, LEAST).close()  # Asked for, never touched: it costs a few microseconds.
    except OSError as error:
        raise MemoryError(f"No {LEAST} bytes are to be had") from error


def settle() -> None:
    """Call once everything is loaded: the collector never again goes through what stays for good.

    Its full rounds took 0.1 s, in the midst of somebody's request.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def or_end() -> Iterator[None]:
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
