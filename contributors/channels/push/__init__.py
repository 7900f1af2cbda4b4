"""Notifications of a browser (RFC 8030), which its own button adds: a subscription is not typed."""

from contributors.channels.channel import Channel
from contributors.channels.push import address, transport

CHANNEL = Channel(
    title="Notification",
    choice="Notifications of a browser",
    icon="globe",
    asks="a browser's subscription as JSON",
    code_label="Code from the notification",
    shown=address.show_address,
    stored=address.stored,
    longest=2000,
    repeats=address.repeats,
    add_template="contributors/channels/push/add.html",
    send=transport.send,
)
