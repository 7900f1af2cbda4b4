"""What messages about debriefs say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.stationery import (
    Case,
    Fact,
    Letter,
    Part,
    local,
    short,
    short_twice,
    span_twice,
    utc,
    where,
    zone_words,
)


def _debrief_soon(case: Case) -> Letter:
    number = case.get("number", 0)
    return Letter(
        subject=f"In 15 minutes: {case.period.name} debrief {number}",
        headline=f"Debrief {number} starts soon",
        facts=(*case.fact("Starts", "starts_at"), *where(case)),
        button=("Open the agenda", case.page("debrief", number=number)),
        footer=f"You get this because you are part of {case.period.name}.",
    )


def _debrief_invitation(case: Case) -> Letter:
    times = tuple(
        f"Debrief {item['number']}: "
        + span_twice(
            datetime.fromisoformat(item["starts_at"]), datetime.fromisoformat(item["ends_at"]), case.zone
        )
        for item in case.get("debriefs", [])
    )
    what = f"{len(times)} debriefs" if len(times) > 1 else "a debrief"
    return Letter(
        subject=f"Invitation: {what} of {case.period.name}",
        headline=f"{case.name}, you are invited to {what}",
        paragraphs=(
            "A calendar file of each is attached. When one moves or is skipped, your calendar hears of it.",
        ),
        facts=where(case),
        parts=(Part("When", times),),
        button=("Open the debriefs", case.page("period_debriefs")),
        footer=f"{case.get('by') or 'Hypercare'} set them for {case.period.name}. Times are {zone_words(case)}.",
    )


def _debrief_moved(case: Case) -> Letter:
    (item,) = case.get("debriefs")
    starts_at, old = datetime.fromisoformat(item["starts_at"]), case.time("old")
    before = (Fact("Before", local(old, case.zone), utc(old, case.zone)),) if old else ()
    return Letter(
        subject=f"Moved to {short(starts_at, case.zone)}: {case.period.name} debrief {item['number']}",
        headline=f"Debrief {item['number']} has moved",
        facts=(
            Fact("Starts", local(starts_at, case.zone), utc(starts_at, case.zone)),
            *before,
            *where(case),
        ),
        button=("Open the debrief", case.page("debrief", number=item["number"])),
        note="The calendar file attached moves it in your calendar.",
        footer=f"{case.get('by') or 'Hypercare'} moved it. You get this because you take part in {case.period.name}.",
    )


def _debrief_skipped(case: Case) -> Letter:
    (item,) = case.get("debriefs")
    starts_at = datetime.fromisoformat(item["starts_at"])
    return Letter(
        subject=f"Skipped: {case.period.name} debrief {item['number']}, {short(starts_at, case.zone)}",
        headline=f"Debrief {item['number']} is not held",
        facts=(
            Fact("Why", case.get("reason")),
            Fact("It was", local(starts_at, case.zone), utc(starts_at, case.zone)),
        ),
        button=("Open the debriefs", case.page("period_debriefs")),
        note="The calendar file attached takes it out of your calendar.",
        footer=f"{case.get('by') or 'Hypercare'} skipped it. You get this because you take part in {case.period.name}.",
    )


def _debrief_minutes(case: Case) -> Letter:
    number, at = case.get("number", 0), case.time("starts_at")
    day = f", {at.astimezone(case.zone):%a %-d %b}" if at else ""
    lines = {
        "Decided": tuple(case.get("decisions", [])),
        f"You ({case.name})": _todo(case, "yours"),
        "Others": _todo(case, "others"),
    }
    noted = tuple(Part(item["title"], (item["text"],)) for item in case.get("minutes", []))
    return Letter(
        subject=f"Minutes: {case.period.name} debrief {number}{day}",
        headline=case.get("summary") or f"What debrief {number} decided",
        facts=case.fact("When", "starts_at"),
        parts=(*(Part(title, text) for title, text in lines.items() if text), *noted),
        button=("Open the minutes", case.page("debrief", number=number)),
        footer=f"{case.get('by') or 'The team'} finished the debrief. Times are {zone_words(case)}.",
    )


def _todo(case: Case, name: str) -> tuple[str, ...]:
    return tuple(
        (f"{item['owner']}: " if item.get("owner") else "")
        + f"{item['title']}, by {short_twice(datetime.fromisoformat(item['due_at']), case.zone)}"
        for item in case.get(name, [])
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "debrief_invitation": _debrief_invitation,
    "debrief_moved": _debrief_moved,
    "debrief_skipped": _debrief_skipped,
    "debrief_soon": _debrief_soon,
    "debrief_minutes": _debrief_minutes,
}
