"""What messages about checks say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contributors.stationery import Case, Fact, Letter, Part, short_twice, span_twice, zone_words


def _checklist_reminder(case: Case) -> Letter:
    late, soon = _checks(case, is_late=True), _checks(case, is_late=False)
    actions, more = _lines(case.get("actions", [])), case.get("more", 0)
    parts = {
        "Late": late, "Due by tomorrow": soon, "Late with others": tuple(case.get("others", [])),
        "Your actions": tuple(_said(item, case) for item in actions),
        "You are on duty": _times(case, "shifts"), "Debriefs today": _times(case, "debriefs_today"),
    }  # fmt: skip
    counts = [_count(len(late) + len(soon), "check"), _count(len(actions), "action")]
    count = " and ".join(words for words in counts if words)
    where = "" if case.get("several") else f" of {case.period.name}"
    has_checks = bool(late or soon or case.get("others"))
    return Letter(
        subject=_subject(case),
        headline=f"{case.name}, {count} for you" if count else "Checks are late",
        parts=tuple(Part(title, lines) for title, lines in parts.items() if lines),
        note=f"{more} more are on the lists." if more else "",
        button=(f"Open the checks of {case.period.name}", case.page("period_readiness"))
        if has_checks
        else (f"Open {case.period.name}", case.page("period_overview")),
        footer=f"You get this at most once a day, while checks or actions{where} that you answer for are due. "
        f"Times are {zone_words(case)}.",
    )


def _lines(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: (not item["late"], item["due_at"]))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""


def _said(item: Mapping[str, Any], case: Case) -> str:
    verb = "was due" if item["late"] else "due"
    blocks = ", blocks the go" if item.get("blocking") else ""
    return f"{item['title']}, {verb} {short_twice(datetime.fromisoformat(item['due_at']), case.zone)}{blocks}"


def _checks(case: Case, *, is_late: bool) -> tuple[str, ...]:
    return tuple(_said(item, case) for item in case.get("items", []) if item["late"] == is_late)


def _times(case: Case, name: str) -> tuple[str, ...]:
    return tuple(
        f"{what}, {span_twice(datetime.fromisoformat(start), datetime.fromisoformat(end), case.zone)}"
        for what, start, end in case.get(name, [])
    )


def _subject(case: Case) -> str:
    items, actions = case.get("items", []), case.get("actions", [])
    late = sum(item["late"] for item in (*items, *actions))
    soon = len(items) + len(actions) - late
    counts = [f"{late} late" if late else "", f"{soon} due by tomorrow" if soon else ""]
    said = ", ".join(count for count in counts if count) or "late with others"
    what = "To do" if actions else "Checks"
    return f"{what}: {said}" if case.get("several") else f"{what} for {case.period.name}: {said}"


def _waiver_ended(case: Case) -> Letter:
    reason, by = case.get("reason"), case.get("waived_by")
    return Letter(
        subject=f"Open again: {case.get('title')}, {case.period.name}",
        headline=f"The waiver of “{case.get('title')}” has ended",
        paragraphs=(
            "The check is open again" + (" and blocks the go." if case.get("blocking") else ".")
            + " Do it, or have it waived anew.",
        ),
        facts=(
            *((Fact("Waived because", reason, f"by {by}" if by else ""),) if reason else ()), *case.fact("Until", "at"),
        ),
        button=("Open the checklist", case.page("period_readiness")),
        footer=f"You get this because it is your check, or because you lead {case.period.name}.",
    )  # fmt: skip


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "checklist_reminder": _checklist_reminder,
    "waiver_ended": _waiver_ended,
}
