"""The switchboard: who listens to whom, as plain tables of dotted paths.

A lower app that needs an answer from a higher one asks here. `checks.py` refuses to start when a path
does not resolve, so a name in this file is a promise.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils.module_loading import import_string

# Rights: `may(user, period, right) -> bool` and the membership that grants them.
HAS_RIGHT = "contributors.people.permissions.has_right"

# (user) -> whether they own a period that is not over: such people sign in with a second step.
OWNS_OPEN_PERIOD = "contributors.people.permissions.owns_open_period"

# (period_id, user, right, role, by, at) -> membership: a plan's people become part of the period.
ADD_MEMBER = "contributors.people.members.add_member"

# (period_id, by, at, via) -> whoever takes part and was not asked yet is asked: readiness opens for all of them.
INVITE_WAITING = "contributors.people.members.invite_waiting"

# The duties of a template: (period) -> those of a period as planned; (period_id, roles, by, at, via) -> made from them.
ROLES_AS_PLANNED = "contributors.shifts.roles.planned_roles"
ADD_PLANNED_ROLES = "contributors.shifts.roles.add_planned_roles"

# What somebody holds and what becomes of it when their account is switched off: (user, at=) -> HeldDuty rows.
HELD_DUTIES: tuple[str, ...] = (
    "contributors.shifts.held_duties.list_held",
    "periods.go.held_seats.list_held",
    "periods.checklist.held_checks.list_held",
    "periods.debriefs.held_actions.list_held",
    "incidents.triage.held_incidents.list_held",
)

# (user, by=, at=, via=) -> None: an account was just switched off, in its transaction.
ON_DEACTIVATED: tuple[str, ...] = ("contributors.shifts.release.release_everywhere",)

# The small figures on the tabs of a period: (period, at=) -> dict. The front knows all apps.
TAB_COUNTS = "hypercare.pages.period.overview.tab_counts"

# () -> the kinds of journal entry there are: what outgoing webhooks may ask for.
JOURNAL_KINDS = "hypercare.pages.period.activity.journal_kinds"

# (period, transition, at) -> reasons that stand in the way, each with a link to the thing.
GATES: tuple[str, ...] = (
    "periods.lifecycle.gates.find_plan_blockers",
    "contributors.readiness.acknowledgements.find_blockers",
    "contributors.shifts.coverage.find_blockers",
    "incidents.reporting.gates.find_blockers",
)

# (period, at) -> what is worth mending before a go and blocks nothing, shaped like a gate's reasons.
ADVICE: tuple[str, ...] = ("incidents.reporting.gates.ladder_advice",)

# Each is called once for every journal entry after its transaction: (entry, at) -> None. Must be idempotent.
JOURNAL_CONSUMERS: tuple[str, ...] = (
    "contributors.shifts.go_live_moved.on_entry",
    "contributors.readiness.reconfirmation.on_entry",
    "contributors.messaging.outbox.on_entry",
    "contributors.messaging.shift_notices.on_entry",
    "contributors.shifts.accepted_gaps.on_entry",
    "contributors.reminders.reminders.on_entry",
    "contributors.reminders.daily_digest.on_entry",
    "contributors.readiness.vote_reminders.on_entry",
    "contributors.reminders.weekly_summary.on_entry",
    "contributors.handoffs.handoffs.on_entry",
    "incidents.stakeholders.subscriber_notices.on_entry",
    "incidents.stakeholders.stakeholder_reports.on_entry",
    "contributors.webhooks.on_entry",
    "incidents.triage.watchers.on_entry",
    "incidents.intake.firing.on_entry",
    "periods.automation.timer_handlers.on_entry",
)

# Timer kind -> (args, due_at, at) -> None. Runs in one transaction with the timer's own row.
TIMER_HANDLERS: dict[str, str] = {
    "period.readiness": "periods.automation.timer_handlers.on_readiness_due",
    "period.end": "periods.automation.timer_handlers.on_end",
    "period.rate": "periods.automation.timer_handlers.on_rate_due",
    "period.reading": "periods.automation.timer_handlers.on_reading_due",
    "checklist.waiver": "periods.checklist.actions.on_waiver_end",
    "evidence.purge": "periods.checklist.evidence.on_purge",
    "period.condition": "periods.automation.timer_handlers.on_condition_due",
    "period.condition_soon": "contributors.readiness.condition_reminders.on_soon",
    "checklist.reminder": "contributors.reminders.daily_digest.on_due",
    "go.call": "contributors.readiness.vote_reminders.on_due",
    "weekly.summary": "contributors.reminders.weekly_summary.on_due",
    "readiness.reminder": "contributors.reminders.reminders.on_acknowledgement_due",
    "readiness.again": "contributors.readiness.reconfirmation.on_again_due",
    "debrief.reminder": "contributors.reminders.reminders.on_debrief_soon",
    "coverage.watch": "contributors.reminders.reminders.on_coverage_watch",
    "cover.watch": "contributors.swaps.cover_requests.on_watch",
    "handoff.next": "contributors.handoffs.handoffs.on_next",
    "handoff.overdue": "contributors.handoffs.handoffs.on_overdue",
    "delivery.undelivered": "contributors.messaging.undelivered.on_undelivered",
    "webhook.trouble": "contributors.webhooks.trouble.on_trouble",
    "incident.rung": "incidents.paging.sla_alerts.on_alert_due",
    "alert.look": "incidents.intake.firing.on_recheck",
    "incident.snooze": "incidents.triage.queues.on_wake",
    "incident.rollback": "incidents.paging.rollback.on_due",
    "stakeholder.report": "incidents.stakeholders.stakeholder_reports.on_due",
    "update.more": "incidents.stakeholders.subscriber_notices.on_more",
    "notice.soon": "incidents.stakeholders.updates.on_soon",
    "notice.late": "incidents.stakeholders.updates.on_late",
    "subscriber.forget": "incidents.stakeholders.subscribers.on_forget",
}

# Timer kind -> (firings, at) -> None, for kinds of which many are due at once: all of them in one transaction. When it
# fails, each is fired by itself, so the same function is then called with one.
TIMER_HANDLERS_OF_MANY: dict[str, str] = {"incident.escalation": "incidents.paging.escalation.on_steps"}

# (period, start, end) -> when P1 and P2 incidents were reported: what a shift had to carry.
URGENT_REPORT_TIMES = "incidents.reporting.urgent_times.report_times"

# (period) -> how long after its start a P1 goes to the next person: what one's own waits must not exceed; or None.
FIRST_WAIT = "incidents.paging.escalation_targets.first_wait_of"

# (period, at) -> days with `on` and `arrived` (by severity): what the calm of a period is judged by.
DAY_COUNTS = "incidents.reporting.daily_counts.count_days"

# Exit criterion code -> (period, threshold, at) -> Reading.
EXIT_MEASURES: dict[str, str] = {
    "no_open_p1": "incidents.reporting.exit_measures.open_p1",
    "open_p2_planned": "incidents.reporting.exit_measures.open_p2",
    "no_p1_for_days": "incidents.reporting.exit_measures.days_without_p1",
    "rate_back_to_baseline": "incidents.reporting.exit_measures.rate_streak",
    "sla_attainment": "incidents.reporting.exit_measures.sla_attainment",
    "bau_resolved": "incidents.reporting.exit_measures.bau_resolved",
    "open_low_within_cap": "incidents.reporting.exit_measures.open_low",
    "nothing_overaged": "incidents.reporting.exit_measures.overaged",
    "reopen_rate": "incidents.reporting.exit_measures.reopen_rate",
    "critical_cycles": "periods.exit.criteria.critical_cycles",
    "actions_owned": "periods.exit.criteria.actions_owned",
}

# Sections of a debrief's agenda, in order: (period, since, at) -> Section.
DEBRIEF_SECTIONS: tuple[str, ...] = (
    "incidents.reporting.debrief_sections.numbers_section",
    "incidents.reporting.debrief_sections.p1_section",
    "incidents.reporting.debrief_sections.late_or_worse_section",
    "incidents.reporting.debrief_sections.decisions_section",
    "periods.debriefs.debriefs.criteria_section",
    "contributors.shifts.coverage.agenda_section",
    "periods.debriefs.debriefs.actions_section",
)

# Parts of a hand-off note, in order: (period, role, at=) -> Part, filled in from what is known.
HANDOFF_SECTIONS: tuple[str, ...] = (
    "contributors.handoffs.handoff_notes.overall_section",
    "incidents.reporting.handoff_sections.open_urgent_section",
    "incidents.reporting.handoff_sections.watched_section",
    "incidents.reporting.handoff_sections.changes_section",
    "incidents.reporting.handoff_sections.snoozed_section",
    "incidents.reporting.handoff_sections.promises_section",
    "contributors.handoffs.handoff_notes.coverage_section",
)

# Alert source kind -> what it says of itself (`Tool`): its name, how its payload reads, its set-up, its severity words.
# The first is meant where a script names none.
ALERT_SOURCES: dict[str, str] = {"alertmanager": "incidents.intake.sources.alertmanager.TOOL"}

# Channel -> what it says of itself (`Channel`): words, icon, the rules of its address, its transport.
CHANNELS: dict[str, str] = {
    "email": "contributors.channels.email.CHANNEL",
    "chat": "contributors.channels.chat.CHANNEL",
    "webhook": "contributors.channels.webhook.CHANNEL",
    "push": "contributors.channels.push.CHANNEL",
}

# (delivery) -> (key, fields of the place) or None: where else a person is reached when a page does not get through.
NEXT_ROUTE = "contributors.contact_points.next_route"

# (key of the page, who=, at=) -> None: a page that reached its person by no way; whoever comes next is paged.
PAGE_LOST = "incidents.paging.lost_pages.on_page_lost"

# Called before a worker begins: what its first message would otherwise wait for. () -> None.
WARM_UP: tuple[str, ...] = ("contributors.messaging.rendering.warm_up",)

# Called in the process that gives the ticks: does the workers' part while they hear none. () -> None.
STANDBY_TICKER = "hypercare.engine.standby_ticker.start_standby"

# Reads the mailbox, where one is named: (at) -> number of mails read.
MAILBOX = "incidents.intake.mail.mailbox.poll"

# How what runs beside the engine is: (at) -> watched.Watched. Asked by health checks and metrics.
WATCHED: tuple[str, ...] = ("incidents.intake.mail.mailbox_health.watched_mailbox",)

# Alarm -> (at) -> watched.Trouble that the admins are mailed about, or None while there is none.
ALARMS: dict[str, str] = {
    "mailbox": "incidents.intake.mail.mailbox_health.find_unread_alarm",
    "quarantine": "incidents.intake.mail.mailbox_health.find_quarantine_alarm",
}

# Called every hour to delete what has been kept long enough: (at) -> number of rows.
TIDY: tuple[str, ...] = ("incidents.intake.mail.mail_store.purge_bytes",)

# When the most overdue row of each kind was due: (at) -> datetime or None.
OLDEST_DUE: tuple[str, ...] = ("hypercare.engine.timers.oldest_due_at", "contributors.messaging.delivery.oldest_due_at")

# What must happen every second, also while messages are being sent: (at) -> number of rows worked off.
CLOCK: tuple[str, ...] = ("periods.journal.journal.dispatch_entries", "hypercare.engine.timers.fire_due")

# What one tick of the engine does, in this order: (at) -> number of rows worked off.
ENGINE: tuple[str, ...] = (*CLOCK, "contributors.messaging.delivery.send_due")


@cache
def resolve(path: str) -> Any:
    """The function behind a dotted path, or what an integration says of itself."""
    return import_string(path)


def every_path() -> list[str]:
    """All paths of all tables, for the boot check."""
    return [
        HAS_RIGHT,
        OWNS_OPEN_PERIOD,
        *HELD_DUTIES,
        *ON_DEACTIVATED,
        TAB_COUNTS,
        JOURNAL_KINDS,
        ADD_MEMBER,
        INVITE_WAITING,
        ROLES_AS_PLANNED,
        ADD_PLANNED_ROLES,
        DAY_COUNTS,
        URGENT_REPORT_TIMES,
        FIRST_WAIT,
        *GATES,
        *ADVICE,
        *JOURNAL_CONSUMERS,
        *TIMER_HANDLERS.values(),
        *TIMER_HANDLERS_OF_MANY.values(),
        *EXIT_MEASURES.values(),
        *DEBRIEF_SECTIONS,
        *HANDOFF_SECTIONS,
        *ALERT_SOURCES.values(),
        *CHANNELS.values(),
        NEXT_ROUTE,
        PAGE_LOST,
        MAILBOX,
        *WATCHED,
        *ALARMS.values(),
        *TIDY,
        *WARM_UP,
        STANDBY_TICKER,
        *OLDEST_DUE,
        *ENGINE,
    ]
