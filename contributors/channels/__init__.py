"""Ways to reach a person: one file per transport, each with `send(delivery, message) -> None`.

A transport says only how it failed: for now or for good. When to try again is decided in `delivery.py`.
"""

from __future__ import annotations

from datetime import timedelta


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
