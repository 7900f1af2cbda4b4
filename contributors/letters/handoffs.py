"""What messages about hand-offs say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.stationery import Case, Fact, Letter, Part


def _facts(case: Case) -> tuple[Fact, ...]:
    return (Fact("Duty", case.get("role")), *case.fact("Shift ends", "due_at"))


def _page(case: Case) -> str:
    return case.page("contributors:handoff", pk=case.get("handoff"))


def _parts(case: Case) -> tuple[Part, ...]:
    return tuple(Part(title, tuple(lines)) for title, lines in case.get("parts", []))


def _write(case: Case) -> Letter:
    return Letter(
        subject=f"Write your hand-off note: {case.get('role')}",
        headline=f"{case.name}, {case.get('incoming')} takes over from you",
        paragraphs=("What is known is filled in. Add what only you know, and send it.",),
        facts=_facts(case),
        button=("Write the note", _page(case)),
        footer=f"You stay on duty for pages until {case.get('incoming')} has accepted.",
    )


def _ready(case: Case) -> Letter:
    return Letter(
        subject=f"Take over {case.get('role')} from {case.get('outgoing')}",
        headline=f"{case.name}, this is how {case.get('role')} stands",
        facts=_facts(case),
        parts=_parts(case),
        button=("Read and accept", case.link()),
        note="Opens a page with one button. Opening this email does nothing by itself.",
        footer=f"{case.get('outgoing')} stays on duty for pages until you accept. {case.link_life()}",
    )


def _accepted(case: Case) -> Letter:
    return Letter(
        subject=f"Handed over: {case.get('role')}",
        headline=f"{case.get('accepted_by')} accepted. Pages go to {case.get('incoming')} now",
        facts=_facts(case),
        button=("See the note", _page(case)),
        footer="You are off duty once your shift has ended.",
    )


def _overdue(case: Case) -> Letter:
    why = "The note waits" if case.get("written") else "No note was written, and nobody accepted"
    return Letter(
        subject=f"Nobody has taken over {case.get('role')}",
        headline=f"{case.get('outgoing')} is still on duty: {case.get('incoming')} has not accepted",
        paragraphs=(
            f"{why}. Call {case.get('incoming')}, or accept for them once you know that they have it.",
            f"Until then pages go to {case.get('outgoing')} first.",
        ),
        facts=_facts(case),
        button=("Open the hand-off", _page(case)),
        footer=f"A shift of {case.period.name} ended a quarter of an hour ago without a hand-off.",
        is_alarm=True,
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "handoff_write": _write,
    "handoff_ready": _ready,
    "handoff_accepted": _accepted,
    "handoff_overdue": _overdue,
}
