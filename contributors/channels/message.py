"""What a channel is given to send."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CalendarFile:
    """A file of one event. `method` is REQUEST or CANCEL, which a mail repeats in its header."""

    name: str
    method: str
    content: str


@dataclass(frozen=True)
class Message:
    """A message ready for a channel. Messages with the same `thread` are shown as one conversation.

    `html` and `calendar` are empty but for channels that can show them. `brief` is what a notification has room for,
    `url` where its tap leads. `off_url` is where the person turns this class of messages off; empty for what always
    comes.
    """

    subject: str
    text: str
    html: str
    brief: str = ""
    url: str = ""
    thread: str = ""
    off_url: str = ""
    reply_to: str = ""
    calendar: tuple[CalendarFile, ...] = ()
