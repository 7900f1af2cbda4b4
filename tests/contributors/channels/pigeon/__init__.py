"""Carrier pigeons: a channel that nobody has, in a folder such as the product's own."""

from contributors.channels import Channel
from tests.contributors.channels.pigeon import address, transport

CHANNEL = Channel(
    title="Pigeon",
    choice="Carrier pigeon",
    icon="flag",
    asks="the ring of a pigeon such as DK-4711",
    code_label="Code from its leg",
    shown=address.shown,
    repeats=address.repeats,
    send=transport.send,
    hang_up=transport.close_the_loft,
)
