"""What messages about checks say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contributors.messaging.blocks import (
    BulletList,
    KeyFact,
    MessageContent,
    MessageContext,
    short_time_with_utc,
    time_span_with_utc,
    zone_note,
)


def _checklist_reminder(context: MessageContext) -> MessageContent:
    late, soon = _checks(context, is_late=True), _checks(context, is_late=False)
    actions, more = _lines(context.get("actions", [])), context.get("more", 0)
    parts = {
        "Late": late,
        "Due by tomorrow": soon,
        "Late with others": tuple(context.get("others", [])),
        "Your actions": tuple(_said(item, context) for item in actions),
        "You are on duty": _times(context, "shifts"),
        "Debriefs today": _times(context, "debriefs_today"),
    }
    counts = [_count(len(late) + len(soon), "check"), _count(len(actions), "action")]
    count = " and ".join(words for words in counts if words)
    where = "" if context.get("several") else f" of {context.period.name}"
    has_checks = bool(late or soon or context.get("others"))
    return MessageContent(
        subject=_subject(context),
        headline=f"{context.name}, {count} for you" if count else "Checks are late",
        parts=tuple(BulletList(title, lines) for title, lines in parts.items() if lines),
        note=f"{more} more are on the lists." if more else "",
        button=(f"Open the checks of {context.period.name}", context.page("period_readiness"))
        if has_checks
        else (f"Open {context.period.name}", context.page("period_overview")),
        footer=f"You get this at most once a day, while checks or actions{where} that you answer for are due. "
        f"Times are {zone_note(context)}.",
    )


def _lines(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: (not item["late"], item["due_at"]))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""


def _said(item: Mapping[str, Any], context: MessageContext) -> str:
    verb = "was due" if item["late"] else "due"
    blocks = ", blocks the go" if item.get("blocking") else ""
    return (
        f"{item['title']}, {verb} {short_time_with_utc(datetime.fromisoformat(item['due_at']), context.zone)}{blocks}"
    )


def _checks(context: MessageContext, *, is_late: bool) -> tuple[str, ...]:
    return tuple(_said(item, context) for item in context.get("items", []) if item["late"] == is_late)


def _times(context: MessageContext, name: str) -> tuple[str, ...]:
    return tuple(
        f"{what}, {time_span_with_utc(datetime.fromisoformat(start), datetime.fromisoformat(end), context.zone)}"
        for what, start, end in context.get(name, [])
    )


def _subject(context: MessageContext) -> str:
    items, actions = context.get("items", []), context.get("actions", [])
    late = sum(item["late"] for item in (*items, *actions))
    soon = len(items) + len(actions) - late
    counts = [f"{late} late" if late else "", f"{soon} due by tomorrow" if soon else ""]
    said = ", ".join(count for count in counts if count) or "late with others"
    what = "To do" if actions else "Checks"
    return f"{what}: {said}" if context.get("several") else f"{what} for {context.period.name}: {said}"


def _waiver_ended(context: MessageContext) -> MessageContent:
    reason, by = context.get("reason"), context.get("waived_by")
    return MessageContent(
        subject=f"Open again: {context.get('title')}, {context.period.name}",
        headline=f"The waiver of “{context.get('title')}” has ended",
        paragraphs=(
            "The check is open again"
            + (" and blocks the go." if context.get("blocking") else ".")
            + " Do it, or have it waived anew.",
        ),
        facts=(
            *((KeyFact("Waived because", reason, f"by {by}" if by else ""),) if reason else ()),
            *context.fact("Until", "at"),
        ),
        button=("Open the checklist", context.page("period_readiness")),
        footer=f"You get this because it is your check, or because you lead {context.period.name}.",
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "checklist_reminder": _checklist_reminder,
    "waiver_ended": _waiver_ended,
}
