"""How a transport says what became of a message it could not hand over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT: Final = timedelta(hours=1)


class Temporary(Exception):
    """It may work later: no answer, busy, greylisted.

    `wait` is how long the other side asked for; `no_answer` when it said nothing at all in time; `unknown` when the
    message may have arrived.
    """

    def __init__(
        self, reason: str, *, wait: timedelta | None = None, no_answer: bool = False, unknown: bool = False
    ) -> None:
        """Keep the reason for the delivery's record."""
        super().__init__(reason)
        self.wait = wait
        self.no_answer = no_answer
        self.unknown = unknown or no_answer


class Permanent(Exception):
    """It will never work as it is: the address does not exist, the message is refused."""


class Gone(Permanent):
    """The place has ended, and says so: nothing is to be sent there any more."""


def parse_retry_after(text: str) -> timedelta | None:
    """How long the other side asked to wait (RFC 9110 §10.2.3: seconds or a date); an hour at most."""
    if text.strip().isdigit():
        return min(timedelta(seconds=int(text.strip()[:6])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(aware - datetime.now(UTC), timedelta(0)), LONGEST_WAIT)
