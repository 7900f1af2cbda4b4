"""What people are asked before go-live, and what is said of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.stationery import Case, Fact, Letter, Part, asked, span_twice, spans


def _invitation(case: Case) -> Letter:
    role = case.get("role")
    duty = f"You are on {role} for {case.period.name}." if role else f"You are part of {case.period.name}."
    shifts = spans(case, "shifts")
    more = case.get("shifts_in_all", len(shifts)) - len(shifts)
    own = (Fact("Your shifts", "; ".join(shifts), f"and {more} more" if more else ""),) if shifts else ()
    return Letter(
        subject=f"Are you ready for {case.period.name}?",
        headline=f"{case.name}, please confirm you are ready",
        paragraphs=(f"{duty} It takes about a minute, on your phone.",),
        facts=(*case.fact("Go-live", "go_live_at"), *own, *case.answer_by()),
        button=("Confirm you are ready", case.link()),
        note="Something missing, or can't make a shift? Use the same link and say so. That is a fine answer.",
        footer=f"{asked(case)} {case.link_life()}",
    )


def _readiness_reminder(case: Case) -> Letter:
    return _own_reminder(case) if case.get("link") else _waiting_for(case)


def _own_reminder(case: Case) -> Letter:
    return Letter(
        subject=f"Still to do: are you ready for {case.period.name}?",
        headline=f"{case.name}, your answer is missing",
        paragraphs=(f"{_days(case)} to go-live, and you have not said whether you are ready.",),
        facts=case.fact("Go-live", "go_live_at"),
        parts=_waiting_part(case),
        button=("Confirm you are ready", case.link()),
        note="If something is missing, say so with the same link. That is a fine answer.",
        footer=f"{asked(case)} {case.link_life()}",
    )


def _waiting_for(case: Case) -> Letter:
    count = len(case.get("waiting", []))
    people = "1 person has" if count == 1 else f"{count} people have"
    return Letter(
        subject=f"{people} not confirmed for {case.period.name}",
        headline=f"{people} not confirmed they are ready",
        paragraphs=(
            f"{_days(case)} to go-live. They have been reminded; a call helps more than another mail.",
        ),
        facts=case.fact("Go-live", "go_live_at"),
        parts=_waiting_part(case),
        button=("Open readiness", case.page("period_readiness")),
        footer=f"You get this because you answer for {case.period.name}.",
    )


def _days(case: Case) -> str:
    days = case.get("days", 1)
    return "1 day" if days == 1 else f"{days} days"


def _waiting_part(case: Case) -> tuple[Part, ...]:
    waiting = case.get("waiting", [])
    return (Part("No answer yet", tuple(waiting)),) if waiting else ()


def _readiness_problem(case: Case) -> Letter:
    person = case.get("person", "Somebody")
    said = "is no longer ready" if case.get("withdrew") else "says something is missing"
    missed = tuple(
        f"{role}: {span_twice(datetime.fromisoformat(start), datetime.fromisoformat(end), case.zone)}"
        for role, start, end in case.get("shifts", [])
    )
    return Letter(
        subject=f"{'No longer' if case.get('withdrew') else 'Not'} ready: {person}, {case.period.name}",
        headline=f"{person} {said}",
        facts=(Fact("What", case.get("note")), *case.fact("Go-live", "go_live_at")),
        parts=(Part("Who works these?", missed),) if missed else (),
        button=("Open readiness", case.page("period_readiness")),
        footer=f"You get this because you lead {case.period.name}.",
    )


def _readiness_replied(case: Case) -> Letter:
    by = case.get("by") or "The lead"
    return Letter(
        subject=f"{by} answered: are you ready for {case.period.name} now?",
        headline=f"{case.name}, {by} answered what you miss",
        paragraphs=(case.get("reply"),),
        facts=case.fact("Go-live", "go_live_at"),
        button=("Say whether you are ready", case.link()),
        note="Still missing? Say so with the same link.",
        footer=f"{by} asked you. {case.link_life()}",
    )


def _readiness_again(case: Case) -> Letter:
    changes = tuple(case.get("changes", []))
    return Letter(
        subject=f"Please confirm again: {case.period.name}",
        headline=f"{case.name}, something changed since you said you are ready",
        paragraphs=("It takes a moment: you are asked only about what changed.",),
        facts=case.fact("Go-live", "go_live_at"),
        parts=(Part("What changed", changes),) if changes else (),
        button=("See what changed and confirm", case.link()),
        note="If it does not suit you, say so with the same link. That is a fine answer.",
        footer=f"{asked(case)} {case.link_life()}",
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "invitation": _invitation,
    "readiness_reminder": _readiness_reminder,
    "readiness_problem": _readiness_problem,
    "readiness_replied": _readiness_replied,
    "readiness_again": _readiness_again,
}
