"""Ways to reach a person: a folder each, with its transport and whatever else is particular to it (README.md).

A transport says only how it failed: for now or for good. When to try again is decided in `messaging/delivery/`.
"""

from contributors.channels.channel import Channel
from contributors.channels.lookup import every_channel, find_channel
from contributors.channels.message import CalendarFile, Message
from contributors.channels.outcomes import Gone, Permanent, Temporary, parse_retry_after

__all__ = [
    "CalendarFile",
    "Channel",
    "Gone",
    "Message",
    "Permanent",
    "Temporary",
    "every_channel",
    "find_channel",
    "parse_retry_after",
]
