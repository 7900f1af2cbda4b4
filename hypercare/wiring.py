"""The switchboard: who listens to whom, as plain tables of dotted paths.

A lower app that needs an answer from a higher one asks here. `checks.py` refuses to start when a path
does not resolve, so a name in this file is a promise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.utils.module_loading import import_string

# Rights: `may(user, period, right) -> bool` and the membership that grants them.
MAY = "contributors.permissions.may"

# (user) -> whether they own a period that is not over: such people sign in with a second step.
RUNS_SOMETHING = "contributors.permissions.runs_something"

# (period_id, user, right, role, by, at) -> membership: a plan's people become part of the period.
JOIN = "contributors.roster.add_member"

# The duties of a template: (period) -> those of a period as planned; (period_id, roles, by, at, via) -> made from them.
ROLES_AS_PLANNED = "contributors.duties.as_planned"
TAKE_ROLES = "contributors.duties.take_planned"

# The small figures on the tabs of a period: (period, at=) -> dict. The front knows all apps.
TAB_COUNTS = "hypercare.pages.overview.tab_counts"

# () -> the kinds of journal entry there are: what outgoing webhooks may ask for.
JOURNAL_KINDS = "hypercare.pages.activity.kinds"

# (period, transition, at) -> reasons that stand in the way, each with a link to the thing.
GATES: tuple[str, ...] = (
    "periods.gates.plan_objections",
    "contributors.readiness.objections",
    "contributors.coverage.objections",
    "incidents.gates.objections",
)

# (period, at) -> what is worth mending before a go and blocks nothing, shaped like a gate's reasons.
ADVICE: tuple[str, ...] = ("incidents.gates.advice",)

# Each is called once for every journal entry after its transaction: (entry, at) -> None. Must be idempotent.
JOURNAL_CONSUMERS: tuple[str, ...] = (
    "contributors.postponed.on_entry",
    "contributors.renewal.on_entry",
    "contributors.notifications.on_entry",
    "contributors.duty_news.on_entry",
    "contributors.accepting.on_entry",
    "contributors.reminders.on_entry",
    "contributors.check_digest.on_entry",
    "contributors.go_calls.on_entry",
    "contributors.weekly.on_entry",
    "contributors.handoffs.on_entry",
    "incidents.outside.telling.on_entry",
    "incidents.outside.briefings.on_entry",
    "contributors.webhooks.on_entry",
    "incidents.followers.on_entry",
    "periods.clockwork.on_entry",
)

# Timer kind -> (args, due_at, at) -> None. Runs in one transaction with the timer's own row.
TIMER_HANDLERS: dict[str, str] = {
    "period.readiness": "periods.clockwork.on_readiness_due",
    "period.end": "periods.clockwork.on_end",
    "period.rate": "periods.clockwork.on_rate_due",
    "period.reading": "periods.clockwork.on_reading_due",
    "checklist.waiver": "periods.checklist.work.on_waiver_end",
    "evidence.purge": "periods.evidence.on_purge",
    "period.condition": "periods.clockwork.on_condition_due",
    "period.condition_soon": "contributors.conditions.on_soon",
    "checklist.reminder": "contributors.check_digest.on_due",
    "go.call": "contributors.go_calls.on_due",
    "weekly.summary": "contributors.weekly.on_due",
    "readiness.reminder": "contributors.reminders.on_acknowledgement_due",
    "readiness.again": "contributors.renewal.on_again_due",
    "debrief.reminder": "contributors.reminders.on_debrief_soon",
    "coverage.watch": "contributors.reminders.on_coverage_watch",
    "cover.watch": "contributors.cover.on_watch",
    "handoff.next": "contributors.handoffs.on_next",
    "handoff.overdue": "contributors.handoffs.on_overdue",
    "delivery.undelivered": "contributors.undelivered.on_undelivered",
    "webhook.trouble": "contributors.webhooks.trouble.on_trouble",
    "incident.rung": "incidents.watch.on_rung",
    "incident.snooze": "incidents.queues.on_wake",
    "incident.rollback": "incidents.rollback.on_due",
    "stakeholder.report": "incidents.outside.briefings.on_due",
    "update.more": "incidents.outside.telling.on_more",
    "notice.soon": "incidents.outside.updates.on_soon",
    "notice.late": "incidents.outside.updates.on_late",
    "subscriber.forget": "incidents.outside.subscribers.on_forget",
}

# Timer kind -> (firings, at) -> None, for kinds of which many are due at once: all of them in one transaction. When it
# fails, each is fired by itself, so the same function is then called with one.
TIMER_HANDLERS_OF_MANY: dict[str, str] = {
    "incident.escalation": "incidents.escalation.on_steps",
}

# (period, start, end) -> when P1 and P2 incidents were reported: what a shift had to carry.
SERIOUS = "incidents.serious.serious"

# (period) -> how long after its start a P1 goes to the next person: what one's own waits must not exceed; or None.
PASSES_ON = "incidents.ladders.passes_on"

# (period, at) -> days with `on` and `arrived` (by severity): what the calm of a period is judged by.
ARRIVALS = "incidents.daybook.daily"

# Exit criterion code -> (period, threshold, at) -> Reading.
EXIT_MEASURES: dict[str, str] = {
    "no_open_p1": "incidents.measures.open_p1",
    "open_p2_planned": "incidents.measures.open_p2",
    "no_p1_for_days": "incidents.measures.days_without_p1",
    "rate_back_to_baseline": "incidents.measures.rate_streak",
    "sla_attainment": "incidents.measures.sla_attainment",
    "bau_resolved": "incidents.measures.bau_resolved",
    "open_low_within_cap": "incidents.measures.open_low",
    "nothing_overaged": "incidents.measures.overaged",
    "reopen_rate": "incidents.measures.reopen_rate",
    "critical_cycles": "periods.criteria.critical_cycles",
    "actions_owned": "periods.criteria.actions_owned",
}

# Sections of a debrief's agenda, in order: (period, since, at) -> Section.
DEBRIEF_SECTIONS: tuple[str, ...] = (
    "incidents.agenda.numbers",
    "incidents.agenda.p1_incidents",
    "incidents.agenda.late_or_worse",
    "incidents.agenda.decisions",
    "periods.debriefs.criteria_section",
    "contributors.coverage.agenda_section",
    "periods.debriefs.actions_section",
)

# Parts of a hand-off note, in order: (period, role, at=) -> Part, filled in from what is known.
HANDOFF_SECTIONS: tuple[str, ...] = (
    "contributors.handoff_notes.overall",
    "incidents.handing_over.open_urgent",
    "incidents.handing_over.watched",
    "incidents.handing_over.changes",
    "incidents.handing_over.silenced",
    "incidents.handing_over.promises",
    "contributors.handoff_notes.cover",
)

# Alert source kind -> (payload) -> alerts. Pure.
ALERT_SOURCES: dict[str, str] = {"alertmanager": "incidents.sources.alertmanager.parse"}

# Channel -> (delivery, message) -> None; raises Temporary or Permanent.
CHANNELS: dict[str, str] = {
    "email": "contributors.channels.email.send",
    "chat": "contributors.channels.chat.send",
    "webhook": "contributors.channels.webhook.send",
    "push": "contributors.channels.push.send",
}

# (delivery) -> (key, fields of the place) or None: where else a person is reached when a page does not get through.
NEXT_WAY = "contributors.contacts.next_way"

# Called before a worker begins: what its first message would otherwise wait for. () -> None.
WARM_UP: tuple[str, ...] = ("contributors.messages.warm_up",)

# Called in the process that gives the ticks: does the workers' part while they hear none. () -> None.
UNDERSTUDY = "hypercare.understudy.stand_by"

# Reads the mailbox, where one is named: (at) -> number of mails read.
MAILBOX = "incidents.outside.mailbox.poll"

# Called when a sender has nothing left to do: connections kept open are closed. () -> None.
AFTER_SENDING: tuple[str, ...] = ("contributors.channels.email.hang_up",)

# When the most overdue row of each kind was due: (at) -> datetime or None.
OLDEST_DUE: tuple[str, ...] = ("hypercare.timers.oldest_due_at", "contributors.delivery.oldest_due_at")

# What must happen every second, also while messages are being sent: (at) -> number of rows worked off.
CLOCK: tuple[str, ...] = ("periods.journal.dispatch", "hypercare.timers.fire_due")

# What one tick of the engine does, in this order: (at) -> number of rows worked off.
ENGINE: tuple[str, ...] = (*CLOCK, "contributors.delivery.send_due")


@cache
def resolve(path: str) -> Callable[..., Any]:
    """The function behind a dotted path."""
    function: Callable[..., Any] = import_string(path)
    return function


def every_path() -> list[str]:
    """All paths of all tables, for the boot check."""
    return [
        MAY,
        RUNS_SOMETHING,
        TAB_COUNTS,
        JOURNAL_KINDS,
        JOIN,
        ROLES_AS_PLANNED,
        TAKE_ROLES,
        ARRIVALS,
        SERIOUS,
        PASSES_ON,
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
        NEXT_WAY,
        MAILBOX,
        *WARM_UP,
        UNDERSTUDY,
        *AFTER_SENDING,
        *OLDEST_DUE,
        *ENGINE,
    ]
