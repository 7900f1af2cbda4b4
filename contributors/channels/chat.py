"""SMS, calls, chats and push services through Apprise: one address names the service."""

from __future__ import annotations

import re
import threading

from django.utils.module_loading import import_string

from contributors import targets
from contributors.channels import Permanent, Temporary
from contributors.messages import Message
from contributors.models import Delivery
from hypercare import outgoing

LONGEST_TEXT = 1500
# What Apprise's plug-ins write about a refusal: “… error=403.”
_STATUS = re.compile(r"error[=: ]+(\d{3})")
_FOR_GOOD = {"400", "401", "403", "404", "410"}


def send(delivery: Delivery, message: Message) -> None:
    """Hand the message to the service. Raises Temporary or Permanent; returning means it was accepted."""
    if delivery.point is None or not delivery.point.target:
        raise Permanent("The way was removed.")
    try:
        plugin = targets.plugin_of(delivery.point.target)
        targets.identify(plugin, str(delivery.pk))
        _check_host(plugin, delivery.point.target)
    except (ValueError, outgoing.Forbidden) as error:
        raise Permanent(str(error)) from error
    except outgoing.Unreachable as error:
        raise Temporary(str(error)) from error
    with import_string("apprise.LogCapture")(fmt="%(thread)d %(message)s") as log:
        level = targets.level(delivery.point.target, is_page=delivery.urgency == Delivery.Urgency.PAGE)
        accepted = plugin.notify(body=text_of(message), title=message.subject, notify_type=level)
        said = _of_this_thread(log.getvalue())
    if not accepted:
        raise _verdict(str(plugin.service_name), said)


def text_of(message: Message) -> str:
    """The plain text, short enough for services that count characters; the link stays."""
    if len(message.text) <= LONGEST_TEXT:
        return message.text
    link = next((word for word in message.text.split() if word.startswith(("http://", "https://"))), "")
    return f"{message.text[: LONGEST_TEXT - len(link) - 3]}…\n{link}"


def _check_host(plugin: object, target: str) -> None:
    """A service that runs where its address says is looked up and checked like a webhook's host."""
    schema = target.partition("://")[0].lower()
    if schema in targets.SELF_HOSTED and targets.own_host(plugin):
        outgoing.resolve(targets.own_address(plugin))


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
