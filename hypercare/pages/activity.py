"""Journal entries as sentences people read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from periods.models import JournalEntry

WORDS = {
    "period.created": "opened the plan",
    "period.planned": "finished the plan",
    "period.changed": "changed the plan",
    "period.readiness_opened": "opened readiness",
    "period.started": "went live",
    "period.stabilising": "moved to stabilising",
    "period.review_opened": "opened the exit review",
    "period.extended": "extended the window",
    "period.closed": "closed the period",
    "period.postponed": "postponed go-live",
    "period.rolled_back": "rolled the release back",
    "period.reopened": "reopened the period",
    "period.cancelled": "cancelled the period",
    "go.decided": "recorded the go/no-go decision",
    "go.voted": "voted on go/no-go",
    "exit.signed": "signed the exit",
    "checklist.created": "made the checklist",
    "checklist.added": "added a check",
    "checklist.done": "completed a check",
    "checklist.completed": "completed a check",
    "checklist.waived": "waived a check",
    "checklist.reopened": "reopened a check",
    "checklist.assigned": "assigned a check",
    "contributor.added": "added a contributor",
    "contributor.invited": "invited a contributor",
    "contributor.removed": "removed a contributor",
    "readiness.acknowledged": "is ready",
    "readiness.problem": "says something is missing",
    "shift.added": "added a shift",
    "shift.cancelled": "cancelled a shift",
    "debrief.scheduled": "scheduled debriefs",
    "debrief.started": "started a debrief",
    "debrief.finished": "finished a debrief",
    "debrief.skipped": "skipped a debrief",
    "action.added": "added an action",
    "action.done": "finished an action",
    "incident.reported": "logged",
    "incident.acknowledged": "acknowledged",
    "incident.assigned": "assigned",
    "incident.regraded": "regraded",
    "incident.status": "moved",
    "incident.commented": "wrote on",
    "incident.resolved": "resolved",
    "incident.reopened": "reopened",
    "incident.escalated": "escalated",
    "incident.handed_over": "handed over",
    "incident.paged": "paged about",
    "alert.cleared": "saw the alert clear on",
}
NOBODY = {"alert": "An alert", "timer": "The clock", "": "Hypercare"}


@dataclass(frozen=True)
class Sentence:
    """Who did what to which incident."""

    entry: JournalEntry
    who: str
    words: str
    about: str
    url: str


def read(entries: Iterable[JournalEntry]) -> list[Sentence]:
    """One sentence an entry, in the order given. Entries of one period, actors loaded."""
    return [_sentence(entry) for entry in entries]


def _sentence(entry: JournalEntry) -> Sentence:
    who = entry.actor.name if entry.actor else NOBODY.get(entry.via, NOBODY[""])
    words = WORDS.get(entry.kind) or entry.kind.replace(".", " ").replace("_", " ")
    about, url = "", ""
    if entry.subject.startswith("incident:"):
        about = f"{entry.period.key}-{entry.subject.removeprefix('incident:')}"
        url = f"/i/{about}/"
    return Sentence(entry, who, words, about or str(entry.data.get("title", "")), url)
