"""The tables of a period, by aggregate."""

from periods.models.debrief import Action, Debrief, DebriefDecision
from periods.models.exit import ExitCriterion, ExitSignature
from periods.models.journal import JournalEntry
from periods.models.period import Period
from periods.models.readiness import ChecklistItem, GoDecision, GoVote

__all__ = [
    "Action",
    "ChecklistItem",
    "Debrief",
    "DebriefDecision",
    "ExitCriterion",
    "ExitSignature",
    "GoDecision",
    "GoVote",
    "JournalEntry",
    "Period",
]
