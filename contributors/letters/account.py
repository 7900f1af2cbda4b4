"""What concerns a person's own ways, and what could not be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings

from contributors.stationery import Case, Fact, Letter, Part

_WHAT = {"page": "A page", "invitation": "An invitation", "test": "A test page"}


def _undelivered(case: Case) -> Letter:
    who = case.get("who")
    return Letter(
        subject=f"{who} could not be told ({case.period.name})",
        headline=f"{_WHAT.get(case.get('kind'), 'A message')} did not reach {who}",
        paragraphs=("Call them, or have somebody else take it.",),
        facts=(Fact("Why", case.get("error") or "The reason is not known"),),
        button=("Open the deliveries", case.page("contributors:deliveries")),
        footer=f"You get this because you answer for {case.period.name} and Hypercare has no other way to reach {who}.",
        is_alarm=True,
    )


def _test(case: Case) -> Letter:
    by = case.get("by")
    return Letter(
        subject="Test page from Hypercare: nothing is wrong",
        headline=f"{case.name}, this is a test. Pages reach you here.",
        paragraphs=(f"{by} asked for it." if by else "You asked for it.", "There is nothing to do."),
        facts=case.fact("Asked for", "asked_at"),
        button=("Open your settings", f"{settings.BASE_URL}/settings/"),
        footer="A real page looks like this one, with a red head and a button that says you have it.",
        is_alarm=True,
    )


def _contact_code(case: Case) -> Letter:
    code = case.get("code")
    return Letter(
        subject=f"{code} is your Hypercare code",
        headline=f"{code[:3]} {code[3:]}",
        paragraphs=(
            f"Enter this code in Hypercare, so that “{case.get('label')}” counts as a way to reach you.",
        ),
        button=("Open Hypercare", case.own_page("contributors:contacts")),
        note="It works for 15 minutes. If you did not ask for it, do nothing: nobody is reached here without it.",
        footer="You get this because somebody added this address in Hypercare.",
    )


def _more_messages(case: Case) -> Letter:
    items = case.get("items", [])
    count = "1 more message" if len(items) == 1 else f"{len(items)} more messages"
    return Letter(
        subject=f"{count} from Hypercare",
        headline=f"{case.name}, {count} of the last hour",
        parts=(Part("In short", tuple(f"{item['title']}\n{item['url']}" for item in items)),),
        button=("Open Hypercare", case.own_page("home")),
        footer="Hypercare sends you at most 20 messages an hour and the rest in one. Pages always come at once.",
    )


def _webhook_trouble(case: Case) -> Letter:
    name, gone = case.get("name"), case.get("gone")
    return Letter(
        subject=f"{'Turned off' if gone else 'Not delivered'}: webhook “{name}” of {case.period.name}",
        headline=f"“{name}” {'has ended' if gone else 'does not take what it is sent'}",
        paragraphs=(
            "The receiver says that it is gone for good, so the webhook was turned off."
            if gone
            else "An event could not be delivered. You hear of this once a day; the page lists all of them.",
        ),
        facts=(
            Fact("Address", case.get("address")),
            Fact("Why", case.get("why") or "The reason is not known"),
        ),
        button=("Open the webhook", case.page("contributors:webhook", pk=case.get("hook"))),
        note="There, everything that failed since a moment can be sent again.",
        footer=f"You get this because you lead {case.period.name}.",
    )


def _event(case: Case) -> Letter:
    """What the lists call it: a receiver is sent the document, not these words."""
    kind = case.get("event", {}).get("type", "event")
    button = ("Open the period", case.page("period_overview"))
    return Letter(subject=f"{kind} ({case.period.key})", headline=kind, button=button)


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "undelivered": _undelivered,
    "more_messages": _more_messages,
    "test": _test,
    "contact_code": _contact_code,
    "webhook_trouble": _webhook_trouble,
    "event": _event,
}
