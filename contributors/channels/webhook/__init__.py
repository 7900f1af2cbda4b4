"""Signed requests to an address of one's own (Standard Webhooks 1.0)."""

from contributors.channels.channel import Channel
from contributors.channels.webhook import address, signatures, transport

CHANNEL = Channel(
    title="Webhook",
    choice="Webhook",
    icon="link",
    asks="the https:// address of a webhook",
    shown=address.show_address,
    new_key=signatures.new_signing_key,
    send=transport.send,
)
