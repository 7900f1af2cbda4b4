"""The flight, and the loft at its end: the outside of these tests."""

from __future__ import annotations

from contributors.channels import Gone, Message, Permanent
from contributors.models import Delivery


class Loft:
    """Which pigeon came with what; which of them never will again."""

    def __init__(self) -> None:
        self.came: list[tuple[str, Message]] = []
        self.flown_away: set[str] = set()
        self.closed = 0


LOFT = Loft()


def send(delivery: Delivery, message: Message) -> None:
    """Let it fly. Raises Permanent, and Gone for one that flew away."""
    if delivery.point is None or not delivery.point.target:
        raise Permanent("The way was removed.")
    ring = delivery.point.target
    if ring in LOFT.flown_away:
        raise Gone("The pigeon flew away.")
    LOFT.came.append((ring, message))


def close_the_loft() -> None:
    """Nothing is left to send."""
    LOFT.closed += 1
