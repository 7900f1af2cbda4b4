"""Ways to reach a person: one file per transport, each with `send(delivery, message) -> None`.

A transport says only how it failed: for now or for good. When to try again is decided in `delivery.py`.
"""

from datetime import timedelta


class Temporary(Exception):
    """It may work later: no answer, busy, greylisted. `wait` is how long the other side asked for."""

    def __init__(self, reason: str, *, wait: timedelta | None = None) -> None:
        """Keep the reason for the delivery's record."""
        super().__init__(reason)
        self.wait = wait


class Permanent(Exception):
    """It will never work as it is: the address does not exist, the message is refused."""
