"""A delivery as it is sent: subject, plain text and HTML.

A letter (`letters`) is written once, as structure, and laid out twice here, so that the two parts of a
mail never say different things.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string

from contributors.letters import KINDS
from contributors.models import Delivery
from contributors.stationery import Case, local

LONGEST_SUBJECT = 180


@dataclass(frozen=True)
class Message:
    """A message ready for a channel. Messages with the same `thread` are shown as one conversation."""

    subject: str
    text: str
    html: str
    thread: str = ""


def render(delivery: Delivery, *, late: bool = False) -> Message:
    """The message of a delivery; one that comes `late` says when it was meant to come.

    Raises KeyError for an unknown kind or a snapshot that lacks its link.
    """
    zone = _zone(delivery)
    letter = KINDS[delivery.kind](Case(delivery, zone))
    if late:
        meant = f"This comes late: it was meant for {local(delivery.intended_at, zone)}."
        letter = replace(letter, paragraphs=(meant, *letter.paragraphs))
    context = {"letter": letter}
    return Message(
        subject=one_line(letter.subject)[:LONGEST_SUBJECT],
        text=render_to_string("contributors/email/letter.txt", context).strip() + "\n",
        html=render_to_string("contributors/email/letter.html", context),
        thread=_thread(delivery),
    )


def one_line(text: str) -> str:
    """Text fit for a header: no line break or other control character gets through."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _zone(delivery: Delivery) -> ZoneInfo:
    if delivery.recipient:
        return delivery.recipient.zone
    return delivery.period.zone if delivery.period else ZoneInfo("UTC")


def _thread(delivery: Delivery) -> str:
    """Messages about one incident belong together."""
    if not delivery.period or not delivery.subject.startswith("incident:"):
        return ""
    return one_line(f"{delivery.period.key}.{delivery.subject.replace(':', '.')}").lower()
