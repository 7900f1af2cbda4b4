"""SMS, calls, chats and push services through Apprise: one address names the service."""

from contributors.channels.channel import Channel
from contributors.channels.chat import addresses, transport

CHANNEL = Channel(
    title="Chat or phone",
    choice="SMS, call, chat or push",
    icon="bell",
    asks="an Apprise address such as ntfys://ntfy.example.com/topic, tgram://… or slack://…",
    shown=addresses.check,
    trouble=addresses.explain_unusable,
    send=transport.send,
)
