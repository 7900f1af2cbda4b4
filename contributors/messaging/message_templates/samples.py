"""Made-up messages of every kind, for the preview and for tests. Touches no database."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from contributors.messaging.message_templates import outside
from contributors.models import Delivery
from hypercare.models import User
from periods.models import Period

GO_LIVE = datetime(2026, 11, 14, 6, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 18, 12, 21, tzinfo=UTC)
LINK = {"id": str(uuid.UUID(int=36)), "until": GO_LIVE.isoformat()}
INCIDENT = {
    "key": "BILL26-36",
    "number": 36,
    "title": "Annual-plan invoices issued twice",
    "severity": "P1",
    "component": "Billing engine",
    "reported_at": NOW.isoformat(),
    "at": NOW.isoformat(),
    "by": "Maja Lindqvist",
}
COVER: dict[str, Any] = {
    "role": "Support desk",
    "starts_at": NOW.isoformat(),
    "ends_at": (NOW + timedelta(hours=8)).isoformat(),
    "reason": "Dentist",
    "asked_by": "Kavya Nair",
    "taken_by": "Arjun Mehta",
    "holder": "Kavya Nair",
}


def _debrief(number: int, sequence: int = 0) -> dict[str, Any]:
    starts_at = NOW + timedelta(days=number - 5, hours=2)
    return {
        "pk": number,
        "number": number,
        "starts_at": starts_at.isoformat(),
        "sequence": sequence,
        "ends_at": (starts_at + timedelta(minutes=15)).isoformat(),
    }


SAMPLES: dict[str, dict[str, Any]] = {
    "undelivered": {"who": "Ingrid Solheim", "kind": "page", "error": "550 no such person", "channel": "email"},
    "test": {"by": "Maja Lindqvist", "asked_at": NOW.isoformat()},
    "page": {
        **INCIDENT,
        "description": "4.2 invoices per second, expected below 2",
        "goes_to": "Ingrid Solheim",
        "goes_at": (NOW + timedelta(minutes=6)).isoformat(),
        "link": {**LINK, "purpose": "page", "until": (NOW + timedelta(days=1)).isoformat()},
    },
    "incident_followed": {**INCIDENT, "news": "is resolved", "said": "The legacy scheduler is switched off for good."},
    "incident_role": {**INCIDENT, "part": "commander"},
    "incident_fires_again": {**INCIDENT, "alert": "InvoiceIssueRateHigh", "times": 3},
    "rollback_asked": {
        **INCIDENT,
        "asked": "Daniel Osei",
        "due_at": (NOW + timedelta(minutes=30)).isoformat(),
        "escalated": False,
    },
    "more_messages": {
        "items": [
            {"title": f"[P3] BILL26-{n} Invoice looks odd", "url": f"http://127.0.0.1:8000/i/BILL26-{n}/"}
            for n in (4, 5)
        ]
    },
    "subscriber_confirm": {"page": "Northlane billing", "confirm": str(uuid.UUID(int=7))},
    "notice_update": {
        "page": "Northlane billing",
        "page_slug": "billing",
        "title": "Some invoices were sent twice",
        "state": "Being fixed",
        "text": "New duplicates have stopped.",
        "components": ["Invoices"],
        "next_by": NOW.isoformat(),
        "leave": str(uuid.UUID(int=7)),
    },
    **{
        kind: {
            "page": "Northlane billing",
            "reference": "K7MP-3QXA",
            "text": "I got two invoices for October.",
            "words": "Being worked on",
            "sentence": "Somebody works on it now.",
            "receipt": str(uuid.UUID(int=8)),
        }
        for kind in ("report_received", "report_progress")
    },
    **{
        kind: {
            "colour": "red",
            "reason": "2 P1 open; 1 incident late.",
            "by": "Maja Lindqvist",
            "drafted_at": NOW.isoformat(),
            "impact": "Finance can't close the day.",
            "issues": "P1 BILL26-36 Annual-plan invoices; mitigated",
            "decisions": "Roll back because of BILL26-36, or go on: Rachel Kim by 18:00",
            "figures": {
                "day": 5,
                "days": 14,
                "open": 9,
                "open_before": 6,
                "p1": 2,
                "p2": 2,
                "arrived": 14,
                "resolved": 11,
                "met": 7,
                "criteria": 15,
                "ends_at": GO_LIVE.isoformat(),
            },
        }
        for kind in ("stakeholder_report", "report_drafted")
    },
    "incident_replied": {**INCIDENT, "text": "It happens with every annual plan."},
    "update_promised": {"title": "Some invoices were sent twice", "next_by": NOW.isoformat(), "how": "late"},
    "webhook_trouble": {
        "name": "Status board",
        "address": "https://board.example.com/hooks",
        "why": "The receiver answered 404.",
        "gone": False,
        "hook": 3,
    },
    "event": {"event": {"type": "incident.reported"}},
    "contact_code": {"code": "482913", "label": "My phone"},
    "invitation": {
        "by": "Maja Lindqvist",
        "role": "Billing engineering",
        "go_live_at": GO_LIVE.isoformat(),
        "shifts": [[GO_LIVE.isoformat(), (GO_LIVE + timedelta(hours=8)).isoformat()]],
        "shifts_in_all": 14,
        "link": {**LINK, "purpose": "acknowledge"},
    },
    "readiness_reminder": {
        "days": 3,
        "by": "Maja Lindqvist",
        "go_live_at": GO_LIVE.isoformat(),
        "waiting": ["Ingrid Solheim (Payments)"],
        "link": {**LINK, "purpose": "acknowledge"},
    },
    "checklist_reminder": {
        "items": [
            {"title": "Rollback rehearsed", "due_at": NOW.isoformat(), "late": True, "blocking": True},
            {"title": "Dashboards linked", "due_at": GO_LIVE.isoformat(), "late": False, "blocking": False},
        ],
        "others": ["Restore from backup proven (Daniel Osei)"],
        "actions": [{"title": "Check the other 6 paused jobs", "due_at": NOW.isoformat(), "late": True}],
        "shifts": [["Payments", NOW.isoformat(), (NOW + timedelta(hours=8)).isoformat()]],
        "debriefs_today": [["Debrief 5: Billing cut-over", NOW.isoformat(), (NOW + timedelta(minutes=15)).isoformat()]],
    },
    "waiver_ended": {
        "title": "Privacy review done",
        "reason": "Booked for tomorrow.",
        "waived_by": "Rachel Kim",
        "at": NOW.isoformat(),
        "blocking": True,
    },
    "debrief_invitation": {"by": "Maja Lindqvist", "debriefs": [_debrief(day) for day in (5, 6, 7)]},
    "debrief_moved": {"by": "Maja Lindqvist", "old": NOW.isoformat(), "debriefs": [_debrief(6, sequence=1)]},
    "debrief_skipped": {"by": "Maja Lindqvist", "reason": "Nothing happened.", "debriefs": [_debrief(6, sequence=2)]},
    "debrief_soon": {"number": 5, "starts_at": NOW.isoformat()},
    "debrief_minutes": {
        "number": 5,
        "starts_at": NOW.isoformat(),
        "by": "Maja Lindqvist",
        "decisions": ["Remove the legacy scheduler host tonight."],
        "yours": [{"title": "Check the other 6 paused jobs", "due_at": NOW.isoformat()}],
        "others": [{"title": "Tell finance", "due_at": NOW.isoformat(), "owner": "Kavya Nair"}],
        "minutes": [{"title": "Numbers", "text": "Day 5 of 14. 9 open, 2 P1."}],
    },
    "incident_assigned": INCIDENT,
    "incident_resolved": {**INCIDENT, "resolution": "The second scheduler was stopped."},
    "readiness_replied": {
        "by": "Maja Lindqvist",
        "reply": "Arjun gave you access. Please try it.",
        "go_live_at": GO_LIVE.isoformat(),
        "link": {**LINK, "purpose": "acknowledge"},
    },
    "readiness_again": {
        "changes": ["Runbook changed on 12 Nov by Maja Lindqvist", "Your shifts changed: 1 shift added"],
        "go_live_at": GO_LIVE.isoformat(),
        "by": "Maja Lindqvist",
        "link": {**LINK, "purpose": "acknowledge"},
    },
    "readiness_problem": {"person": "Priya Raman", "note": "My access is missing", "go_live_at": GO_LIVE.isoformat()},
    "go_decision": {
        "by": "Rachel Kim",
        "outcome": "Go with conditions",
        "conditions": ["Access for Priya by Friday noon"],
        "reason": "Rehearsed twice.",
        "go_live_at": GO_LIVE.isoformat(),
    },
    "go_call": {
        "roles": ["Payments"],
        "days": 3,
        "go_live_at": GO_LIVE.isoformat(),
        "by": "Maja Lindqvist",
        "against": ["Rollback rehearsed is late.", "Kavya Nair (BAU owner) has not voted."],
    },
    "weekly_summary": {
        "day": 5,
        "days": 15,
        "ends_at": (GO_LIVE + timedelta(days=14)).isoformat(),
        "parts": [
            {"title": "This week", "lines": ["New: 14", "Resolved: 11", "Open: 9, was 6", "P1 open: 2"]},
            {"title": "P1 incidents", "lines": ["BILL26-36 Annual-plan invoices issued twice: Working, Arjun M."]},
        ],
    },
    "period_moved": {
        "by": "Rachel Kim",
        "how": "period.extended",
        "reason": "First month-end.",
        "ends_at": NOW.isoformat(),
    },
    "condition_soon": {
        "condition": 3,
        "text": "Access for Priya works",
        "owner": "Tomasz Wojcik",
        "due_at": GO_LIVE.isoformat(),
    },
    "condition_unmet": {
        "text": "Access for Priya works",
        "owner": "Daniel Osei",
        "asked": "Rachel Kim",
        "due_at": GO_LIVE.isoformat(),
        "decide_by": NOW.isoformat(),
    },
    "period_started": {"by": "Maja Lindqvist", "at": GO_LIVE.isoformat(), "ends_at": NOW.isoformat()},
    "period_closed": {"by": "Kavya Nair", "at": NOW.isoformat()},
    "exit_signed": {"by": "Kavya Nair", "role": "BAU owner", "comment": "All quiet."},
    "incident_rung": {**INCIDENT, "rung": "late", "clock": "update", "due_at": NOW.isoformat(), "owner": "Arjun Mehta"},
    "coverage_gap": {
        "gaps": [
            {"role": "Payments", "start": NOW.isoformat(), "end": (NOW + timedelta(hours=3)).isoformat(), "missing": 1}
        ]
    },
    "shift_changed": {
        "by": "Maja Lindqvist",
        "what": "added",
        "role": "Payments",
        "starts_at": NOW.isoformat(),
        "ends_at": (NOW + timedelta(hours=8)).isoformat(),
    },
    "cover_asked": {**COVER, "link": {**LINK, "purpose": "cover"}},
    "cover_approve": COVER,
    "cover_done": COVER,
    "cover_declined": {**COVER, "by": "Maja Lindqvist"},
    "cover_unanswered": COVER,
    "shift_taken_over": {**COVER, "person": "Tomasz Wójcik", "by": "Tomasz Wójcik"},
    "shifts_planned": {
        "title": "Nights",
        "by": "Maja Lindqvist",
        "shifts": [[NOW.isoformat(), (NOW + timedelta(hours=8)).isoformat()]],
    },
    "absence": {**COVER, "person": "Kavya Nair", "shifts": 2},
    "coverage_ahead": {
        "gaps": [
            {
                "role": "Platform",
                "missing": 1,
                "start": (NOW + timedelta(days=3)).isoformat(),
                "end": (NOW + timedelta(days=3, hours=8)).isoformat(),
            }
        ]
    },
    **{
        kind: {
            "role": "Incident lead",
            "outgoing": "Maja Lindqvist",
            "incoming": "Rachel Kim",
            "handoff": 4,
            "accepted_by": "Rachel Kim",
            "due_at": NOW.isoformat(),
            "written": True,
            "parts": [["Overall", ["Calm. Watch the card runs at 20:00."]]],
            "link": {**LINK, "purpose": "handoff"},
        }
        for kind in ("handoff_write", "handoff_ready", "handoff_accepted", "handoff_overdue")
    },
}


def sample_delivery(kind: str) -> Delivery:
    """An unsaved delivery of a kind, with made-up people."""
    lead, bau_owner = User(name="Maja Lindqvist"), User(name="Kavya Nair")
    period = Period(
        key="BILL26",
        name="Billing cut-over",
        timezone="Europe/Copenhagen",
        go_live_at=GO_LIVE,
        ends_at=GO_LIVE + timedelta(days=14),
        lead=lead,
        bau_owner=bau_owner,
        war_room_url="https://meet.example/bill",
    )
    person = User(pk=36, name="Tomasz Wojcik", email="tomasz@northlane.example", timezone="Europe/Copenhagen")
    subject = "incident:36" if kind in ("page", "incident_assigned", "incident_resolved") else ""
    return Delivery(
        kind=kind,
        created_at=NOW,
        period=period,
        recipient=None if kind in outside.OUTSIDE else person,
        address=person.email,
        subject=subject,
        context=SAMPLES[kind],
    )
