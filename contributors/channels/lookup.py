"""Channels by name, as the switchboard has them."""

from __future__ import annotations

from functools import cache

from contributors.channels.channel import Channel
from contributors.channels.message import Message
from contributors.channels.outcomes import Permanent
from contributors.models import Delivery
from hypercare import registry

MISSING = "This installation has no such channel any more."


def every_channel() -> dict[str, Channel]:
    """Name → channel, in the order of the switchboard."""
    return {name: find_channel(name) for name in registry.CHANNELS}


def find_channel(name: str) -> Channel:
    """The channel of a name. Rows outlive channels: of one that is gone, what is left says so and sends nothing."""
    path = registry.CHANNELS.get(name)
    if path is None:
        return _missing(name)
    channel: Channel = registry.resolve(path)
    return channel


@cache
def _missing(name: str) -> Channel:
    return Channel(
        title=name, choice=name, icon="circle", asks="", shown=_refuse, trouble=lambda _target: MISSING, send=_give_up
    )


def _refuse(_target: str) -> str:
    raise ValueError(MISSING)


def _give_up(_delivery: Delivery, _message: Message) -> None:
    raise Permanent(MISSING)
