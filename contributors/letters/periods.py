"""What everybody in a period hears: decisions, its start, its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.stationery import Case, Fact, Letter, Part, where


def _go_decision(case: Case) -> Letter:
    outcome = case.get("outcome", "Go")
    conditions = tuple(case.get("conditions", []))
    return Letter(
        subject=f"{outcome}: {case.period.name}",
        headline=f"The decision is: {outcome.lower()}",
        paragraphs=(case.get("reason"),) if case.get("reason") else (),
        facts=case.fact("Go-live", "go_live_at"),
        parts=(Part("Conditions", conditions),) if conditions else (),
        button=("Open the go/no-go page", case.page("period_go")),
        footer=f"{case.get('by')} decided."
        if case.get("by")
        else "A condition of the go was not met in time.",
    )


def _period_started(case: Case) -> Letter:
    return Letter(
        subject=f"Live: {case.period.name}",
        headline=f"{case.period.name} is live",
        paragraphs=("Report what you see, however small: two fields are enough.",),
        facts=(*case.fact("Since", "at"), *case.fact("Planned end", "ends_at"), *where(case)),
        button=("Open the overview", case.page("period_overview")),
        footer=f"{case.get('by') or 'Hypercare'} started the period.",
    )


def _period_closed(case: Case) -> Letter:
    how = case.get("how", "closed")
    return Letter(
        subject=f"{how.capitalize()}: {case.period.name}",
        headline=f"{case.period.name} is {how}",
        paragraphs=_what_follows(case, how),
        facts=case.fact("Since", "at"),
        button=("Open the period", case.page("period_overview")),
        footer=f"{case.get('by') or 'Hypercare'} decided. You get this because you are part of it.",
    )


def _what_follows(case: Case, how: str) -> tuple[str, ...]:
    if how != "closed" or not case.period.bau_owner:
        return ("Your shifts and checks for it no longer stand.",)
    return (f"Thank you. From now on {case.period.bau_owner} and the usual team look after it.",)


def _exit_signed(case: Case) -> Letter:
    by, role = case.get("by") or "Somebody", case.get("role")
    return Letter(
        subject=f"Signed by {by}: {case.period.name} may close",
        headline=f"{by} signed that the period may close",
        facts=(Fact("As", role), *((Fact("Comment", case.get("comment")),) if case.get("comment") else ())),
        button=("Open the exit review", case.page("period_exit")),
        footer=f"It closes once both the BAU owner and the sponsor of {case.period.name} have signed.",
    )


def _weekly_summary(case: Case) -> Letter:
    name, day, left = case.period.name, case.get("day"), case.get("days_left", 0)
    ahead = f"{left} {'day' if left == 1 else 'days'} to go-live" if left > 0 else "Go-live is today or past"
    return Letter(
        subject=f"Week in review: {name}, day {day} of {case.get('days')}" if day else f"{ahead}: {name}",
        headline=f"Day {day} of {case.get('days')}" if day else ahead,
        facts=(*case.fact("Go-live", "go_live_at"), *case.fact("Ends", "ends_at")),
        parts=tuple(Part(part["title"], tuple(part["lines"])) for part in case.get("parts", [])),
        button=("Open the overview", case.page("period_overview"))
        if day
        else ("Open readiness", case.page("period_readiness")),
        footer=f"You get this on Mondays because you lead or sponsor {name}.",
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "go_decision": _go_decision,
    "period_started": _period_started,
    "weekly_summary": _weekly_summary,
    "period_closed": _period_closed,
    "exit_signed": _exit_signed,
}
