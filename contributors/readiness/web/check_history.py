"""The history of a check in words: who did what, and what they said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from hypercare.ui.time_words import absolute_time
from periods.models import JournalEntry

WORDS: Final[dict[str, str]] = {
    "checklist.added": "added it",
    "checklist.completed": "completed it",
    "checklist.failed": "marked it failed",
    "checklist.evidence": "attached evidence",
    "checklist.evidence_removed": "removed evidence",
    "checklist.waived": "waived it",
    "checklist.waiver_ended": "The waiver ended; it is open again",
    "checklist.set_aside": "set it aside",
    "checklist.reopened": "opened it again",
    "checklist.assigned": "gave it to",
    "checklist.undone": "took it back:",
}


@dataclass(frozen=True)
class CheckHistoryLine:
    """One thing that happened; `detail` is what was said with it."""

    entry: JournalEntry
    words: str
    detail: str


def describe_entries(entries: list[JournalEntry]) -> list[CheckHistoryLine]:
    """One line an entry, in the order given; actors loaded."""
    return [CheckHistoryLine(entry, _words(entry), _detail(entry.data)) for entry in entries]


def _words(entry: JournalEntry) -> str:
    said = WORDS.get(entry.kind, entry.kind.partition(".")[2].replace("_", " "))
    if entry.kind == "checklist.assigned":
        said = f"{said} {entry.data.get('owner') or 'nobody'}, due {_moment(entry.data['due_at'])}"
    if entry.kind == "checklist.undone":
        said = f"{said} {WORDS.get(entry.data.get('what', ''), 'a change')}"
    return f"{entry.actor.name} {said}" if entry.actor else said


def _detail(data: dict[str, Any]) -> str:
    said = [str(data[name]) for name in ("note", "reason", "evidence") if data.get(name)]
    if tests := data.get("tests"):
        said.append(", ".join(f"{count} {name}" for name, count in tests.items() if count))
    if data.get("expires_at"):
        said.append(f"until {_moment(data['expires_at'])}")
    return ". ".join(said)


def _moment(text: str) -> str:
    return absolute_time(datetime.fromisoformat(text), ZoneInfo(str(timezone.get_current_timezone())))
