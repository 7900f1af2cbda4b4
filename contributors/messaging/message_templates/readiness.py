"""What people are asked before go-live, and what is said of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.messaging.blocks import (
    BulletList,
    KeyFact,
    MessageContent,
    MessageContext,
    asked_by,
    list_time_spans,
    time_span_with_utc,
)


def _invitation(context: MessageContext) -> MessageContent:
    role = context.get("role")
    duty = f"You are on {role} for {context.period.name}." if role else f"You are part of {context.period.name}."
    shifts = list_time_spans(context, "shifts")
    more = context.get("shifts_in_all", len(shifts)) - len(shifts)
    own = (KeyFact("Your shifts", "; ".join(shifts), f"and {more} more" if more else ""),) if shifts else ()
    return MessageContent(
        subject=f"Are you ready for {context.period.name}?",
        headline=f"{context.name}, please confirm you are ready",
        paragraphs=(f"{duty} It takes about a minute, on your phone.",),
        facts=(*context.fact("Go-live", "go_live_at"), *own, *context.answer_by()),
        button=("Confirm you are ready", context.link()),
        note="Something missing, or can't make a shift? Use the same link and say so. That is a fine answer.",
        footer=f"{asked_by(context)} {context.link_life()}",
    )


def _readiness_reminder(context: MessageContext) -> MessageContent:
    return _own_reminder(context) if context.get("link") else _waiting_for(context)


def _own_reminder(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Still to do: are you ready for {context.period.name}?",
        headline=f"{context.name}, your answer is missing",
        paragraphs=(f"{_days(context)} to go-live, and you have not said whether you are ready.",),
        facts=context.fact("Go-live", "go_live_at"),
        parts=_waiting_part(context),
        button=("Confirm you are ready", context.link()),
        note="If something is missing, say so with the same link. That is a fine answer.",
        footer=f"{asked_by(context)} {context.link_life()}",
    )


def _waiting_for(context: MessageContext) -> MessageContent:
    count = len(context.get("waiting", []))
    people = "1 person has" if count == 1 else f"{count} people have"
    return MessageContent(
        subject=f"{people} not confirmed for {context.period.name}",
        headline=f"{people} not confirmed they are ready",
        paragraphs=(f"{_days(context)} to go-live. They have been reminded; a call helps more than another mail.",),
        facts=context.fact("Go-live", "go_live_at"),
        parts=_waiting_part(context),
        button=("Open readiness", context.page("period_readiness")),
        footer=f"You get this because you answer for {context.period.name}.",
    )


def _days(context: MessageContext) -> str:
    days = context.get("days", 1)
    return "1 day" if days == 1 else f"{days} days"


def _waiting_part(context: MessageContext) -> tuple[BulletList, ...]:
    waiting = context.get("waiting", [])
    return (BulletList("No answer yet", tuple(waiting)),) if waiting else ()


def _readiness_problem(context: MessageContext) -> MessageContent:
    person = context.get("person", "Somebody")
    said = "is no longer ready" if context.get("withdrew") else "says something is missing"
    missed = tuple(
        f"{role}: {time_span_with_utc(datetime.fromisoformat(start), datetime.fromisoformat(end), context.zone)}"
        for role, start, end in context.get("shifts", [])
    )
    return MessageContent(
        subject=f"{'No longer' if context.get('withdrew') else 'Not'} ready: {person}, {context.period.name}",
        headline=f"{person} {said}",
        facts=(KeyFact("What", context.get("note")), *context.fact("Go-live", "go_live_at")),
        parts=(BulletList("Who works these?", missed),) if missed else (),
        button=("Open readiness", context.page("period_readiness")),
        footer=f"You get this because you lead {context.period.name}.",
    )


def _readiness_replied(context: MessageContext) -> MessageContent:
    by = context.get("by") or "The lead"
    return MessageContent(
        subject=f"{by} answered: are you ready for {context.period.name} now?",
        headline=f"{context.name}, {by} answered what you miss",
        paragraphs=(context.get("reply"),),
        facts=context.fact("Go-live", "go_live_at"),
        button=("Say whether you are ready", context.link()),
        note="Still missing? Say so with the same link.",
        footer=f"{by} asked you. {context.link_life()}",
    )


def _readiness_again(context: MessageContext) -> MessageContent:
    changes = tuple(context.get("changes", []))
    return MessageContent(
        subject=f"Please confirm again: {context.period.name}",
        headline=f"{context.name}, something changed since you said you are ready",
        paragraphs=("It takes a moment: you are asked only about what changed.",),
        facts=context.fact("Go-live", "go_live_at"),
        parts=(BulletList("What changed", changes),) if changes else (),
        button=("See what changed and confirm", context.link()),
        note="If it does not suit you, say so with the same link. That is a fine answer.",
        footer=f"{asked_by(context)} {context.link_life()}",
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "invitation": _invitation,
    "readiness_reminder": _readiness_reminder,
    "readiness_problem": _readiness_problem,
    "readiness_replied": _readiness_replied,
    "readiness_again": _readiness_again,
}
