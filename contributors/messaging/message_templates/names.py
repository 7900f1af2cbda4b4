"""What each kind of message is called in lists, where its subject would say too much or too little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contributors.models import Delivery

_NAMES: Final[Mapping[str, str]] = {
    "page": "Page",
    "test": "Test page",
    "undelivered": "Word that a message failed",
    "webhook_trouble": "Word that a webhook fails",
    "more_messages": "Several messages in one",
    "contact_code": "Code",
    "incident_assigned": "Incident given to them",
    "incident_role": "Part in a war room",
    "incident_followed": "News of an incident they follow",
    "incident_fires_again": "Alert that fires again",
    "rollback_asked": "Question whether to roll back",
    "incident_rung": "Deadline of an incident",
    "invitation": "Readiness invitation",
    "readiness_replied": "Reply to what is missing",
    "readiness_again": "Readiness asked again",
    "readiness_problem": "What somebody misses",
    "checklist_reminder": "Their day",
    "waiver_ended": "Waiver ended",
    "debrief_soon": "Debrief soon",
    "debrief_minutes": "Minutes",
    "go_call": "Call to vote",
    "go_decision": "Go or no-go decided",
    "condition_soon": "Condition due soon",
    "condition_unmet": "Condition not met",
    "exit_signed": "Exit signed",
    "cover_asked": "Request for cover",
    "cover_approve": "Cover to approve",
    "cover_done": "Cover found",
    "cover_declined": "Cover not approved",
    "cover_unanswered": "Cover not answered",
    "coverage_gap": "Gap in the cover",
    "coverage_ahead": "Gap ahead",
    "absence": "Absence of somebody on shift",
    "handoff_write": "Hand-off note to write",
    "handoff_ready": "Hand-off to accept",
    "handoff_accepted": "Hand-off accepted",
    "handoff_overdue": "Hand-off overdue",
    "subscriber_confirm": "Subscription to confirm",
    "notice_update": "Update for people outside",
    "update_promised": "Promised update",
    "report_received": "Receipt of a report",
    "report_progress": "Progress of a report",
    "incident_replied": "Reply of a reporter",
    "stakeholder_report": "Stakeholder report",
    "report_drafted": "Draft of a stakeholder report",
}


def name_of(row: Delivery) -> str:
    """The name of a delivery's kind; of an event that a webhook is sent, its type."""
    if row.hook_id is not None:
        return str(row.context.get("event", {}).get("type", "Event"))
    return _NAMES.get(row.kind) or row.kind.replace("_", " ").capitalize()
