"""A delivery as it is sent: subject, plain text and HTML.

A message (`message_templates/`) is written once, as structure, and laid out twice here, so that the two parts of a
mail never say different things.
"""

from __future__ import annotations

from dataclasses import replace
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.urls import reverse

from contributors.channels import CalendarFile, Message, find_channel
from contributors.messaging import categories, external_recipients, unsubscribe
from contributors.messaging.blocks import MessageContent, MessageContext, local_time
from contributors.messaging.invites import debrief_files
from contributors.messaging.message_templates import KINDS
from contributors.models import Delivery

LONGEST_SUBJECT = 180
_LAYOUT = "contributors/messaging/email/letter.html"


def render(delivery: Delivery, *, late: bool = False) -> Message:
    """The message of a delivery; one that comes `late` says when it was meant to come.

    Raises KeyError for an unknown kind or a snapshot that lacks its link.
    """
    zone, channel = _zone(delivery), find_channel(delivery.channel)
    context = MessageContext(delivery, zone)
    content = KINDS[delivery.kind](context)
    if late:
        meant = f"This comes late: it was meant for {local_time(delivery.intended_at, zone)}."
        content = replace(content, paragraphs=(meant, *content.paragraphs))
    off_url = _off_url(delivery)
    is_outside = delivery.recipient is None
    return Message(
        subject=one_line(content.subject)[:LONGEST_SUBJECT],
        text=_text(content, off_url, is_outside=is_outside),
        html=_html(content, off_url, is_outside=is_outside) if channel.shows_html else "",
        brief=_brief(content),
        url=content.button[1] if content.button else "",
        thread=_thread(delivery),
        off_url=off_url,
        reply_to="" if delivery.recipient else external_recipients.reply_address(delivery.context),
        calendar=_calendar(context) if channel.takes_files else (),
    )


def _brief(content: MessageContent) -> str:
    """The headline and what stands below it, without the subject again."""
    facts = (f"{fact.label}: {fact.value}" for fact in content.facts)
    return "\n".join([content.headline, *content.paragraphs, *facts])


def warm_up() -> None:
    """Load what the first message would wait for: addresses of pages, and with them every page, and the layout."""
    reverse("messages_off", kwargs={"token": "-"})
    get_template(_LAYOUT)


def _html(content: MessageContent, off_url: str, *, is_outside: bool) -> str:
    return render_to_string(_LAYOUT, {"letter": content, "off_url": off_url, "is_outside": is_outside})


def _text(content: MessageContent, off_url: str, *, is_outside: bool) -> str:
    """Paragraphs with a blank line between them, in the order of the HTML part."""
    facts = [f"{fact.label}: {fact.value}{f' ({fact.small})' if fact.small else ''}" for fact in content.facts]
    off = "Stop these mails" if is_outside else "Turn off messages like this"
    paragraphs = [
        content.headline,
        *content.paragraphs,
        "\n".join(facts),
        *("\n".join([part.title, *(f"- {line}" for line in part.lines)]) for part in content.parts),
        "{}:\n{}".format(*content.button) if content.button else "",
        content.note,
        content.footer,
        f"{off}:\n{off_url}" if off_url else "",
    ]
    return "\n\n".join(filter(None, paragraphs)).strip() + "\n"


def one_line(text: str) -> str:
    """Text fit for a header: no line break or other control character gets through."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _zone(delivery: Delivery) -> ZoneInfo:
    if delivery.recipient:
        return delivery.recipient.zone
    return delivery.period.zone if delivery.period else ZoneInfo("UTC")


def _calendar(context: MessageContext) -> tuple[CalendarFile, ...]:
    return debrief_files(context, sender=parseaddr(settings.DEFAULT_FROM_EMAIL)[1])


def _off_url(delivery: Delivery) -> str:
    if delivery.recipient is None:
        return external_recipients.leave_url(delivery.context)
    category = categories.category_of(delivery.kind)
    if category is None or delivery.recipient is None or delivery.urgency == Delivery.Urgency.PAGE:
        return ""
    return unsubscribe.unsubscribe_url(delivery.recipient, category)


def _thread(delivery: Delivery) -> str:
    """Messages about one incident belong together."""
    if not delivery.period or not delivery.subject.startswith("incident:"):
        return ""
    return one_line(f"{delivery.period.key}.{delivery.subject.replace(':', '.')}").lower()
