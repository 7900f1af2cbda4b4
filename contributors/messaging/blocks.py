"""What messages are made of: their structure, the delivery they are about, and how they say times.

Pure: everything stands in the delivery's snapshot, its period and its recipient.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from contributors.links import links
from contributors.models import Delivery, Link
from hypercare.ui import time_words
from hypercare.ui.time_words import city_of
from periods.models import Period


@dataclass(frozen=True)
class KeyFact:
    """A row of the table of key facts; `small` is its second, quieter line."""

    label: str
    value: str
    small: str = ""


@dataclass(frozen=True)
class BulletList:
    """A headed list, such as what a debrief decided."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class MessageContent:
    """What is said, as structure: both parts of a mail are laid out from it."""

    subject: str
    headline: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[KeyFact, ...] = ()
    parts: tuple[BulletList, ...] = ()
    button: tuple[str, str] | None = None
    note: str = ""
    footer: str = ""
    is_alarm: bool = False


@dataclass(frozen=True)
class MessageContext:
    """A delivery as its message sees it."""

    delivery: Delivery
    zone: ZoneInfo

    @property
    def period(self) -> Period:
        """The period it is about."""
        period = self.delivery.period
        if period is None:
            raise ValueError("This kind of message needs a period.")
        return period

    @property
    def name(self) -> str:
        """How the recipient is addressed."""
        return self.delivery.recipient.first_name if self.delivery.recipient else ""

    @property
    def full_name(self) -> str:
        """The recipient's whole name, for a calendar."""
        return str(self.delivery.recipient or "")

    def get(self, name: str, default: Any = "") -> Any:
        """A value of the snapshot."""
        return self.delivery.context.get(name) or default

    def time(self, name: str) -> datetime | None:
        """A moment of the snapshot."""
        return parse_moment(self.delivery.context.get(name))

    def fact(self, label: str, name: str) -> tuple[KeyFact, ...]:
        """The fact row of a moment in the recipient's zone and in UTC; none when it is not known."""
        at = self.time(name)
        return (KeyFact(label, local_time(at, self.zone), utc_time(at, self.zone)),) if at else ()

    def answer_by(self) -> tuple[KeyFact, ...]:
        """The fact row of when the one-tap link ends; none where it does not."""
        until = parse_moment(self.delivery.context["link"].get("until"))
        return (KeyFact("Answer by", local_time(until, self.zone), utc_time(until, self.zone)),) if until else ()

    def page(self, view: str, **kwargs: Any) -> str:
        """The full address of a page of the period."""
        return str(settings.BASE_URL) + reverse(view, kwargs={"key": self.period.key, **kwargs})

    def own_page(self, view: str) -> str:
        """The full address of a page that belongs to the recipient."""
        return str(settings.BASE_URL) + reverse(view)

    def link(self) -> str:
        """The one-tap link: its text is derived again from its id and never stored."""
        link = self.delivery.context["link"]
        return links.url_of(Link(id=uuid.UUID(link["id"]), purpose=link["purpose"]))

    def link_life(self) -> str:
        """How long the one-tap link works and for whom."""
        until = parse_moment(self.delivery.context["link"].get("until"))
        life = f" and works until {local_time(until, self.zone)}" if until else ""
        return f"The link is only for you{life}: please don't forward it."


def parse_moment(text: str | None) -> datetime | None:
    """The instant behind a snapshot's ISO text."""
    return datetime.fromisoformat(text) if text else None


def local_time(at: datetime, zone: ZoneInfo) -> str:
    """`Sat 14 Nov 2026, 11:30 in Copenhagen`; the place is UTC where it is UTC."""
    return f"{at.astimezone(zone):%a %-d %b %Y, %H:%M} {_place(at, zone)}"


def utc_time(at: datetime, zone: ZoneInfo) -> str:
    """`06:00 UTC`, with the day where it differs; empty where local time is UTC already."""
    here, there = at.astimezone(zone), at.astimezone(UTC)
    if not here.utcoffset():
        return ""
    return f"{there:%H:%M} UTC" if here.date() == there.date() else f"{there:%a %-d %b, %H:%M} UTC"


def short_time(at: datetime, zone: ZoneInfo) -> str:
    """`Wed 18 Nov, 18:00`, where the place has been said."""
    here = at.astimezone(zone)
    return f"{here:%a %-d %b, %H:%M}{time_words.repeated_hour_note(here)}"


def time_span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`Sat 14 Nov, 05:30 to 13:30`, with the second day where it differs."""
    same_day = start.astimezone(zone).date() == end.astimezone(zone).date()
    return (
        f"{short_time(start, zone)} to {time_words.clock_time(end, zone)}"
        if same_day
        else f"{short_time(start, zone)} to {short_time(end, zone)}"
    )


def time_span_with_utc(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The same with UTC behind it: `Sat 14 Nov, 07:00 to 15:00 (06:00 to 14:00 UTC)`. For lists, not for subjects."""
    here = start.astimezone(zone)
    if not here.utcoffset():
        return time_span(start, end, zone)
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    begins = f"{first:%H:%M}" if first.date() == here.date() else f"{first:%a %-d %b, %H:%M}"
    ends = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%a %-d %b, %H:%M}"
    return f"{time_span(start, end, zone)} ({begins} to {ends} UTC)"


def short_time_with_utc(at: datetime, zone: ZoneInfo) -> str:
    """`Wed 18 Nov, 18:00 (17:00 UTC)`, for lists."""
    there = utc_time(at, zone)
    return f"{short_time(at, zone)} ({there})" if there else short_time(at, zone)


def _place(at: datetime, zone: ZoneInfo) -> str:
    return f"in {city_of(zone)}" if at.astimezone(zone).utcoffset() else "UTC"


def zone_label(at: datetime, zone: ZoneInfo) -> str:
    """`Copenhagen time`, or UTC where it is UTC."""
    return f"{city_of(zone)} time" if at.astimezone(zone).utcoffset() else "UTC"


def zone_note(context: MessageContext) -> str:
    """`Copenhagen time`, for a line that says it of all times above."""
    return "in UTC" if context.zone.key == "UTC" else f"{city_of(context.zone)} time"


def list_time_spans(context: MessageContext, name: str) -> list[str]:
    """Pairs of moments of the snapshot in words."""
    pairs = ((datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in context.get(name, []))
    return [time_span_with_utc(start, end, context.zone) for start, end in pairs]


def asked_by(context: MessageContext) -> str:
    """Who asked, for the last line."""
    return (
        f"{context.get('by')} asked you."
        if context.get("by")
        else f"Hypercare asks on behalf of {context.period.name}."
    )


def war_room_facts(context: MessageContext) -> tuple[KeyFact, ...]:
    """The war room, where there is one."""
    return (KeyFact("Where", context.period.war_room_url),) if context.period.war_room_url else ()
