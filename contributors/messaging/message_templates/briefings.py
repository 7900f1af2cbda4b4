"""The daily report to stakeholders, and word to the lead that it is drafted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.messaging.blocks import BulletList, KeyFact, MessageContent, MessageContext, local_time, parse_moment
from periods.calendar.window_days import WindowDay


def _report(context: MessageContext) -> MessageContent:
    figures = context.get("figures", {})
    ends_at = parse_moment(figures.get("ends_at"))
    day = WindowDay(figures.get("day", 0), figures.get("days", 0))
    colour = context.get("colour").capitalize()
    lists = (("Top issues", context.get("issues")), ("Decisions needed", context.get("decisions")))
    return MessageContent(
        subject=f"{colour}, {day.words}: {context.period.name}",
        headline=f"{colour}: {context.get('reason')}",
        paragraphs=(context.get("impact"),) if context.get("impact") else (),
        facts=(
            KeyFact("Day", day.words.removeprefix("day ")),
            KeyFact(
                "Open",
                f"{figures.get('open')}, of these {figures.get('p1')} P1 and {figures.get('p2')} P2",
                f"was {figures.get('open_before')} a day ago",
            ),
            KeyFact("In 24 h", f"{figures.get('arrived')} new, {figures.get('resolved')} resolved"),
            KeyFact(
                "Exit",
                f"{figures.get('met')} of {figures.get('criteria')} criteria met",
                f"planned for {local_time(ends_at, context.zone)}" if ends_at else "",
            ),
        ),
        parts=tuple(BulletList(title, tuple(text.splitlines())) for title, text in lists if text),
        button=("Open the report", _page(context)),
        footer=f"{context.get('by')} approved it. You get it because you answer for {context.period.name} or watch it.",
    )


def _page(context: MessageContext) -> str:
    """The report of the day on which it was drafted, in the period's zone."""
    drafted_at = context.time("drafted_at")
    if drafted_at is None:
        return context.page("comms:reports")
    return context.page("comms:report", on=drafted_at.astimezone(context.period.zone).date().isoformat())


def _drafted(context: MessageContext) -> MessageContent:
    return MessageContent(
        subject=f"Today’s stakeholder report is drafted: {context.period.name}",
        headline=f"{context.get('colour').capitalize()}: {context.get('reason')}",
        paragraphs=("Nobody has it yet. Look at it, say what the business feels, and send it.",),
        button=("Open the draft", _page(context)),
        footer=f"You lead {context.period.name}.",
    )


KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    "stakeholder_report": _report,
    "report_drafted": _drafted,
}
