"""Calendar files in mails: an invitation, its update, its cancellation (iTIP, RFC 5546).

An event keeps the UID it has in the feed; each change raises SEQUENCE, so calendars update or cancel what they have
instead of adding a second one. One file holds one event for one person. Pure: a repeat of a mail repeats the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from icalendar import Calendar, Event, vCalAddress, vText

from contributors.calendars import feeds
from contributors.channels import CalendarFile
from contributors.messaging.blocks import MessageContext
from periods.models import Debrief

CARRIERS: Final = ("debrief_invitation", "debrief_moved", "debrief_skipped", "period_closed")
ENDS: Final = ("debrief_skipped", "period_closed")


def snapshot_debrief(debrief: Debrief, *, sequence: int = 0) -> dict[str, Any]:
    """What a message keeps of a debrief. `sequence` is the number of the journal entry that changed it, as in feeds."""
    return {
        "pk": debrief.pk,
        "number": debrief.number,
        "starts_at": debrief.starts_at.isoformat(),
        "ends_at": debrief.ends_at.isoformat(),
        "sequence": sequence,
    }


def debrief_files(context: MessageContext, *, sender: str) -> tuple[CalendarFile, ...]:
    """A file for each debrief of the message, made for its recipient; `sender` is who sends the mail."""
    return tuple(_file(context, item, sender) for item in context.get("debriefs", []))


def _file(context: MessageContext, item: Mapping[str, Any], sender: str) -> CalendarFile:
    cancelled = context.delivery.kind in ENDS
    calendar, method = Calendar(), "CANCEL" if cancelled else "REQUEST"
    calendar.add("prodid", "-//Hypercare//Invitations//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    event = Event()
    event.add("uid", feeds.debrief_uid(item["pk"]))
    event.add("dtstamp", context.delivery.created_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", datetime.fromisoformat(item["starts_at"]).astimezone(UTC))
    event.add("dtend", datetime.fromisoformat(item["ends_at"]).astimezone(UTC))
    event.add("summary", _plain(f"Debrief {item['number']}: {context.period.name}"))
    event.add("description", _plain(context.period.war_room_url))
    event.add("url", context.page("debrief", number=item["number"]))
    event.add("sequence", item["sequence"])
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", _person(sender, "Hypercare", {}))
    to = {"PARTSTAT": "NEEDS-ACTION", "ROLE": "REQ-PARTICIPANT", "RSVP": "FALSE"}
    event.add("attendee", _person(context.delivery.address, context.full_name, to))
    calendar.add_component(event)
    return CalendarFile(f"debrief-{item['number']}.ics", method, calendar.to_ical().decode())


def _person(address: str, name: str, more: Mapping[str, str]) -> vCalAddress:
    person = vCalAddress(f"MAILTO:{_plain(address)}")
    for key, value in {"CN": _plain(name), **more}.items():
        person.params[key] = vText(value)
    return person


def _plain(text: str) -> str:
    """One line without control characters or quotes, whatever somebody called a period or themselves."""
    return " ".join("".join(char if char.isprintable() and char != '"' else " " for char in text).split())
