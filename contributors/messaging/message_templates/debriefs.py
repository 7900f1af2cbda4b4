"""What messages about debriefs say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.messaging.blocks import (
    BulletList,
    KeyFact,
    MessageContent,
    MessageContext,
    local_time,
    short_time,
    short_time_with_utc,
    time_span_with_utc,
    utc_time,
    war_room_facts,
    zone_note,
)


def _debrief_soon(context: MessageContext) -> MessageContent:
    number = context.get("number", 0)
    return MessageContent(
        subject=f"In 15 minutes: {context.period.name} debrief {number}",
        headline=f"Debrief {number} starts soon",
        facts=(*context.fact("Starts", "starts_at"), *war_room_facts(context)),
        button=("Open the agenda", context.page("debrief", number=number)),
        footer=f"You get this because you are part of {context.period.name}.",
    )


def _debrief_invitation(context: MessageContext) -> MessageContent:
    times = tuple(
        f"Debrief {item['number']}: "
        + time_span_with_utc(
            datetime.fromisoformat(item["starts_at"]), datetime.fromisoformat(item["ends_at"]), context.zone
        )
        for item in context.get("debriefs", [])
    )
    what = f"{len(times)} debriefs" if len(times) > 1 else "a debrief"
    return MessageContent(
        subject=f"Invitation: {what} of {context.period.name}",
        headline=f"{context.name}, you are invited to {what}",
        paragraphs=("A calendar file of each is attached. When one moves or is skipped, your calendar hears of it.",),
        facts=war_room_facts(context),
        parts=(BulletList("When", times),),
        button=("Open the debriefs", context.page("period_debriefs")),
        footer=(
            f"{context.get('by') or 'Hypercare'} set them for {context.period.name}. Times are {zone_note(context)}."
        ),
    )


def _debrief_moved(context: MessageContext) -> MessageContent:
    (item,) = context.get("debriefs")
    starts_at, old = datetime.fromisoformat(item["starts_at"]), context.time("old")
    before = (KeyFact("Before", local_time(old, context.zone), utc_time(old, context.zone)),) if old else ()
    return MessageContent(
        subject=f"Moved to {short_time(starts_at, context.zone)}: {context.period.name} debrief {item['number']}",
        headline=f"Debrief {item['number']} has moved",
        facts=(
            KeyFact("Starts", local_time(starts_at, context.zone), utc_time(starts_at, context.zone)),
            *before,
            *war_room_facts(context),
        ),
        button=("Open the debrief", context.page("debrief", number=item["number"])),
        note="The calendar file attached moves it in your calendar.",
        footer=(
            f"{context.get('by') or 'Hypercare'} moved it. You get this because you take part in {context.period.name}."
        ),
    )


def _debrief_skipped(context: MessageContext) -> MessageContent:
    (item,) = context.get("debriefs")
    starts_at = datetime.fromisoformat(item["starts_at"])
    return MessageContent(
        subject=f"Skipped: {context.period.name} debrief {item['number']}, {short_time(starts_at, context.zone)}",
        headline=f"Debrief {item['number']} is not held",
        facts=(
            KeyFact("Why", context.get("reason")),
            KeyFact("It was", local_time(starts_at, context.zone), utc_time(starts_at, context.zone)),
        ),
        button=("Open the debriefs", context.page("period_debriefs")),
        note="The calendar file attached takes it out of your calendar.",
        footer=(
            f"{context.get('by') or 'Hypercare'} skipped it. "
            f"You get this because you take part in {context.period.name}."
        ),
    )


def _debrief_minutes(context: MessageContext) -> MessageContent:
    number, at = context.get("number", 0), context.time("starts_at")
    day = f", {at.astimezone(context.zone):%a %-d %b}" if at else ""
    lines = {
        "Decided": tuple(context.get("decisions", [])),
        f"You ({context.name})": _todo(context, "yours"),
        "Others": _todo(context, "others"),
    }
    noted = tuple(BulletList(item["title"], (item["text"],)) for item in context.get("minutes", []))
    return MessageContent(
        subject=f"Minutes: {context.period.name} debrief {number}{day}",
        headline=context.get("summary") or f"What debrief {number} decided",
        facts=context.fact("When", "starts_at"),
        parts=(*(BulletList(title, text) for title, text in lines.items() if text), *noted),
        button=("Open the minutes", context.page("debrief", number=number)),
        footer=f"{context.get('by') or 'The team'} finished the debrief. Times are {zone_note(context)}.",
    )


def _todo(context: MessageContext, name: str) -> tuple[str, ...]:
    return tuple(
        (f"{item['owner']}: " if item.get("owner") else "")
        + f"{item['title']}, by {short_time_with_utc(datetime.fromisoformat(item['due_at']), context.zone)}"
        for item in context.get(name, [])
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "debrief_invitation": _debrief_invitation,
    "debrief_moved": _debrief_moved,
    "debrief_skipped": _debrief_skipped,
    "debrief_soon": _debrief_soon,
    "debrief_minutes": _debrief_minutes,
}
