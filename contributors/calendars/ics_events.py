"""The properties of one event of a calendar: read one by one, cleaned, and none of them trusted to be there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from icalendar import Event, vDDDTypes, vDuration


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody an event names: by address, by name, or both."""

    name: str
    email: str = ""
    is_organizer: bool = False


def uid_of(event: Event) -> str:
    """Its identity; what is there where it has none."""
    return str(event.get("uid", "")) or f"{event.get('summary', '')}|{event.get('dtstart', '')}"


def moment_of(event: Event, name: str) -> date | None:
    """A moment or a day that it names; None where it can't be read."""
    value = event.get(name)
    moment = value.dt if isinstance(value, vDDDTypes) else None
    return moment if isinstance(moment, date) else None


def length_of(event: Event) -> timedelta | None:
    """A length that it names."""
    value = event.get("duration")
    length = value.dt if isinstance(value, vDDDTypes | vDuration) else None
    return length if isinstance(length, timedelta) else None


def moments_of(event: Event, name: str) -> Iterator[date]:
    """Every moment of a list of them, such as the days that are left out."""
    for value in as_list(event.get(name)):
        for one in getattr(value, "dts", ()):
            if isinstance(one.dt, date):
                yield one.dt


def has_value(event: Event, name: str, wanted: str) -> bool:
    """Whether a property has this value."""
    return str(event.get(name, "")).upper() == wanted


def sequence_of(event: Event) -> int:
    """How often it was changed; 0 where it does not say."""
    text = str(event.get("sequence", "0"))
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def people_of(event: Event) -> tuple[Attendee, ...]:
    """Those who take part; the organizer when nobody does."""
    attending = [
        one
        for one in as_list(event.get("attendee"))
        if str(getattr(one, "params", {}).get("PARTSTAT", "")).upper() != "DECLINED"
        and str(getattr(one, "params", {}).get("CUTYPE", "")).upper() not in {"ROOM", "RESOURCE"}
    ]
    return _named(attending) or _named(as_list(event.get("organizer")), is_organizer=True)


def _named(addresses: Iterable[Any], *, is_organizer: bool = False) -> tuple[Attendee, ...]:
    found = []
    for one in list(addresses)[:20]:
        text = clean_line(re.sub(r"^mailto:", "", str(one), flags=re.IGNORECASE), 254)
        email = text.lower() if "@" in text else ""
        name = clean_line(getattr(one, "params", {}).get("CN", ""), 120) or ("" if email else text)
        found.append(Attendee(name, email, is_organizer))
    return tuple(one for one in found if one.name or one.email)


def as_list(value: object) -> list[Any]:
    """One value or several, as several."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def clean_line(value: object, longest: int) -> str:
    """One line without what can't be printed, cut."""
    text = "".join(char if char.isprintable() else " " for char in str(value or ""))
    return " ".join(text.split())[:longest]
