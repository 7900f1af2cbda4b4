"""What everybody in a period hears: decisions, its start, its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.messaging.blocks import BulletList, KeyFact, MessageContent, MessageContext, war_room_facts
from periods.calendar.window_days import WindowDay


def _go_decision(context: MessageContext) -> MessageContent:
    outcome = context.get("outcome", "Go")
    conditions = tuple(context.get("conditions", []))
    return MessageContent(
        subject=f"{outcome}: {context.period.name}",
        headline=f"The decision is: {outcome.lower()}",
        paragraphs=(context.get("reason"),) if context.get("reason") else (),
        facts=context.fact("Go-live", "go_live_at"),
        parts=(BulletList("Conditions", conditions),) if conditions else (),
        button=("Open the go/no-go page", context.page("period_go")),
        footer=f"{context.get('by')} decided." if context.get("by") else "A condition of the go was not met in time.",
    )


def _period_started(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Live: {context.period.name}",
        headline=f"{context.period.name} is live",
        paragraphs=("Report what you see, however small: two fields are enough.",),
        facts=(*context.fact("Since", "at"), *context.fact("Planned end", "ends_at"), *war_room_facts(context)),
        button=("Open the overview", context.page("period_overview")),
        footer=f"{context.get('by') or 'Hypercare'} started the period.",
    )


def _period_closed(context: MessageContext) -> MessageContent:
    how = context.get("how", "closed")
    return MessageContent(
        subject=f"{how.capitalize()}: {context.period.name}",
        headline=f"{context.period.name} is {how}",
        paragraphs=_what_follows(context, how),
        facts=context.fact("Since", "at"),
        button=("Open the period", context.page("period_overview")),
        footer=f"{context.get('by') or 'Hypercare'} decided. You get this because you are part of it.",
    )


def _what_follows(context: MessageContext, how: str) -> tuple[str, ...]:
    if how != "closed" or not context.period.bau_owner:
        return ("Your shifts and checks for it no longer stand.",)
    return (f"Thank you. From now on {context.period.bau_owner} and the usual team look after it.",)


def _exit_signed(context: MessageContext) -> MessageContent:
    by, role = context.get("by") or "Somebody", context.get("role")
    return MessageContent(
        subject=f"Signed by {by}: {context.period.name} may close",
        headline=f"{by} signed that the period may close",
        facts=(KeyFact("As", role), *((KeyFact("Comment", context.get("comment")),) if context.get("comment") else ())),
        button=("Open the exit review", context.page("period_exit")),
        footer=f"It closes once both the BAU owner and the sponsor of {context.period.name} have signed.",
    )


def _weekly_summary(context: MessageContext) -> MessageContent:
    name, left = context.period.name, context.get("days_left", 0)
    day = WindowDay(context.get("day"), context.get("days")) if context.get("day") else None
    ahead = f"{left} {'day' if left == 1 else 'days'} to go-live" if left > 0 else "Go-live is today or past"
    return MessageContent(
        subject=f"Week in review: {name}, {day.words}" if day else f"{ahead}: {name}",
        headline=str(day) if day else ahead,
        facts=(*context.fact("Go-live", "go_live_at"), *context.fact("Ends", "ends_at")),
        parts=tuple(BulletList(part["title"], tuple(part["lines"])) for part in context.get("parts", [])),
        button=("Open the overview", context.page("period_overview"))
        if day
        else ("Open readiness", context.page("period_readiness")),
        footer=f"You get this on Mondays because you lead or sponsor {name}.",
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "go_decision": _go_decision,
    "period_started": _period_started,
    "weekly_summary": _weekly_summary,
    "period_closed": _period_closed,
    "exit_signed": _exit_signed,
}
