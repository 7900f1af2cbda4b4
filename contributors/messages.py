"""A delivery as it is sent: subject, plain text and HTML.

A letter (`letters`) is written once, as structure, and laid out twice here, so that the two parts of a
mail never say different things.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.urls import reverse

from contributors import off_links, outsiders, topics
from contributors.invites import CalendarFile, debrief_files
from contributors.letters import KINDS
from contributors.models import Delivery
from contributors.stationery import Case, Letter, local

LONGEST_SUBJECT = 180
_LAYOUT = "contributors/email/letter.html"


@dataclass(frozen=True)
class Message:
    """A message ready for a channel. Messages with the same `thread` are shown as one conversation.

    `html` is empty but for mails, which alone can show it. `brief` is what a notification has room for, `url` where its
    tap leads. `off_url` is where the person turns this class of messages off; empty for what always comes.
    """

    subject: str
    text: str
    html: str
    brief: str = ""
    url: str = ""
    thread: str = ""
    off_url: str = ""
    reply_to: str = ""
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
    is_outside = delivery.recipient is None
    return Message(
        subject=one_line(letter.subject)[:LONGEST_SUBJECT],
        text=_text(letter, off_url, is_outside=is_outside),
        html=_html(letter, off_url, is_outside=is_outside) if delivery.channel == "email" else "",
        brief=_brief(letter),
        url=letter.button[1] if letter.button else "",
        thread=_thread(delivery),
        off_url=off_url,
        reply_to="" if delivery.recipient else outsiders.reply_to(delivery.context),
        calendar=_calendar(case),
    )


def _brief(letter: Letter) -> str:
    """The headline and what stands below it, without the subject again."""
    facts = (f"{fact.label}: {fact.value}" for fact in letter.facts)
    return "\n".join([letter.headline, *letter.paragraphs, *facts])


def warm_up() -> None:
    """Load what the first message would wait for: addresses of pages, and with them every page, and the layout."""
    reverse("messages_off", kwargs={"token": "-"})
    get_template(_LAYOUT)


def _html(letter: Letter, off_url: str, *, is_outside: bool) -> str:
    return render_to_string(_LAYOUT, {"letter": letter, "off_url": off_url, "is_outside": is_outside})


def _text(letter: Letter, off_url: str, *, is_outside: bool) -> str:
    """Paragraphs with a blank line between them, in the order of the HTML part."""
    facts = [f"{fact.label}: {fact.value}{f' ({fact.small})' if fact.small else ''}" for fact in letter.facts]
    off = "Stop these mails" if is_outside else "Turn off messages like this"
    paragraphs = [
        letter.headline,
        *letter.paragraphs,
        "\n".join(facts),
        *("\n".join([part.title, *(f"- {line}" for line in part.lines)]) for part in letter.parts),
        "{}:\n{}".format(*letter.button) if letter.button else "",
        letter.note,
        letter.footer,
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


def _calendar(case: Case) -> tuple[CalendarFile, ...]:
    """Only mails carry files."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return debrief_files(case, sender=sender) if case.delivery.channel == "email" else ()


def _off_url(delivery: Delivery) -> str:
    if delivery.recipient is None:
        return outsiders.leave_url(delivery.context)
    topic = topics.of(delivery.kind)
    if topic is None or delivery.recipient is None or delivery.urgency == Delivery.Urgency.PAGE:
        return ""
    return off_links.url_of(delivery.recipient, topic)


def _thread(delivery: Delivery) -> str:
    """Messages about one incident belong together."""
    if not delivery.period or not delivery.subject.startswith("incident:"):
        return ""
    return one_line(f"{delivery.period.key}.{delivery.subject.replace(':', '.')}").lower()
