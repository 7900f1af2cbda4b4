"""What messages about shifts, cover and rotations say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.stationery import Case, Fact, Letter, Part, short, span, span_twice, zone_words


def _when(case: Case, first: str = "starts_at", last: str = "ends_at") -> str:
    start, end = case.time(first), case.time(last)
    return span(start, end, case.zone) if start and end else ""


def _facts(case: Case) -> tuple[Fact, ...]:
    back = (Fact("In return", case.get("back"), _when(case, "back_starts_at", "back_ends_at")),)
    why = (Fact("Why", case.get("reason")),)
    return (
        Fact("Duty", case.get("role")), *case.fact("From", "starts_at"), *case.fact("To", "ends_at"),
        *(back if case.get("back") else ()), *(why if case.get("reason") else ()),
    )  # fmt: skip


def _asked(case: Case) -> Letter:
    whose = f"{case.get('holder')}’s shift" if case.get("holder") else "a gap"
    return Letter(
        subject=f"Can you take {case.get('role')}, {_when(case)}?",
        headline=f"{case.name}, can you cover {whose} on {case.get('role')}?",
        facts=_facts(case),
        button=("Answer", case.link()),
        note="Opens a page with two buttons. Opening this email does nothing by itself.",
        footer=f"{case.get('asked_by')} asks you. Whoever takes it first has it. {case.link_life()}",
    )


def _approve(case: Case) -> Letter:
    return Letter(
        subject=f"Approve: {case.get('taken_by')} takes {case.get('role')}, {_when(case)}",
        headline=f"{case.get('taken_by')} would take this; it waits for you",
        facts=_facts(case),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"The role asks for your approval, because you lead {case.period.name}.",
    )


def _done(case: Case) -> Letter:
    instead = f" instead of {case.get('holder')}" if case.get("holder") else ""
    return Letter(
        subject=f"Covered: {case.get('role')}, {_when(case)}, by {case.get('taken_by')}",
        headline=f"{case.get('taken_by')} is on {case.get('role')}{instead}",
        facts=_facts(case),
        button=("Open coverage", case.page("period_coverage")),
        footer="Both calendars follow by themselves.",
    )


def _declined(case: Case) -> Letter:
    return Letter(
        subject=f"Not approved: {case.get('role')}, {_when(case)}",
        headline="The plan stays as it was",
        facts=_facts(case),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"{case.get('by')} did not approve that {case.get('taken_by')} takes this.",
    )


def _unanswered(case: Case) -> Letter:
    return Letter(
        subject=f"Nobody took {case.get('role')}, {_when(case)}",
        headline="Nobody has taken this yet",
        paragraphs=("Call somebody, put somebody on duty, or take it yourself.",),
        facts=_facts(case),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"{case.get('asked_by')} asked for cover in {case.period.name}.",
    )


def _taken_over(case: Case) -> Letter:
    return Letter(
        subject=f"{case.get('person')} took over {case.get('role')}",
        headline=f"{case.name}, {case.get('person')} is on {case.get('role')} instead of you",
        facts=(*case.fact("From", "starts_at"), *case.fact("To", "ends_at")),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"{case.get('by')} changed the plan of {case.period.name}.",
    )


def _planned(case: Case) -> Letter:
    spans = tuple(
        span_twice(datetime.fromisoformat(a), datetime.fromisoformat(b), case.zone)
        for a, b in case.get("shifts", [])
    )
    return Letter(
        subject=f"Your shifts changed: {case.get('title')}, {case.period.name}",
        headline=f"{case.name}, your coming shifts changed",
        facts=(Fact("What", case.get("title")),),
        parts=(Part("New or changed, the first of them", spans),) if spans else (),
        button=("My shifts", case.page("period_coverage")),
        footer=f"{case.get('by') or 'Hypercare'} changed the plan of {case.period.name}. Your calendar follows.",
    )


def _away(case: Case) -> Letter:
    count = case.get("shifts", 0)
    return Letter(
        subject=f"{case.get('person')} is away, {_when(case)}",
        headline=f"{case.get('person')} is away while on duty",
        paragraphs=(f"{count} {'shift needs' if count == 1 else 'shifts need'} somebody else.",),
        facts=(*case.fact("From", "starts_at"), *case.fact("To", "ends_at")),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"You get this because you lead {case.period.name}.",
    )


def _ahead(case: Case) -> Letter:
    gaps = tuple(
        f"{gap['role']}: "
        + span_twice(datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"]), case.zone)
        for gap in case.get("gaps", [])
    )
    return Letter(
        subject=f"Somebody is missing in the coming week: {case.period.name}",
        headline="Somebody is missing on duty in the coming week",
        parts=(Part("Find somebody for", gaps),),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"You lead {case.period.name}. Each gap is told once here, and hourly in its last 24 hours.",
    )


def _coverage_gap(case: Case) -> Letter:
    gaps = [
        (gap["role"], datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"]))
        for gap in case.get("gaps", [])
    ]
    role, first, _ = gaps[0]
    return Letter(
        subject=f"Nobody on duty: {role}, {short(first, case.zone)}, {case.period.name}",
        headline="Somebody is missing on duty within the next 24 hours",
        parts=(
            Part(
                "Find somebody for",
                tuple(f"{role}: {span_twice(start, end, case.zone)}" for role, start, end in gaps),
            ),
        ),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"You lead {case.period.name} and get this hourly until somebody is on duty. "
        f"Times are {zone_words(case)}.",
    )


def _shift_changed(case: Case) -> Letter:
    cancelled = case.get("what") == "cancelled"
    start, end = case.time("starts_at"), case.time("ends_at")
    when = span(start, end, case.zone) if start and end else ""
    return Letter(
        subject=f"{'Shift cancelled' if cancelled else 'Your shift'}: {case.get('role')}, {when}",
        headline=f"{case.name}, you are {'no longer ' if cancelled else ''}on duty {when}",
        facts=(Fact("Duty", case.get("role")), *case.fact("From", "starts_at"), *case.fact("To", "ends_at")),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"{case.get('by') or 'Hypercare'} changed the plan of {case.period.name}.",
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "cover_asked": _asked,
    "cover_approve": _approve,
    "cover_done": _done,
    "cover_declined": _declined,
    "cover_unanswered": _unanswered,
    "shift_taken_over": _taken_over,
    "shifts_planned": _planned,
    "absence": _away,
    "coverage_gap": _coverage_gap,
    "shift_changed": _shift_changed,
    "coverage_ahead": _ahead,
}
