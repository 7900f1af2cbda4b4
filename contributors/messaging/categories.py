"""The categories of messages a person may turn off. Pure: which kind belongs to which.

What stands in no category always comes: pages, an alert that fires again, invitations, codes, tests, duty that waits to
be taken over, and what could not be told to somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Category:
    """A category of messages: its name in addresses, what a person reads, and the kinds in it."""

    name: str
    title: str
    words: str
    kinds: tuple[str, ...]


CATEGORIES: Final = (
    Category(
        "today",
        "Your day",
        "When a check or an action is due, in the morning, with your shifts and debriefs.",
        ("checklist_reminder", "waiver_ended"),
    ),
    Category(
        "readiness",
        "Readiness",
        "Reminders to answer, replies to what you miss, what others miss.",
        ("readiness_reminder", "readiness_problem", "readiness_replied", "readiness_again"),
    ),
    Category(
        "shifts",
        "Shifts and cover",
        "Changes of your shifts, requests to take one, gaps in the cover you lead.",
        (
            "shift_changed",
            "shift_taken_over",
            "shifts_planned",
            "cover_asked",
            "cover_approve",
            "cover_done",
            "cover_declined",
            "cover_unanswered",
            "absence",
            "coverage_gap",
            "coverage_ahead",
            "handoff_write",
            "handoff_accepted",
        ),
    ),
    Category(
        "assigned",
        "Incidents given to you",
        "When somebody makes an incident yours or gives you a part in its war room, or its reporter writes.",
        ("incident_assigned", "incident_role", "incident_replied"),
    ),
    Category(
        "followed",
        "Incidents you follow",
        "When one you follow is mitigated, resolved, comes back or has an update.",
        ("incident_followed",),
    ),
    Category(
        "deadlines",
        "Deadlines of incidents",
        "When a promised time is near or over.",
        ("incident_rung", "update_promised"),
    ),
    Category("resolved", "Resolved incidents", "When an incident you lead is resolved.", ("incident_resolved",)),
    Category(
        "decisions",
        "Votes and decisions",
        "Go or no-go, the start and the end of a period, signatures.",
        (
            "go_call",
            "go_decision",
            "condition_soon",
            "condition_unmet",
            "period_started",
            "period_moved",
            "period_closed",
            "exit_signed",
        ),
    ),
    Category(
        "debriefs",
        "Debriefs",
        "Invitations with a calendar file, changes, and a word before they start.",
        ("debrief_invitation", "debrief_moved", "debrief_skipped", "debrief_soon"),
    ),
    Category("minutes", "Minutes", "What each debrief decided, and what is yours to do.", ("debrief_minutes",)),
    Category(
        "reports",
        "Stakeholder reports",
        "How the day went, in the lead’s words; for the lead, that one is drafted.",
        ("stakeholder_report", "report_drafted"),
    ),
    Category(
        "weekly", "Weekly summary", "Monday morning, for whoever leads or sponsors a period.", ("weekly_summary",)
    ),
)
BY_NAME: Final[Mapping[str, Category]] = {category.name: category for category in CATEGORIES}
_OF_KIND: Final[Mapping[str, Category]] = {kind: category for category in CATEGORIES for kind in category.kinds}


def category_of(kind: str) -> Category | None:
    """The class a kind of message belongs to; None for one that always comes."""
    return _OF_KIND.get(kind)
