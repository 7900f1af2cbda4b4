"""E-mail: what an account always has, and one more address for whoever wants one."""

from contributors.channels.channel import Channel
from contributors.channels.email import address, transport

CHANNEL = Channel(
    title="E-mail",
    choice="E-mail",
    icon="mail",
    asks="an e-mail address",
    shown=address.show_address,
    keeps_address=True,
    send=transport.send,
    hang_up=transport.hang_up,
    shows_html=True,
    takes_files=True,
)
