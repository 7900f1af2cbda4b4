"""What a channel says of itself: everything about it that the rest of the product asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contributors.channels.message import Message
from contributors.models import Delivery


def _as_it_is(target: str) -> str:
    return target


def _nothing(_target: str) -> str:
    return ""


def _no_repeat(_target: str, _others: Sequence[str]) -> str:
    return ""


def _keep_nothing() -> None:
    """Most transports keep no connection between messages."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One way to reach people, as its folder declares it and `hypercare/registry.py` names it.

    Words. `title` names it in lists of messages, `choice` where a way is added; `icon` is a symbol of the sprite;
    `asks` is what its address is, in the middle of a sentence; `code_label` says where the code is found.

    The address, which a person gives as one text. `shown` is what may be shown of it, without its secrets, and raises
    ValueError or `outgoing_http.Forbidden` with what to change. `stored` is what is kept of a checked one, and
    `longest` how long it may be. `repeats` says why it can't stand beside the person's others of this channel.
    `trouble` says why nothing can be sent to one that was taken once. `new_key` makes what messages are signed with,
    where they are. `keeps_address` is for the channel whose deliveries need the address itself to say where they went.
    `add_template` is the channel's own part of the page where ways are added, in place of typing an address.

    The transport. `send` makes one try and returns when the message was accepted; it raises Temporary, Permanent, or
    Gone. `hang_up` closes what it keeps open between messages. Only where `shows_html` or `takes_files` is set does a
    message carry HTML or calendar files.
    """

    title: str
    choice: str
    icon: str
    asks: str
    code_label: str = "Code from the message"

    shown: Callable[[str], str]
    stored: Callable[[str], str] = _as_it_is
    longest: int = 1000
    repeats: Callable[[str, Sequence[str]], str] = _no_repeat
    trouble: Callable[[str], str] = _nothing
    new_key: Callable[[], str] | None = None
    keeps_address: bool = False
    add_template: str = ""

    send: Callable[[Delivery, Message], None]
    hang_up: Callable[[], None] = _keep_nothing
    shows_html: bool = False
    takes_files: bool = False
