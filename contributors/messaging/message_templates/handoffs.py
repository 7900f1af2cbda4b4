"""What messages about hand-offs say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.messaging.blocks import BulletList, KeyFact, MessageContent, MessageContext


def _facts(context: MessageContext) -> tuple[KeyFact, ...]:
    return (KeyFact("Duty", context.get("role")), *context.fact("Shift ends", "due_at"))


def _page(context: MessageContext) -> str:
    return context.page("contributors:handoff", pk=context.get("handoff"))


def _parts(context: MessageContext) -> tuple[BulletList, ...]:
    return tuple(BulletList(title, tuple(lines)) for title, lines in context.get("parts", []))


def _write(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Write your hand-off note: {context.get('role')}",
        headline=f"{context.name}, {context.get('incoming')} takes over from you",
        paragraphs=("What is known is filled in. Add what only you know, and send it.",),
        facts=_facts(context),
        button=("Write the note", _page(context)),
        footer=f"You stay on duty for pages until {context.get('incoming')} has accepted.",
    )


def _ready(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Take over {context.get('role')} from {context.get('outgoing')}",
        headline=f"{context.name}, this is how {context.get('role')} stands",
        facts=_facts(context),
        parts=_parts(context),
        button=("Read and accept", context.link()),
        note="Opens a page with one button. Opening this email does nothing by itself.",
        footer=f"{context.get('outgoing')} stays on duty for pages until you accept. {context.link_life()}",
    )


def _accepted(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Handed over: {context.get('role')}",
        headline=f"{context.get('accepted_by')} accepted. Pages go to {context.get('incoming')} now",
        facts=_facts(context),
        button=("See the note", _page(context)),
        footer="You are off duty once your shift has ended.",
    )


def _overdue(context: MessageContext) -> MessageContent:
    why = "The note waits" if context.get("written") else "No note was written, and nobody accepted"
    return MessageContent(
        subject=f"Nobody has taken over {context.get('role')}",
        headline=f"{context.get('outgoing')} is still on duty: {context.get('incoming')} has not accepted",
        paragraphs=(
            f"{why}. Call {context.get('incoming')}, or accept for them once you know that they have it.",
            f"Until then pages go to {context.get('outgoing')} first.",
        ),
        facts=_facts(context),
        button=("Open the hand-off", _page(context)),
        footer=f"A shift of {context.period.name} ended a quarter of an hour ago without a hand-off.",
        is_alarm=True,
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "handoff_write": _write,
    "handoff_ready": _ready,
    "handoff_accepted": _accepted,
    "handoff_overdue": _overdue,
}
