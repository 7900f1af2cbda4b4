"""Checks before go-live: made from a template, owned, done with evidence, failed, or waived for a while with a reason.

Every change locks the period, then the check. A waiver is approved, reasoned and expires; waived is not done.
"""

from periods.checklist.bulk import bulk
from periods.checklist.making import add, instantiate, shift
from periods.checklist.proof import attach, remove_evidence
from periods.checklist.rows import may_work_on
from periods.checklist.state import Progress, blocks, evidence_words, progress, progress_of
from periods.checklist.undoing import undo
from periods.checklist.work import assign, complete, fail, reopen, set_aside, waive

__all__ = [
    "Progress",
    "add",
    "assign",
    "attach",
    "blocks",
    "bulk",
    "complete",
    "evidence_words",
    "fail",
    "instantiate",
    "may_work_on",
    "progress",
    "progress_of",
    "remove_evidence",
    "reopen",
    "set_aside",
    "shift",
    "undo",
    "waive",
]
