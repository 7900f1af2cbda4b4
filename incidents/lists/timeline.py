"""An incident's story in sentences, newest first: its journal entries as people would tell them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

from django.db.models import Q

from contributors.models import Delivery
from hypercare.models import User
from incidents.lists.timeline_text import DECISIONS, SYSTEM, TELLERS
from incidents.lists.timeline_text import NOTES as NOTES
from incidents.lists.timeline_text import UPDATES as UPDATES
from incidents.models import Incident
from periods.models import JournalEntry

FILTERS: Final = (("all", "All"), (UPDATES, "Updates"), (DECISIONS, "Decisions"), (SYSTEM, "System"))
THROUGH: Final = {"link": "by link", "api": "through the API", "alert": "", "timer": "", "form": "", "mail": ""}
DELIVERED: Final = {
    "due": "message waiting",
    "sending": "message being sent",
    "sent": "message sent",
    "delivered": "message delivered",
    "bounced": "message came back",
    "dead": "message could not be sent",
    "cancelled": "message no longer needed",
    "expired": "message too late to matter",
    "bundled": "sent with another message",
}
MOST: Final = 200
FROM_DUPLICATES: Final = ("incident.merged", "incident.commented")
NOBODY: Final = {"alert": "An alert", "form": "Somebody outside", "mail": "Somebody by mail"}
FAILED: Final = (Delivery.State.BOUNCED, Delivery.State.DEAD)


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One line: who, what they did, what they said."""

    at: datetime
    group: str
    icon: str
    tone: str
    who: str
    words: str
    text: str = ""
    quote: str = ""
    failed: str = ""
    code: str = ""
    day: str = ""


def read_timeline(incident: Incident, *, viewer: User, notes: bool, at: datetime, zone: tzinfo) -> list[TimelineLine]:
    """The story as this person may read it. Four queries; at most the newest 200 entries.

    Notes are left out for those who may not read them. Days before today in `zone` are named.
    """
    entries = _entries(incident)
    pages, news = _deliveries(incident)
    told = [
        _with_news(timeline_line(_seen_from(incident, entry), viewer, pages), news.get(entry.pk, ()))
        for entry in entries
    ]
    return [replace(line, day=_day(line.at, at, zone)) for line in told if notes or line.group != NOTES]


def _entries(incident: Incident) -> list[JournalEntry]:
    """Its own entries, those of its tasks, and what was said on incidents that were merged into it."""
    tasks = incident.tasks.values_list("action_id", flat=True)
    merged = [f"incident:{number}" for number in incident.duplicates.values_list("number", flat=True)]
    own = Q(subject__in=[incident.subject, *(f"action:{pk}" for pk in tasks)])
    found = JournalEntry.objects.filter(
        own | Q(subject__in=merged, kind__in=FROM_DUPLICATES), period=incident.period_id
    )
    return list(found.select_related("actor", "period").order_by("-seq")[:MOST])


def _seen_from(incident: Incident, entry: JournalEntry) -> JournalEntry:
    """What was said on a duplicate names where; the entry itself is never saved again."""
    if entry.subject != incident.subject and entry.subject.startswith("incident:"):
        entry.data = {**entry.data, "from": entry.data.get("key", "")}
    return entry


def _day(moment: datetime, at: datetime, zone: tzinfo) -> str:
    local, today = moment.astimezone(zone), at.astimezone(zone)
    if local.date() == today.date():
        return ""
    return f"{local:%a %-d %b}" if local.year == today.year else f"{local:%a %-d %b %Y}"


def actors_of(incident: Incident) -> list[User]:
    """Who did something here, the owner first, then in order of appearance. One query."""
    entries = JournalEntry.objects.filter(period=incident.period_id, subject=incident.subject, actor__isnull=False)
    found = {incident.owner.pk: incident.owner} if incident.owner else {}
    for entry in entries.select_related("actor").order_by("seq")[:200]:
        if entry.actor:
            found.setdefault(entry.actor.pk, entry.actor)
    return list(found.values())


def _deliveries(incident: Incident) -> tuple[dict[int, list[Delivery]], dict[int, list[Delivery]]]:
    """What became of the pages, by recipient, and of the other messages, by the entry they tell of. One query."""
    pages: dict[int, list[Delivery]] = {}
    news: dict[int, list[Delivery]] = {}
    sent = Delivery.objects.filter(period=incident.period_id, subject=incident.subject)
    for delivery in sent.select_related("recipient").order_by("-created_at", "id")[:200]:
        entry = delivery.dedupe_key.partition(":")[0]
        if delivery.kind == "page" and delivery.recipient_id:
            pages.setdefault(delivery.recipient_id, []).append(delivery)
        elif entry.isdecimal():
            news.setdefault(int(entry), []).append(delivery)
    return pages, news


def _with_news(line: TimelineLine, sent: Iterable[Delivery]) -> TimelineLine:
    """The line with who was told of it, and what became of the messages."""
    told = [row for row in sent if row.recipient]
    said = [(row.state in FAILED, f"{row.recipient}: {DELIVERED.get(row.state, row.state)}.") for row in told]
    text = " ".join(part for part in (line.text, *(words for bad, words in said if not bad)) if part)
    return replace(line, text=text, failed=" ".join([line.failed, *(words for bad, words in said if bad)]).strip())


def timeline_line(entry: JournalEntry, viewer: User, pages: dict[int, list[Delivery]] | None = None) -> TimelineLine:
    """One entry as a line; its actor must be loaded."""
    if entry.kind in ("incident.paged", "incident.escalated"):
        return _paged(entry, viewer, pages or {})
    teller = TELLERS.get(entry.kind)
    plain = {"words": entry.kind.replace(".", " ").replace("_", " ")}
    told = teller({**entry.data, "by_id": entry.actor_id}) if teller else plain
    through = THROUGH.get(entry.via, "")
    parts: dict[str, Any] = {"group": SYSTEM, "icon": "dot", "tone": "", "text": "", "who": _who(entry, viewer), **told}
    words = f"{parts.pop('words')} {through}".strip()
    return TimelineLine(at=entry.at, words=words, **parts)


def _who(entry: JournalEntry, viewer: User) -> str:
    if entry.actor is None:
        return NOBODY.get(entry.via, "")
    return "You" if entry.actor_id == viewer.pk else entry.actor.name


def _paged(entry: JournalEntry, viewer: User, pages: dict[int, list[Delivery]]) -> TimelineLine:
    """Who was paged, by whom or by the clock, and what became of the message."""
    data = entry.data
    name = "you" if data.get("who_id") == viewer.pk else data.get("who", "")
    asked = entry.kind == "incident.escalated"
    words = f"escalated, pages {name}" if asked else (f"Paged {name}" if name else "Nobody was there to page")
    state, failed = _became(entry, pages.get(data.get("who_id") or 0, []))
    return TimelineLine(
        at=entry.at,
        group=SYSTEM,
        icon="arrow-up" if asked else "bell",
        tone="danger" if asked else "warn",
        who=_who(entry, viewer) if asked else "",
        words=words,
        failed=failed,
        text=" ".join(part for part in (data.get("reason", ""), state) if part),
    )


def _became(entry: JournalEntry, deliveries: list[Delivery]) -> tuple[str, str]:
    """The state of the page made with this entry: calm words, or words of failure."""
    made = next((delivery for delivery in deliveries if delivery.created_at == entry.at), None)
    if made is None:
        return "", ""
    said = DELIVERED.get(made.state, "").capitalize()
    return ("", f"{said}.") if made.state in FAILED else (f"{said}.", "")
