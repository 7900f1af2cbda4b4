"""The daily report to stakeholders, and word to the lead that it is drafted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.stationery import Case, Fact, Letter, Part, local, moment


def _report(case: Case) -> Letter:
    figures = case.get("figures", {})
    ends_at = moment(figures.get("ends_at"))
    colour = case.get("colour").capitalize()
    lists = (("Top issues", case.get("issues")), ("Decisions needed", case.get("decisions")))
    return Letter(
        subject=f"{colour}, day {figures.get('day')} of {figures.get('days')}: {case.period.name}",
        headline=f"{colour}: {case.get('reason')}",
        paragraphs=(case.get("impact"),) if case.get("impact") else (),
        facts=(
            Fact("Day", f"{figures.get('day')} of {figures.get('days')}"),
            Fact("Open", f"{figures.get('open')}, of these {figures.get('p1')} P1 and {figures.get('p2')} P2",
                 f"was {figures.get('open_before')} a day ago"),
            Fact("In 24 h", f"{figures.get('arrived')} new, {figures.get('resolved')} resolved"),
            Fact("Exit", f"{figures.get('met')} of {figures.get('criteria')} criteria met",
                 f"planned for {local(ends_at, case.zone)}" if ends_at else ""),
        ),
        parts=tuple(Part(title, tuple(text.splitlines())) for title, text in lists if text),
        button=("Open the report", _page(case)),
        footer=f"{case.get('by')} approved it. You get it because you answer for {case.period.name} or watch it.",
    )  # fmt: skip


def _page(case: Case) -> str:
    """The report of the day on which it was drafted, in the period's zone."""
    drafted_at = case.time("drafted_at")
    if drafted_at is None:
        return case.page("comms:reports")
    return case.page("comms:report", on=drafted_at.astimezone(case.period.zone).date().isoformat())


def _drafted(case: Case) -> Letter:
    return Letter(
        subject=f"Today’s stakeholder report is drafted: {case.period.name}",
        headline=f"{case.get('colour').capitalize()}: {case.get('reason')}",
        paragraphs=("Nobody has it yet. Look at it, say what the business feels, and send it.",),
        button=("Open the draft", _page(case)),
        footer=f"You lead {case.period.name}.",
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {"stakeholder_report": _report, "report_drafted": _drafted}
