"""What messages about debriefs say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.stationery import Case, Letter, Part, short, where, zone_words


def _debrief_soon(case: Case) -> Letter:
    number = case.get("number", 0)
    return Letter(
        subject=f"In 15 minutes: {case.period.name} debrief {number}",
        headline=f"Debrief {number} starts soon",
        facts=(*case.fact("Starts", "starts_at"), *where(case)),
        button=("Open the agenda", case.page("debrief", number=number)),
        footer=f"You get this because you are part of {case.period.name}.",
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
        parts=(*(Part(title, text) for title, text in lines.items() if text), *noted),
        button=("Open the minutes", case.page("debrief", number=number)),
        footer=f"{case.get('by') or 'The team'} finished the debrief. Times are {zone_words(case)}.",
    )


def _todo(case: Case, name: str) -> tuple[str, ...]:
    return tuple(
        (f"{item['owner']}: " if item.get("owner") else "")
        + f"{item['title']}, by {short(datetime.fromisoformat(item['due_at']), case.zone)}"
        for item in case.get(name, [])
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "debrief_soon": _debrief_soon,
    "debrief_minutes": _debrief_minutes,
}
