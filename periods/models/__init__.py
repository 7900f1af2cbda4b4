"""The tables of a period, by aggregate."""

from periods.models.debrief import Action, Debrief, DebriefDecision
from periods.models.document import Document, DocumentVersion
from periods.models.draft import PlanDraft
from periods.models.evidence import Evidence, Rehearsal
from periods.models.exit import ExitCriterion, ExitSignature
from periods.models.go import GoCondition, GoDecision, GoRisk, GoVote
from periods.models.journal import JournalEntry
from periods.models.lesson import Lesson, LessonTag, LessonUse
from periods.models.period import Period
from periods.models.readiness import ChecklistItem
from periods.models.scoring import ScoringModel, ScoringUse
from periods.models.template import PeriodOrigin, PeriodTemplate, TemplateVersion

__all__ = [
    "Action",
    "ChecklistItem",
    "Debrief",
    "DebriefDecision",
    "Document",
    "DocumentVersion",
    "Evidence",
    "ExitCriterion",
    "ExitSignature",
    "GoCondition",
    "GoDecision",
    "GoRisk",
    "GoVote",
    "JournalEntry",
    "Lesson",
    "LessonTag",
    "LessonUse",
    "Period",
    "PeriodOrigin",
    "PeriodTemplate",
    "PlanDraft",
    "Rehearsal",
    "ScoringModel",
    "ScoringUse",
    "TemplateVersion",
]
