"""What messages about the conditions of a go, and about the way of a period afterwards, say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.stationery import Case, Fact, Letter, Part


def go_call(case: Case) -> Letter:
    """Somebody's vote, or the sponsor's decision, is asked."""
    decides, against = case.get("decides"), tuple(case.get("against", []))
    what = "decision" if decides else "vote"
    seats = (Fact("You vote as", ", ".join(case.get("roles", []))),) if not decides else ()
    return Letter(
        subject=f"Your {what} is asked: go or no-go, {case.period.name}",
        headline=f"{case.name}, everybody has voted. Go or no-go?"
        if decides
        else f"{case.name}, would you go live?",
        paragraphs=("A hold with a reason is a good answer: it says what must change first.",)
        if not decides
        else (),
        facts=(*seats, *case.fact("Go-live, and answer by", "go_live_at")),
        parts=(Part("What stands against a go now", against),) if against else (),
        button=("Decide" if decides else "Vote", case.page("period_go")),
        footer=f"{case.get('by') or 'The lead'} leads {case.period.name}, and no go is decided without you.",
    )


def condition_soon(case: Case) -> Letter:
    """A condition is due soon and still open."""
    return Letter(
        subject=f"Due soon: a condition for {case.period.name}",
        headline=f"{case.name or case.get('owner')}, this condition is still open",
        paragraphs=(
            "If it is not met by its deadline, the go ends by itself and the sponsor decides again.",
        ),
        facts=(Fact("Condition", case.get("text")), *case.fact("Deadline", "due_at")),
        button=("Say that it is met", case.page("go_met", pk=case.get("condition"))),
        footer=f"You get this because you own a condition of the go, or lead {case.period.name}.",
    )


def condition_unmet(case: Case) -> Letter:
    """A condition was not met although the period is live."""
    return Letter(
        subject=f"Condition not met: {case.period.name}",
        headline=f"A condition of the go was not met, and {case.period.name} is live",
        paragraphs=(f"{case.get('asked')} decides how to go on: keep going, fix forward or roll back.",),
        facts=(
            Fact("Condition", case.get("text")),
            Fact("Owner", case.get("owner")),
            *case.fact("Deadline was", "due_at"),
            *case.fact("Decide by", "decide_by"),
        ),
        button=("Open the go/no-go page", case.page("period_go")),
        footer=f"You get this because you sponsor or lead {case.period.name}, or own the condition.",
        is_alarm=True,
    )


MOVED = {
    "period.extended": ("Extended", "{name} goes on for a while"),
    "period.reopened": ("Reopened", "{name} is live again"),
    "period.relapsed": ("Live again", "{name} is live again: the calm is over"),
    "period.review_opened": ("Exit review", "The exit review of {name} is open"),
}


def period_moved(case: Case) -> Letter:
    """A period was extended, reopened, fell back to live, or is under its exit review."""
    word, headline = MOVED[case.get("how")]
    is_review = case.get("how") == "period.review_opened"
    return Letter(
        subject=f"{word}: {case.period.name}",
        headline=headline.format(name=case.period.name),
        paragraphs=(case.get("reason"),) if case.get("reason") else (),
        facts=case.fact("Ends", "ends_at"),
        button=("Open the exit review", case.page("period_exit"))
        if is_review
        else ("Open the overview", case.page("period_overview")),
        footer=f"{case.get('by')} decided."
        if case.get("by")
        else "It happened by the clock or by what the data say.",
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "go_call": go_call,
    "condition_soon": condition_soon,
    "condition_unmet": condition_unmet,
    "period_moved": period_moved,
}
