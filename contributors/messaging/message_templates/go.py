"""What messages about the conditions of a go, and about the way of a period afterwards, say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.messaging.blocks import BulletList, KeyFact, MessageContent, MessageContext


def go_call(context: MessageContext) -> MessageContent:
    """Somebody's vote, or the sponsor's decision, is asked."""
    decides, against = context.get("decides"), tuple(context.get("against", []))
    what = "decision" if decides else "vote"
    seats = (KeyFact("You vote as", ", ".join(context.get("roles", []))),) if not decides else ()
    return MessageContent(
        subject=f"Your {what} is asked: go or no-go, {context.period.name}",
        headline=f"{context.name}, everybody has voted. Go or no-go?"
        if decides
        else f"{context.name}, would you go live?",
        paragraphs=("A hold with a reason is a good answer: it says what must change first.",) if not decides else (),
        facts=(*seats, *context.fact("Go-live, and answer by", "go_live_at")),
        parts=(BulletList("What stands against a go now", against),) if against else (),
        button=("Decide" if decides else "Vote", context.page("period_go")),
        footer=f"{context.get('by') or 'The lead'} leads {context.period.name}, and no go is decided without you.",
    )


def condition_soon(context: MessageContext) -> MessageContent:
    """A condition is due soon and still open."""
    return MessageContent(
        subject=f"Due soon: a condition for {context.period.name}",
        headline=f"{context.name or context.get('owner')}, this condition is still open",
        paragraphs=("If it is not met by its deadline, the go ends by itself and the sponsor decides again.",),
        facts=(KeyFact("Condition", context.get("text")), *context.fact("Deadline", "due_at")),
        button=("Say that it is met", context.page("go_met", pk=context.get("condition"))),
        footer=f"You get this because you own a condition of the go, or lead {context.period.name}.",
    )


def condition_unmet(context: MessageContext) -> MessageContent:
    """A condition was not met although the period is live."""
    return MessageContent(
        subject=f"Condition not met: {context.period.name}",
        headline=f"A condition of the go was not met, and {context.period.name} is live",
        paragraphs=(f"{context.get('asked')} decides how to go on: keep going, fix forward or roll back.",),
        facts=(
            KeyFact("Condition", context.get("text")),
            KeyFact("Owner", context.get("owner")),
            *context.fact("Deadline was", "due_at"),
            *context.fact("Decide by", "decide_by"),
        ),
        button=("Open the go/no-go page", context.page("period_go")),
        footer=f"You get this because you sponsor or lead {context.period.name}, or own the condition.",
        is_alarm=True,
    )


MOVED = {
    "period.extended": ("Extended", "{name} goes on for a while"),
    "period.reopened": ("Reopened", "{name} is live again"),
    "period.relapsed": ("Live again", "{name} is live again: the calm is over"),
    "period.review_opened": ("Exit review", "The exit review of {name} is open"),
}


def period_moved(context: MessageContext) -> MessageContent:
    """A period was extended, reopened, fell back to live, or is under its exit review."""
    word, headline = MOVED[context.get("how")]
    is_review = context.get("how") == "period.review_opened"
    return MessageContent(
        subject=f"{word}: {context.period.name}",
        headline=headline.format(name=context.period.name),
        paragraphs=(context.get("reason"),) if context.get("reason") else (),
        facts=context.fact("Ends", "ends_at"),
        button=("Open the exit review", context.page("period_exit"))
        if is_review
        else ("Open the overview", context.page("period_overview")),
        footer=f"{context.get('by')} decided."
        if context.get("by")
        else "It happened by the clock or by what the data say.",
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "go_call": go_call,
    "condition_soon": condition_soon,
    "condition_unmet": condition_unmet,
    "period_moved": period_moved,
}
