"""What messages about incidents say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.messaging.blocks import KeyFact, MessageContent, MessageContext, zone_label, zone_note


def _page(context: MessageContext) -> MessageContent:
    severity, goes_at = context.get("severity"), context.time("goes_at")
    goes_to = context.get("goes_to")
    next_ = (
        f" Goes to {goes_to} at {goes_at.astimezone(context.zone):%H:%M} {zone_label(goes_at, context.zone)}."
        if goes_to and goes_at
        else ""
    )
    what = context.get("description") or context.get("title")
    return MessageContent(
        subject=_incident_subject(context),
        headline=f"{severity} page for you.{next_}".strip(),
        paragraphs=(context.get("note"),) if context.get("note") else (),
        facts=(KeyFact("What", what), *_system(context), *context.fact("Since", "reported_at")),
        button=("Acknowledge", context.link()),
        note="Opens a page with one button. Opening this email does nothing by itself.",
        footer=f"Hypercare paged you because nobody has acknowledged this yet. {context.link_life()}",
        is_alarm=True,
    )


def _incident_subject(context: MessageContext, prefix: str = "") -> str:
    return f"{prefix}[{context.get('severity')}] {context.get('key')} {context.get('title')}"


def _system(context: MessageContext) -> tuple[KeyFact, ...]:
    return (KeyFact("System", context.get("component")),) if context.get("component") else ()


def _incident_assigned(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=_incident_subject(context),
        headline=f"{context.name}, this is yours now",
        facts=(KeyFact("What", context.get("title")), *_system(context), *context.fact("Since", "reported_at")),
        button=(f"Open {context.get('key')}", context.page("incident", number=context.get("number"))),
        footer=f"{context.get('by') or 'Hypercare'} assigned it to you.",
    )


def _incident_resolved(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=_incident_subject(context, "Resolved: "),
        headline=f"{context.get('key')} is resolved",
        facts=(
            KeyFact("What", context.get("title")),
            *((KeyFact("How", context.get("resolution")),) if context.get("resolution") else ()),
            *((KeyFact("Still fires", ", ".join(context.get("still_fires"))),) if context.get("still_fires") else ()),
            *context.fact("When", "at"),
        ),
        button=(f"Open {context.get('key')}", context.page("incident", number=context.get("number"))),
        footer=f"{context.get('by') or 'Hypercare'} resolved it in {context.period.name}.",
    )


def _incident_fires_again(context: MessageContext) -> MessageContent:
    times = context.get("times", 1)
    often = f", {times} times in the last ten minutes" if times > 1 else ""
    return MessageContent(
        subject=_incident_subject(context, "Fires again: "),
        headline=f"{context.get('alert')} cleared and fires again{often}",
        facts=(KeyFact("What", context.get("title")), *_system(context), *context.fact("Since", "at")),
        button=(f"Open {context.get('key')}", context.page("incident", number=context.get("number"))),
        footer=f"You own {context.get('key')}. While it goes on and off you hear of it once in ten minutes.",
    )


PARTS: Mapping[str, str] = {"commander": "incident commander", "comms": "comms lead", "scribe": "scribe"}


def _incident_role(context: MessageContext) -> MessageContent:
    part = PARTS.get(context.get("part"), "part of the war room")
    return MessageContent(
        subject=_incident_subject(context),
        headline=f"{context.name}, you are {part} now",
        facts=(KeyFact("What", context.get("title")),),
        button=(f"Open {context.get('key')}", context.page("incident", number=context.get("number"))),
        footer=f"{context.get('by') or 'Hypercare'} gave it to you. Hand it over on the same page.",
    )


def _incident_followed(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=_incident_subject(context),
        headline=f"{context.get('key')} {context.get('news')}",
        facts=(
            KeyFact("What", context.get("title")),
            *((KeyFact("News", context.get("said")),) if context.get("said") else ()),
            *context.fact("When", "at"),
        ),
        button=(f"Open {context.get('key')}", context.page("incident", number=context.get("number"))),
        footer=f"{context.get('by') or 'Hypercare'} wrote this. You follow {context.get('key')}.",
    )


CLOCK_WORDS: Mapping[str, str] = {
    "acknowledge": "acknowledge it",
    "update": "post the next update",
    "mitigate": "mitigate it",
    "resolve": "resolve it",
}


def _incident_rung(context: MessageContext) -> MessageContent:
    due_at, clock = context.time("due_at"), CLOCK_WORDS.get(context.get("clock"), "")
    time = f"{due_at.astimezone(context.zone):%H:%M} {zone_label(due_at, context.zone)}" if due_at else ""
    headlines = {
        "soon": f"Three quarters of the time to {clock} are used. Due {time}.",
        "late": f"The time to {clock} is over. It was due {time}.",
        "silent": f"No update since {time}. People are paged again.",
        "old": "A P1 has hurt for two hours.",
        "too_old": "A P1 still hurts. Whether to roll back is to be decided.",
        "woken": "The snooze is over. It is back in the open list.",
    }
    rung = context.get("rung")
    return MessageContent(
        subject=_incident_subject(context, {"late": "Late: ", "too_old": "Too long: "}.get(rung, "")),
        headline=headlines.get(rung, headlines["late"]),
        facts=(
            KeyFact("What", context.get("title")),
            *_system(context),
            KeyFact("Owner", context.get("owner") or "Nobody"),
            *context.fact("Since", "reported_at"),
        ),
        button=(f"Open {context.get('key')}", context.page("incident", number=context.get("number"))),
        footer=f"You get this once a deadline. Times are {zone_note(context)}.",
    )


def _rollback_asked(context: MessageContext) -> MessageContent:
    due_at, asked = context.time("due_at"), context.get("asked")
    by = f"{due_at.astimezone(context.zone):%H:%M} {zone_label(due_at, context.zone)}" if due_at else ""
    headline = (
        f"{asked} has not answered: roll back?" if context.get("escalated") else f"Roll back or hold? Decide by {by}."
    )
    return MessageContent(
        subject=_incident_subject(context, "Decide: "),
        headline=headline,
        paragraphs=(
            "It is a P1 and not mitigated. Rolling back, or holding with a reason until another look, is yours.",
        ),
        facts=(
            KeyFact("What", context.get("title")),
            *_system(context),
            *context.fact("Since", "reported_at"),
            KeyFact("Answer by", by),
        ),
        button=("Decide", context.page("incident", number=context.get("number"))),
        footer=f"You may decide on rolling back {context.period.name}. Times are {zone_note(context)}.",
        is_alarm=True,
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "rollback_asked": _rollback_asked,
    "page": _page,
    "incident_assigned": _incident_assigned,
    "incident_resolved": _incident_resolved,
    "incident_rung": _incident_rung,
    "incident_followed": _incident_followed,
    "incident_role": _incident_role,
    "incident_fires_again": _incident_fires_again,
}
