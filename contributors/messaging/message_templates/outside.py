"""What people outside are told. No names, no keys: they know neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.messaging import external_recipients
from contributors.messaging.blocks import KeyFact, MessageContent, MessageContext, local_time, zone_note


def _button(context: MessageContext) -> tuple[str, str] | None:
    url = external_recipients.status_url(context.delivery.context)
    return ("Open the status page", url) if url else None


def _confirm(context: MessageContext) -> MessageContent:
    about = context.get("about") or context.get("page")
    return MessageContent(
        subject=f"Confirm: updates about {about}",
        headline=f"Do you want updates about {about}?",
        paragraphs=("Somebody, most likely you, asked for them with this address. Confirm it to get them.",),
        button=("Confirm", external_recipients.subscription_url(context.delivery.context)),
        note="Opening this email does nothing by itself.",
        footer="If it wasn’t you, do nothing: you get no more mail, and the address is deleted in 3 days.",
    )


def _update(context: MessageContext) -> MessageContent:
    next_by = context.time("next_by")
    return MessageContent(
        subject=f"{context.get('page')}: {context.get('title')} ({context.get('state').lower()})",
        headline=context.get("title"),
        paragraphs=(context.get("text"),),
        facts=(
            KeyFact("Now", context.get("state")),
            *((KeyFact("Concerns", ", ".join(context.get("components"))),) if context.get("components") else ()),
            *((KeyFact("Next update", f"by {local_time(next_by, context.zone)}"),) if next_by else ()),
        ),
        button=_button(context),
        footer=f"You get this because you asked for updates about {context.get('about') or context.get('page')}.",
    )


def _received(context: MessageContext) -> MessageContent:
    reference = context.get("reference")
    return MessageContent(
        subject=f"We have your report {reference}",
        headline="We have your report",
        paragraphs=("A person reads it. You hear when somebody works on it and when it is solved.",),
        facts=(KeyFact("Reference", reference), KeyFact("You wrote", context.get("text"))),
        button=("See where it stands", external_recipients.receipt_url(context.delivery.context)),
        footer=_because(context),
    )


def _progress(context: MessageContext) -> MessageContent:
    reference = context.get("reference")
    return MessageContent(
        subject=f"{context.get('words')}: your report {reference}",
        headline=context.get("words"),
        paragraphs=(context.get("sentence"),) if context.get("sentence") else (),
        facts=(KeyFact("Reference", reference), KeyFact("You wrote", context.get("text"))),
        button=("Open your report", external_recipients.receipt_url(context.delivery.context)),
        footer=_because(context),
    )


def _because(context: MessageContext) -> str:
    why = f"You get this because you reported a problem with {context.get('page')}."
    return f"{why} The link is only for you: please don’t forward it."


def _replied(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"[{context.get('severity')}] {context.get('key')} {context.get('title')}",
        headline=f"The reporter of {context.get('key')} wrote",
        paragraphs=(context.get("text"),),
        facts=(KeyFact("What", context.get("title")),),
        button=(f"Open {context.get('key')}", context.page("incident", number=context.get("number"))),
        footer="You get this because it is yours, or because you lead the period and it is nobody’s.",
    )


def _promised(context: MessageContext) -> MessageContent:
    due_at, late = context.time("next_by"), context.get("how") == "late"
    time = f"{due_at.astimezone(context.zone):%H:%M} {zone_note(context)}" if due_at else ""
    return MessageContent(
        subject=f"{'Late: ' if late else ''}update promised by {time}: {context.get('title')}",
        headline=f"The next update was promised by {time}." if late else f"The next update is promised by {time}.",
        paragraphs=("People outside are waiting. A short word that the work goes on is an update too.",),
        facts=(KeyFact("What", context.get("title")), *context.fact("Promised by", "next_by")),
        button=("Write the update", context.page("period_comms")),
        footer="You get this once before a promised time and once after it, because you lead or wrote the last one.",
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "subscriber_confirm": _confirm,
    "notice_update": _update,
    "update_promised": _promised,
    "report_received": _received,
    "report_progress": _progress,
    "incident_replied": _replied,
}
OUTSIDE = frozenset({"subscriber_confirm", "notice_update", "report_received", "report_progress"})
