"""What letters are made of: their structure, the case they are about, and how they say times.

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

from contributors import links
from contributors.models import Delivery, Link
from hypercare import timewords
from hypercare.timewords import city
from periods.models import Period


@dataclass(frozen=True)
class Fact:
    """A row of the table of key facts; `small` is its second, quieter line."""

    label: str
    value: str
    small: str = ""


@dataclass(frozen=True)
class Part:
    """A headed list, such as what a debrief decided."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Letter:
    """The structure both parts of a mail are laid out from."""

    subject: str
    headline: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    parts: tuple[Part, ...] = ()
    button: tuple[str, str] | None = None
    note: str = ""
    footer: str = ""
    is_alarm: bool = False


@dataclass(frozen=True)
class Case:
    """A delivery as its letter sees it."""

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
        return moment(self.delivery.context.get(name))

    def fact(self, label: str, name: str) -> tuple[Fact, ...]:
        """The fact row of a moment in the recipient's zone and in UTC; none when it is not known."""
        at = self.time(name)
        return (Fact(label, local(at, self.zone), utc(at, self.zone)),) if at else ()

    def answer_by(self) -> tuple[Fact, ...]:
        """The fact row of when the one-tap link ends; none where it does not."""
        until = moment(self.delivery.context["link"].get("until"))
        return (Fact("Answer by", local(until, self.zone), utc(until, self.zone)),) if until else ()

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
        until = moment(self.delivery.context["link"].get("until"))
        life = f" and works until {local(until, self.zone)}" if until else ""
        return f"The link is only for you{life}: please don't forward it."


def moment(text: str | None) -> datetime | None:
    """The instant behind a snapshot's ISO text."""
    return datetime.fromisoformat(text) if text else None


def local(at: datetime, zone: ZoneInfo) -> str:
    """`Sat 14 Nov 2026, 11:30 in Copenhagen`; the place is UTC where it is UTC."""
    return f"{at.astimezone(zone):%a %-d %b %Y, %H:%M} {_place(at, zone)}"


def utc(at: datetime, zone: ZoneInfo) -> str:
    """`06:00 UTC`, with the day where it differs; empty where local time is UTC already."""
    here, there = at.astimezone(zone), at.astimezone(UTC)
    if not here.utcoffset():
        return ""
    return f"{there:%H:%M} UTC" if here.date() == there.date() else f"{there:%a %-d %b, %H:%M} UTC"


def short(at: datetime, zone: ZoneInfo) -> str:
    """`Wed 18 Nov, 18:00`, where the place has been said."""
    here = at.astimezone(zone)
    return f"{here:%a %-d %b, %H:%M}{timewords.repeated(here)}"


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`Sat 14 Nov, 05:30 to 13:30`, with the second day where it differs."""
    same_day = start.astimezone(zone).date() == end.astimezone(zone).date()
    return (
        f"{short(start, zone)} to {timewords.hours(end, zone)}"
        if same_day
        else f"{short(start, zone)} to {short(end, zone)}"
    )


def span_twice(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The same with UTC behind it: `Sat 14 Nov, 07:00 to 15:00 (06:00 to 14:00 UTC)`. For lists, not for subjects."""
    here = start.astimezone(zone)
    if not here.utcoffset():
        return span(start, end, zone)
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    begins = f"{first:%H:%M}" if first.date() == here.date() else f"{first:%a %-d %b, %H:%M}"
    ends = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%a %-d %b, %H:%M}"
    return f"{span(start, end, zone)} ({begins} to {ends} UTC)"


def short_twice(at: datetime, zone: ZoneInfo) -> str:
    """`Wed 18 Nov, 18:00 (17:00 UTC)`, for lists."""
    there = utc(at, zone)
    return f"{short(at, zone)} ({there})" if there else short(at, zone)


def _place(at: datetime, zone: ZoneInfo) -> str:
    return f"in {city(zone)}" if at.astimezone(zone).utcoffset() else "UTC"


def place_time(at: datetime, zone: ZoneInfo) -> str:
    """`Copenhagen time`, or UTC where it is UTC."""
    return f"{city(zone)} time" if at.astimezone(zone).utcoffset() else "UTC"


def zone_words(case: Case) -> str:
    """`Copenhagen time`, for a line that says it of all times above."""
    return "in UTC" if case.zone.key == "UTC" else f"{city(case.zone)} time"


def spans(case: Case, name: str) -> list[str]:
    """Pairs of moments of the snapshot in words."""
    pairs = (
        (datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in case.get(name, [])
    )
    return [span_twice(start, end, case.zone) for start, end in pairs]


def asked(case: Case) -> str:
    """Who asked, for the last line."""
    return (
        f"{case.get('by')} asked you."
        if case.get("by")
        else f"Hypercare asks on behalf of {case.period.name}."
    )


def where(case: Case) -> tuple[Fact, ...]:
    """The war room, where there is one."""
    return (Fact("Where", case.period.war_room_url),) if case.period.war_room_url else ()
