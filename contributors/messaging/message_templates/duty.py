"""What messages about shifts, cover and rotations say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.messaging.blocks import (
    BulletList,
    KeyFact,
    MessageContent,
    MessageContext,
    short_time,
    time_span,
    time_span_with_utc,
    zone_note,
)


def _when(context: MessageContext, first: str = "starts_at", last: str = "ends_at") -> str:
    start, end = context.time(first), context.time(last)
    return time_span(start, end, context.zone) if start and end else ""


def _facts(context: MessageContext) -> tuple[KeyFact, ...]:
    back = (KeyFact("In return", context.get("back"), _when(context, "back_starts_at", "back_ends_at")),)
    why = (KeyFact("Why", context.get("reason")),)
    return (
        KeyFact("Duty", context.get("role")),
        *context.fact("From", "starts_at"),
        *context.fact("To", "ends_at"),
        *(back if context.get("back") else ()),
        *(why if context.get("reason") else ()),
    )


def _asked(context: MessageContext) -> MessageContent:
    whose = f"{context.get('holder')}’s shift" if context.get("holder") else "a gap"
    return MessageContent(
        subject=f"Can you take {context.get('role')}, {_when(context)}?",
        headline=f"{context.name}, can you cover {whose} on {context.get('role')}?",
        facts=_facts(context),
        button=("Answer", context.link()),
        note="Opens a page with two buttons. Opening this email does nothing by itself.",
        footer=f"{context.get('asked_by')} asks you. Whoever takes it first has it. {context.link_life()}",
    )


def _approve(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Approve: {context.get('taken_by')} takes {context.get('role')}, {_when(context)}",
        headline=f"{context.get('taken_by')} would take this; it waits for you",
        facts=_facts(context),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"The role asks for your approval, because you lead {context.period.name}.",
    )


def _done(context: MessageContext) -> MessageContent:
    instead = f" instead of {context.get('holder')}" if context.get("holder") else ""
    return MessageContent(
        subject=f"Covered: {context.get('role')}, {_when(context)}, by {context.get('taken_by')}",
        headline=f"{context.get('taken_by')} is on {context.get('role')}{instead}",
        facts=_facts(context),
        button=("Open coverage", context.page("period_coverage")),
        footer="Both calendars follow by themselves.",
    )


def _declined(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Not approved: {context.get('role')}, {_when(context)}",
        headline="The plan stays as it was",
        facts=_facts(context),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"{context.get('by')} did not approve that {context.get('taken_by')} takes this.",
    )


def _unanswered(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Nobody took {context.get('role')}, {_when(context)}",
        headline="Nobody has taken this yet",
        paragraphs=("Call somebody, put somebody on duty, or take it yourself.",),
        facts=_facts(context),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"{context.get('asked_by')} asked for cover in {context.period.name}.",
    )


def _taken_over(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"{context.get('person')} took over {context.get('role')}",
        headline=f"{context.name}, {context.get('person')} is on {context.get('role')} instead of you",
        facts=(*context.fact("From", "starts_at"), *context.fact("To", "ends_at")),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"{context.get('by')} changed the plan of {context.period.name}.",
    )


def _planned(context: MessageContext) -> MessageContent:
    spans = tuple(
        time_span_with_utc(datetime.fromisoformat(a), datetime.fromisoformat(b), context.zone)
        for a, b in context.get("shifts", [])
    )
    return MessageContent(
        subject=f"Your shifts changed: {context.get('title')}, {context.period.name}",
        headline=f"{context.name}, your coming shifts changed",
        facts=(KeyFact("What", context.get("title")),),
        parts=(BulletList("New or changed, the first of them", spans),) if spans else (),
        button=("My shifts", context.page("period_coverage")),
        footer=f"{context.get('by') or 'Hypercare'} changed the plan of {context.period.name}. Your calendar follows.",
    )


def _away(context: MessageContext) -> MessageContent:
    count = context.get("shifts", 0)
    return MessageContent(
        subject=f"{context.get('person')} is away, {_when(context)}",
        headline=f"{context.get('person')} is away while on duty",
        paragraphs=(f"{count} {'shift needs' if count == 1 else 'shifts need'} somebody else.",),
        facts=(*context.fact("From", "starts_at"), *context.fact("To", "ends_at")),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"You get this because you lead {context.period.name}.",
    )


def _ahead(context: MessageContext) -> MessageContent:
    gaps = tuple(
        f"{gap['role']}: "
        + time_span_with_utc(datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"]), context.zone)
        for gap in context.get("gaps", [])
    )
    return MessageContent(
        subject=f"Somebody is missing in the coming week: {context.period.name}",
        headline="Somebody is missing on duty in the coming week",
        parts=(BulletList("Find somebody for", gaps),),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"You lead {context.period.name}. Each gap is told once here, and hourly in its last 24 hours.",
    )


def _coverage_gap(context: MessageContext) -> MessageContent:
    gaps = [
        (gap["role"], datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"]))
        for gap in context.get("gaps", [])
    ]
    role, first, _ = gaps[0]
    return MessageContent(
        subject=f"Nobody on duty: {role}, {short_time(first, context.zone)}, {context.period.name}",
        headline="Somebody is missing on duty within the next 24 hours",
        parts=(
            BulletList(
                "Find somebody for",
                tuple(f"{role}: {time_span_with_utc(start, end, context.zone)}" for role, start, end in gaps),
            ),
        ),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"You lead {context.period.name} and get this hourly until somebody is on duty. "
        f"Times are {zone_note(context)}.",
    )


def _shift_changed(context: MessageContext) -> MessageContent:
    cancelled = context.get("what") == "cancelled"
    start, end = context.time("starts_at"), context.time("ends_at")
    when = time_span(start, end, context.zone) if start and end else ""
    return MessageContent(
        subject=f"{'Shift cancelled' if cancelled else 'Your shift'}: {context.get('role')}, {when}",
        headline=f"{context.name}, you are {'no longer ' if cancelled else ''}on duty {when}",
        facts=(
            KeyFact("Duty", context.get("role")),
            *context.fact("From", "starts_at"),
            *context.fact("To", "ends_at"),
        ),
        button=("Open coverage", context.page("period_coverage")),
        footer=f"{context.get('by') or 'Hypercare'} changed the plan of {context.period.name}.",
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "cover_asked": _asked,
    "cover_approve": _approve,
    "cover_done": _done,
    "cover_declined": _declined,
    "cover_unanswered": _unanswered,
    "shift_taken_over": _taken_over,
    "shifts_planned": _planned,
    "absence": _away,
    "coverage_gap": _coverage_gap,
    "shift_changed": _shift_changed,
    "coverage_ahead": _ahead,
}
