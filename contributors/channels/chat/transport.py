"""SMS, calls, chats and push services through Apprise: one address names the service."""

from __future__ import annotations

import re
import threading
from typing import Any

from django.utils.module_loading import import_string

from contributors.channels import Message, Permanent, Temporary
from contributors.channels.chat import addresses
from contributors.models import Delivery
from hypercare.security import connection_guard, outgoing_http

LONGEST_TEXT = 1500
# What Apprise's plug-ins write about a refusal: “… error=403.”
_STATUS = re.compile(r"error[=: ]+(\d{3})")
_FOR_GOOD = {"400", "401", "403", "404", "410"}


def send(delivery: Delivery, message: Message) -> None:
    """Hand the message to the service. Raises Temporary or Permanent; returning means it was accepted."""
    if delivery.point is None or not delivery.point.target:
        raise Permanent("The way was removed.")
    try:
        plugin = addresses.plugin_of(delivery.point.target)
        addresses.set_message_id(plugin, str(delivery.pk))
        _check_host(plugin, delivery.point.target)
    except (ValueError, outgoing_http.Forbidden) as error:
        raise Permanent(str(error)) from error
    except outgoing_http.Unreachable as error:
        raise Temporary(str(error)) from error
    level = addresses.apprise_level_of(delivery.point.target, is_page=delivery.urgency == Delivery.Urgency.PAGE)
    accepted, said, refused = _notify(plugin, message, level)
    if accepted:
        return
    raise Permanent(refused[0]) if refused else _verdict(str(plugin.service_name), said)


def _notify(plugin: Any, message: Message, level: str) -> tuple[bool, str, list[str]]:
    """Whether the service took it, what the plug-in logged, and which of its connections were refused."""
    with (
        connection_guard.collect_refusals() as refused,
        import_string("apprise.LogCapture")(fmt="%(thread)d %(message)s") as log,
    ):
        accepted = plugin.notify(body=text_of(message), title=message.subject, notify_type=level)
        return bool(accepted), _of_this_thread(log.getvalue()), refused


def text_of(message: Message) -> str:
    """The plain text, short enough for services that count characters; the link stays."""
    if len(message.text) <= LONGEST_TEXT:
        return message.text
    link = next((word for word in message.text.split() if word.startswith(("http://", "https://"))), "")
    return f"{message.text[: LONGEST_TEXT - len(link) - 3]}…\n{link}"


def _check_host(plugin: Any, target: str) -> None:
    """A service that is called where its address says is looked up first, to say what is wrong with its host."""
    if addresses.self_hosted_host(target, plugin):
        outgoing_http.resolve_url(addresses.self_hosted_address(target, plugin))


def _of_this_thread(lines: str) -> str:
    """Other threads send at the same time, and their plug-ins write to the same log."""
    mine = f"{threading.get_ident()} "
    return "\n".join(line for line in lines.splitlines() if line.startswith(mine))


def _verdict(service: str, said: str) -> Temporary | Permanent:
    """Only the status is kept of what the plug-in logged: the rest may name the address with its secrets."""
    found = _STATUS.search(said)
    if found is None:
        return Temporary(f"{service} did not accept the message.")
    text = f"{service} answered {found.group(1)}."
    return Permanent(text) if found.group(1) in _FOR_GOOD else Temporary(text)
