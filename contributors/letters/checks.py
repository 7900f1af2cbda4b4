"""What messages about checks say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from contributors.stationery import Case, Fact, Letter, Part, short, zone_words


def _checklist_reminder(case: Case) -> Letter:
    late, soon = _checks(case, is_late=True), _checks(case, is_late=False)
    others, more = tuple(case.get("others", [])), case.get("more", 0)
    parts = (("Late", late), ("Due by tomorrow", soon), ("Late with others", others))
    count = len(late) + len(soon)
    where = "" if case.get("several") else f" of {case.period.name}"
    return Letter(
        subject=_checks_subject(len(late), len(soon), case),
        headline=f"{case.name}, {count} {'check' if count == 1 else 'checks'} for you"
        if count
        else "Checks are late",
        parts=tuple(Part(title, lines) for title, lines in parts if lines),
        note=f"{more} more are on the lists." if more else "",
        button=(f"Open the checks of {case.period.name}", case.page("period_readiness")),
        footer=f"You get this at most once a day, while checks{where} that you answer for are due. "
        f"Times are {zone_words(case)}.",
    )


def _checks(case: Case, *, is_late: bool) -> tuple[str, ...]:
    items = [item for item in case.get("items", []) if item["late"] == is_late]
    verb = "was due" if is_late else "due"
    return tuple(
        f"{item['title']}, {verb} {short(datetime.fromisoformat(item['due_at']), case.zone)}"
        + (" (blocks the go)" if item.get("blocking") else "")
        for item in items
    )


def _checks_subject(late: int, soon: int, case: Case) -> str:
    counts = [f"{late} late" if late else "", f"{soon} due by tomorrow" if soon else ""]
    said = ", ".join(count for count in counts if count) or "late with others"
    return f"Checks: {said}" if case.get("several") else f"Checks for {case.period.name}: {said}"


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
