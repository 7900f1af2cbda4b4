"""A delivery as it is sent: subject, plain text and HTML.

A letter (`letters`) is written once, as structure, and laid out twice here, so that the two parts of a
mail never say different things.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string

from contributors import off_links, topics
from contributors.invites import CalendarFile, debrief_files
from contributors.letters import KINDS
from contributors.models import Delivery
from contributors.stationery import Case, local

LONGEST_SUBJECT = 180


@dataclass(frozen=True)
class Message:
    """A message ready for a channel. Messages with the same `thread` are shown as one conversation.

    `off_url` is where the person turns this class of messages off; empty for what always comes.
    """

    subject: str
    text: str
    html: str
    thread: str = ""
    off_url: str = ""
    calendar: tuple[CalendarFile, ...] = ()


def render(delivery: Delivery, *, late: bool = False) -> Message:
    """The message of a delivery; one that comes `late` says when it was meant to come.

    Raises KeyError for an unknown kind or a snapshot that lacks its link.
    """
    zone = _zone(delivery)
    case = Case(delivery, zone)
    letter = KINDS[delivery.kind](case)
    if late:
        meant = f"This comes late: it was meant for {local(delivery.intended_at, zone)}."
        letter = replace(letter, paragraphs=(meant, *letter.paragraphs))
    off_url = _off_url(delivery)
    context = {"letter": letter, "off_url": off_url}
    return Message(
        subject=one_line(letter.subject)[:LONGEST_SUBJECT],
        text=render_to_string("contributors/email/letter.txt", context).strip() + "\n",
        html=render_to_string("contributors/email/letter.html", context),
        thread=_thread(delivery),
        off_url=off_url,
        calendar=_calendar(case),
    )


def one_line(text: str) -> str:
    """Text fit for a header: no line break or other control character gets through."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _zone(delivery: Delivery) -> ZoneInfo:
    if delivery.recipient:
        return delivery.recipient.zone
    return delivery.period.zone if delivery.period else ZoneInfo("UTC")


def _calendar(case: Case) -> tuple[CalendarFile, ...]:
    """Only mails carry files."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return debrief_files(case, sender=sender) if case.delivery.channel == "email" else ()


def _off_url(delivery: Delivery) -> str:
    topic = topics.of(delivery.kind)
    if topic is None or delivery.recipient is None or delivery.urgency == Delivery.Urgency.PAGE:
        return ""
    return off_links.url_of(delivery.recipient, topic)


def _thread(delivery: Delivery) -> str:
    """Messages about one incident belong together."""
    if not delivery.period or not delivery.subject.startswith("incident:"):
        return ""
    return one_line(f"{delivery.period.key}.{delivery.subject.replace(':', '.')}").lower()
