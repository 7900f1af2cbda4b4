"""How a line of the log is written: one line each, and without the secrets that addresses carry."""

from __future__ import annotations

import logging
import re
from typing import Final

# An address whose last part is all somebody needs: one-tap links, feeds, hooks, pages for people outside.
SECRET: Final = re.compile(
    r"/(hooks/[\w-]+|report/receipt|a|page|cover|handoff|messages|calendar|status|updates|report|contact|hb"
    r"|accounts/password/reset/key)/[\w.~%:=-]{8,}"
)
BEARER: Final = re.compile(r"\b(hc_|Bearer )[\w.~+/=-]{8,}")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class LogFormatter(logging.Formatter):
    """Leaves secrets out, and turns what would begin a line of its own into what it is."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """The line without its traceback."""
        return CONTROL.sub(_written, super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """The line and its traceback."""
        return BEARER.sub(r"\1…", SECRET.sub(r"/\1/…", super().format(record)))


def _written(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()
