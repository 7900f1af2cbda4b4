"""What concerns a person's own ways, and what could not be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings

from contributors.messaging.blocks import BulletList, KeyFact, MessageContent, MessageContext

_WHAT = {"page": "A page", "invitation": "An invitation", "test": "A test page"}


def _undelivered(context: MessageContext) -> MessageContent:
    who = context.get("who")
    return MessageContent(
        subject=f"{who} could not be told ({context.period.name})",
        headline=f"{_WHAT.get(context.get('kind'), 'A message')} did not reach {who}",
        paragraphs=("Call them, or have somebody else take it.",),
        facts=(KeyFact("Why", context.get("error") or "The reason is not known"),),
        button=("Open the deliveries", context.page("contributors:deliveries")),
        footer=(
            f"You get this because you answer for {context.period.name} and Hypercare has no other way to reach {who}."
        ),
        is_alarm=True,
    )


def _test(context: MessageContext) -> MessageContent:
    by = context.get("by")
    return MessageContent(
        subject="Test page from Hypercare: nothing is wrong",
        headline=f"{context.name}, this is a test. Pages reach you here.",
        paragraphs=(f"{by} asked for it." if by else "You asked for it.", "There is nothing to do."),
        facts=context.fact("Asked for", "asked_at"),
        button=("Open your settings", f"{settings.BASE_URL}/settings/"),
        footer="A real page looks like this one, with a red head and a button that says you have it.",
        is_alarm=True,
    )


def _contact_code(context: MessageContext) -> MessageContent:
    code = context.get("code")
    return MessageContent(
        subject=f"{code} is your Hypercare code",
        headline=f"{code[:3]} {code[3:]}",
        paragraphs=(f"Enter this code in Hypercare, so that “{context.get('label')}” counts as a way to reach you.",),
        button=("Open Hypercare", context.own_page("contributors:contacts")),
        note="It works for 15 minutes. If you did not ask for it, do nothing: nobody is reached here without it.",
        footer="You get this because somebody added this address in Hypercare.",
    )


def _more_messages(context: MessageContext) -> MessageContent:
    items = context.get("items", [])
    count = "1 more message" if len(items) == 1 else f"{len(items)} more messages"
    return MessageContent(
        subject=f"{count} from Hypercare",
        headline=f"{context.name}, {count} of the last hour",
        parts=(BulletList("In short", tuple(f"{item['title']}\n{item['url']}" for item in items)),),
        button=("Open Hypercare", context.own_page("home")),
        footer="Hypercare sends you at most 20 messages an hour and the rest in one. Pages always come at once.",
    )


def _webhook_trouble(context: MessageContext) -> MessageContent:
    name, gone = context.get("name"), context.get("gone")
    return MessageContent(
        subject=f"{'Turned off' if gone else 'Not delivered'}: webhook “{name}” of {context.period.name}",
        headline=f"“{name}” {'has ended' if gone else 'does not take what it is sent'}",
        paragraphs=(
            "The receiver says that it is gone for good, so the webhook was turned off."
            if gone
            else "An event could not be delivered. You hear of this once a day; the page lists all of them.",
        ),
        facts=(
            KeyFact("Address", context.get("address")),
            KeyFact("Why", context.get("why") or "The reason is not known"),
        ),
        button=("Open the webhook", context.page("contributors:webhook", pk=context.get("hook"))),
        note="There, everything that failed since a moment can be sent again.",
        footer=f"You get this because you lead {context.period.name}.",
    )


def _event(context: MessageContext) -> MessageContent:
    """What the lists call it: a receiver is sent the document, not these words."""
    kind = context.get("event", {}).get("type", "event")
    button = ("Open the period", context.page("period_overview"))
    return MessageContent(subject=f"{kind} ({context.period.key})", headline=kind, button=button)


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "undelivered": _undelivered,
    "more_messages": _more_messages,
    "test": _test,
    "contact_code": _contact_code,
    "webhook_trouble": _webhook_trouble,
    "event": _event,
}
