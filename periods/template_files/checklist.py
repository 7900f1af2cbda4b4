"""The built-in readiness checklist: 54 checks with owner, evidence and due day.

Titles, owners, evidence and what blocks follow the field's checklists for go-live readiness. Due days and the
kind of evidence are this product's defaults; a period may change all of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

EvidenceKind = Literal["link", "note", "file"]

ROLES: Final[dict[str, str]] = {
    "RM": "Release manager",
    "HL": "Hypercare lead",
    "IC": "Incident commander",
    "EN": "Engineering and on-call",
    "SU": "Support",
    "CO": "Communications",
    "BO": "Business owner",
    "SP": "Sponsor",
    "VN": "Vendor",
    "SE": "Security",
}

# Not a role: every contributor does this check, and the lead answers for it being complete.
EACH: Final = "EACH"


@dataclass(frozen=True, slots=True)
class BuiltInCheck:
    """One check. `due_days` is relative to the go-live day: -7 is a week before it."""

    number: int
    category: str
    title: str
    owner_role: str
    evidence: str
    blocking: bool
    due_days: int
    evidence_kind: EvidenceKind

    @property
    def owner_name(self) -> str:
        """The owner in words."""
        return owner_name(self.owner_role)


def owner_name(code: str) -> str:
    """A role code in words. Raises KeyError for a code that is neither a role nor EACH."""
    return "Every contributor" if code == EACH else ROLES[code]


# What blocks a go by default, and what only advises.
_B: Final = True
_A: Final = False

CHECKLIST: Final[tuple[BuiltInCheck, ...]] = (
    BuiltInCheck(1, "People", "Every required role named with deputy", "HL", "roster", _B, -14, "link"),
    BuiltInCheck(2, "People", "Contributors acked role and dates", "EACH", "ack record", _B, -7, "link"),
    BuiltInCheck(3, "People", "Roster gap-free, fatigue-legal", "HL", "coverage report", _B, -7, "link"),
    BuiltInCheck(4, "People", "Contact routes tested", "HL", "test page acked", _B, -3, "note"),
    BuiltInCheck(5, "People", "Project team released from other work", "SP", "allocation note", _A, -14, "file"),
    BuiltInCheck(6, "People", "Timezones, holidays, backups checked", "HL", "calendar", _A, -7, "link"),
    BuiltInCheck(7, "Monitoring", "Key journeys have dashboards", "EN", "link", _B, -7, "link"),
    BuiltInCheck(8, "Monitoring", "Alerts reach on-call", "EN", "fired test alert", _B, -5, "note"),
    BuiltInCheck(9, "Monitoring", "Baseline rates recorded", "EN", "28-day export", _B, -10, "file"),
    BuiltInCheck(10, "Monitoring", "Synthetic checks on critical journeys", "EN", "run log", _A, -5, "link"),
    BuiltInCheck(11, "Monitoring", "Job/interface queues monitored", "EN", "alert list", _A, -5, "link"),
    BuiltInCheck(12, "Monitoring", "Monitoring outage itself alerts", "EN", "drill", _A, -3, "note"),
    BuiltInCheck(13, "Testing", "UAT signed by process owners", "BO", "sign-off", _B, -5, "file"),
    BuiltInCheck(14, "Testing", "End-to-end integration passed", "EN", "report", _B, -7, "link"),
    BuiltInCheck(15, "Testing", "Peak-load test met targets", "EN", "results", _B, -7, "file"),
    BuiltInCheck(16, "Testing", "Cutover rehearsed and timed", "RM", "rehearsal log", _B, -5, "file"),
    BuiltInCheck(17, "Testing", "Failed-dependency behaviour tested", "EN", "report", _A, -7, "link"),
    BuiltInCheck(18, "Testing", "Open defects accepted with workarounds", "BO", "signed list", _B, -3, "file"),
    BuiltInCheck(19, "Testing", "Smoke script ready", "RM", "script", _B, -3, "link"),
    BuiltInCheck(20, "Rollback", "Steps, owner, duration, trigger thresholds", "EN", "runbook", _B, -7, "link"),
    BuiltInCheck(21, "Rollback", "Rollback rehearsed in time box", "EN", "timing", _B, -5, "link"),
    BuiltInCheck(22, "Rollback", "Point of no return and authority named", "SP", "decision note", _B, -7, "note"),
    BuiltInCheck(23, "Rollback", "Post-rollback data reconciliation planned", "EN", "plan", _A, -5, "link"),
    BuiltInCheck(24, "Rollback", "Kill switches listed, tested", "EN", "log", _A, -3, "link"),
    BuiltInCheck(25, "Comms", "One intake channel published", "CO", "notice", _B, -5, "link"),
    BuiltInCheck(26, "Comms", "Stakeholders and cadence listed", "CO", "matrix", _A, -10, "file"),
    BuiltInCheck(27, "Comms", "Outage/all-clear templates approved", "CO", "templates", _A, -5, "link"),
    BuiltInCheck(28, "Comms", "Users told what, when, help", "CO", "message", _A, -3, "note"),
    BuiltInCheck(29, "Comms", "Executives accept update times", "CO", "invite", _A, -5, "link"),
    BuiltInCheck(30, "Data", "Migration reconciled to tolerance", "BO", "totals signed", _B, -3, "file"),
    BuiltInCheck(31, "Data", "Restore from backup proven", "EN", "restore log", _B, -7, "file"),
    BuiltInCheck(32, "Data", "Source freeze scheduled", "RM", "notice", _B, -10, "link"),
    BuiltInCheck(33, "Data", "Data-correction procedure approved", "BO", "procedure", _A, -7, "file"),
    BuiltInCheck(34, "Data", "Legacy read access retained", "RM", "access test", _A, -3, "note"),
    BuiltInCheck(35, "Security", "Roles tested with real profiles", "SE", "matrix", _B, -5, "file"),
    BuiltInCheck(36, "Security", "High findings closed/accepted", "SE", "scan", _B, -7, "link"),
    BuiltInCheck(37, "Security", "Emergency access time-boxed, logged", "SE", "policy", _A, -5, "link"),
    BuiltInCheck(38, "Security", "Audit logging verified", "SE", "sample", _A, -3, "note"),
    BuiltInCheck(39, "Security", "Privacy/legal review done", "BO", "approval", _A, -10, "file"),
    BuiltInCheck(40, "Support", "Agents trained on new processes", "SU", "attendance", _B, -3, "file"),
    BuiltInCheck(41, "Support", "Triage and priority guide issued", "HL", "guide", _B, -5, "link"),
    BuiltInCheck(42, "Support", "Known errors published", "SU", "articles", _B, -3, "link"),
    BuiltInCheck(43, "Support", "Day-1 volume staffed", "HL", "calculation", _A, -7, "file"),
    BuiltInCheck(44, "Support", "BAU team shadowing scheduled", "SU", "plan", _B, -7, "link"),
    BuiltInCheck(45, "Support", "Support processes exercised in UAT", "SU", "ticket sample", _A, -7, "link"),
    BuiltInCheck(46, "Vendor", "Vendor contacts/hours contracted", "VN", "letter", _B, -10, "file"),
    BuiltInCheck(47, "Vendor", "Escalation route tested", "VN", "test case", _A, -5, "note"),
    BuiltInCheck(48, "Vendor", "Third parties' freezes checked", "RM", "calendar", _A, -10, "link"),
    BuiltInCheck(49, "Business", "Success measures and exit criteria signed", "BO", "document", _B, -14, "file"),
    BuiltInCheck(50, "Business", "Manual fallback per critical process", "BO", "walkthrough", _B, -7, "note"),
    BuiltInCheck(51, "Business", "Critical cycles dated", "BO", "calendar", _A, -14, "link"),
    BuiltInCheck(52, "Business", "Superusers named per site", "BO", "list", _A, -10, "link"),
    BuiltInCheck(53, "Business", "Defect/change boundary agreed", "SP", "rule", _A, -10, "note"),
    BuiltInCheck(54, "Business", "Hypercare funded incl. extension", "SP", "approval", _B, -14, "file"),
)

CATEGORIES: Final[dict[str, int]] = dict(Counter(check.category for check in CHECKLIST))
