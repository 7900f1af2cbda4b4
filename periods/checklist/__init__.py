"""Checks before go-live: made from a template, owned, done with evidence, failed, or waived for a while with a reason.

Every change locks the period, then the check. A waiver is approved, reasoned and expires; waived is not done.
"""

from periods.checklist.actions import assign, complete, fail, reopen, set_aside, waive
from periods.checklist.bulk import change_many
from periods.checklist.creation import add_check, make_checklist, shift_due_dates
from periods.checklist.editing import may_work_on
from periods.checklist.evidence_rules import attach_evidence, remove_evidence
from periods.checklist.state import ChecklistProgress, evidence_words, explain_open, percents, progress, progress_of
from periods.checklist.undoing import undo_change

__all__ = [
    "ChecklistProgress",
    "add_check",
    "assign",
    "attach_evidence",
    "change_many",
    "complete",
    "evidence_words",
    "explain_open",
    "fail",
    "make_checklist",
    "may_work_on",
    "percents",
    "progress",
    "progress_of",
    "remove_evidence",
    "reopen",
    "set_aside",
    "shift_due_dates",
    "undo_change",
    "waive",
]
