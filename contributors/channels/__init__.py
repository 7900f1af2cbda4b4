"""Ways to reach a person: one file per transport, each with `send(delivery, message) -> None`.

A transport says only how it failed: for now or for good. When to try again is decided in `delivery.py`.
"""

from __future__ import annotations

from datetime import timedelta

from contributors.models import Delivery


class Temporary(Exception):
    """It may work later: no answer, busy, greylisted.

    `wait` is how long the other side asked for; `no_answer` when it said nothing at all in time.
    """

    def __init__(self, reason: str, *, wait: timedelta | None = None, no_answer: bool = False) -> None:
        """Keep the reason for the delivery's record."""
        super().__init__(reason)
        self.wait = wait
        self.no_answer = no_answer


class Permanent(Exception):
    """It will never work as it is: the address does not exist, the message is refused."""


def next_channel(delivery: Delivery) -> tuple[str, str] | None:  # noqa: ARG001  the shape of the hook
    """Where else the recipient can be reached, as (channel, address); None when there is no other way.

    People have one way so far, their e-mail address.
    """
    return None
