"""Journal entries as sentences people read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from periods.models import JournalEntry

WORDS = {
    "period.created": "began the plan of",
    "period.planned": "finished the plan of",
    "period.changed": "changed the plan of",
    "period.scored": "answered the risk questions of",
    "period.readiness_opened": "opened readiness for",
    "period.readiness_waiting": "could not open readiness yet for",
    "period.started": "went live with",
    "period.stabilising": "moved to stabilising:",
    "period.relapsed": "moved back to live:",
    "period.review_opened": "opened the exit review of",
    "period.extended": "extended",
    "period.closed": "closed",
    "period.postponed": "postponed the go-live of",
    "period.rolled_back": "rolled back",
    "period.reopened": "reopened",
    "period.cancelled": "cancelled",
    "go.decided": "recorded the go/no-go decision",
    "go.reverted": "ended the go: not met in time was",
    "go.condition_met": "met the condition",
    "go.condition_unmet": "asks for a decision: not met in time was",
    "go.risk_added": "added the go-live risk",
    "go.risk_removed": "took off the go-live risk",
    "go.voted": "voted on go/no-go as",
    "exit.signed": "signed the exit as",
    "criterion.set": "decided on",
    "criterion.read": "read the exit criteria of the day:",
    "template.saved": "saved the period as a template",
    "plan.started_from": "started the plan from",
    "lesson.written": "wrote a lesson",
    "lesson.edited": "changed a lesson",
    "lesson.published": "published a lesson",
    "lesson.withdrawn": "withdrew a lesson",
    "lesson.suggested": "made a check of a lesson",
    "lesson.not_suggested": "no longer suggests the check of a lesson",
    "checklist.created": "made the checklist",
    "checklist.added": "added the check",
    "checklist.completed": "completed",
    "checklist.evidence": "added evidence to",
    "checklist.evidence_removed": "removed evidence from",
    "checklist.failed": "marked as failed",
    "checklist.undone": "undid a change to",
    "checklist.waiver_ended": "opened again as its waiver ended:",
    "rehearsal.started": "started a",
    "rehearsal.recorded": "recorded a",
    "rehearsal.cancelled": "cancelled a",
    "checklist.waived": "waived",
    "checklist.set_aside": "set aside as not applicable",
    "checklist.reopened": "opened again",
    "checklist.assigned": "assigned",
    "contributor.added": "added",
    "contributor.invited": "invited",
    "contributor.changed": "changed the part of",
    "contributor.removed": "took out",
    "role.added": "added the duty",
    "readiness.acknowledged": "is ready",
    "readiness.problem": "says something is missing",
    "readiness.voided": "asked again whether people are ready",
    "readiness.replied": "answered what is missing for",
    "page.created": "wrote",
    "page.changed": "changed",
    "page.removed": "removed",
    "shift.added": "put on a shift:",
    "shift.moved": "moved the shifts with go-live",
    "shift.cancelled": "cancelled a shift:",
    "shift.imported": "imported a calendar:",
    "shift.unimported": "took back an imported calendar:",
    "absence.imported": "imported when they are away:",
    "absence.unimported": "took back an imported absence:",
    "shift.covered": "changed who is on duty:",
    "shift.planned": "put a proposed roster in the plan:",
    "shift.unplanned": "took a proposed roster back:",
    "rotation.saved": "planned the rotation",
    "rotation.ended": "ended the rotation",
    "cover.asked": "asked for cover on",
    "cover.accepted": "would take",
    "cover.refused": "can’t take",
    "cover.declined": "did not approve cover on",
    "cover.withdrawn": "withdrew the request for",
    "gap.accepted": "let a gap stand:",
    "gap.reopened": "ended what let a gap stand:",
    "cover.expired": "saw a request for cover run out:",
    "absence.added": "is away:",
    "absence.cancelled": "is there after all:",
    "fatigue.changed": "changed the limits on duty",
    "role.changed": "changed the cover of",
    "handoff.written": "wrote the hand-off note of",
    "handoff.accepted": "accepted the hand-off of",
    "handoff.escalated": "told the lead that nobody has accepted",
    "debrief.scheduled": "scheduled",
    "debrief.started": "started",
    "debrief.finished": "finished",
    "debrief.moved": "moved",
    "debrief.taken_over": "took over the minutes of",
    "debrief.attended": "noted who was at",
    "debrief.decided": "wrote down a decision of",
    "debrief.skipped": "skipped",
    "action.added": "added the action",
    "action.done": "finished the action",
    "action.reopened": "opened again the action",
    "incident.reported": "logged",
    "incident.acknowledged": "acknowledged",
    "incident.assigned": "assigned",
    "incident.regraded": "regraded",
    "incident.status": "moved",
    "incident.corrected": "corrected",
    "incident.commented": "wrote on",
    "incident.resolved": "resolved",
    "incident.reopened": "reopened",
    "incident.escalated": "escalated",
    "incident.handed_over": "handed over",
    "incident.paged": "paged about",
    "incident.queued": "queued",
    "incident.snoozed": "snoozed",
    "incident.woken": "ended the snooze of",
    "incident.undone": "undid a change to",
    "incident.rollback_decided": "decided on rolling back for",
    "incident.rollback_asked": "asked again whether to roll back for",
    "incident.rollback_escalated": "asked the sponsor whether to roll back for",
    "pattern.dismissed": "sees no common cause on",
    "policy.rollback": "changed when a rollback is to be decided",
    "incident.role": "changed who does what on",
    "incident.link_added": "added a link to",
    "incident.link_removed": "removed a link from",
    "incident.closed": "closed",
    "incident.merged": "merged a duplicate:",
    "incident.related": "related",
    "incident.unrelated": "took a relation off",
    "incident.parented": "changed what is above",
    "incident.late": "saw a deadline pass on",
    "incident.due": "warned about",
    "status_page.changed": "set up the status page",
    "status_page.renewed": "gave a new link to the status page",
    "update.posted": "told people outside:",
    "subscriber.joined": "counted a new subscriber",
    "subscriber.left": "counted a subscriber who left",
    "subscriber.removed": "removed a subscriber",
    "report.drafted": "drafted the stakeholder report of",
    "report.edited": "edited the stakeholder report of",
    "report.sent": "sent the stakeholder report of",
    "report_form.changed": "set up the public form",
    "report_form.renewed": "gave a new address to the public form",
    "incident.replied": "heard from the reporter of",
    "known_error.added": "wrote down the known error",
    "known_error.changed": "changed the known error",
    "known_error.ended": "ended the known error",
    "policy.targets": "changed the targets of incidents",
    "policy.ladder": "changed who is paged",
    "policy.reset": "went back to the standard targets and ladders",
    "alert.attached": "fired again for",
    "message.failed": "could not tell somebody about",
    "message.retried": "sent a message again about",
    "message.tested": "sent test pages",
    "alert.cleared": "saw the alert clear on",
    "webhook.added": "added the webhook",
    "webhook.changed": "changed the webhook",
    "webhook.rekeyed": "gave a new key to the webhook",
    "webhook.tested": "sent a test to the webhook",
    "webhook.replayed": "sent events again to the webhook",
    "webhook.failing": "could not reach the webhook",
    "webhook.turned_off": "turned off the webhook",
    "webhook.turned_on": "turned on the webhook",
    "webhook.removed": "removed the webhook",
    "source.added": "added the alert source",
    "source.revoked": "revoked the alert source",
    "source.mapped": "said what severity words mean for the alert source",
}
NOBODY = {
    "alert": "An alert",
    "timer": "The clock",
    "form": "Somebody outside",
    "mail": "Somebody by mail",
    "": "Hypercare",
}


@dataclass(frozen=True)
class Sentence:
    """Who did what to which incident."""

    entry: JournalEntry
    who: str
    words: str
    about: str
    url: str


def journal_kinds() -> frozenset[str]:
    """Every kind of entry there is."""
    return frozenset(WORDS)


def describe_entries(entries: Iterable[JournalEntry]) -> list[Sentence]:
    """One sentence an entry, in the order given. Entries of one period, actors loaded."""
    return [_sentence(entry) for entry in entries]


def _sentence(entry: JournalEntry) -> Sentence:
    who = entry.actor.name if entry.actor else NOBODY.get(entry.via, NOBODY[""])
    words = WORDS.get(entry.kind) or entry.kind.replace(".", " ").replace("_", " ")
    about, url = "", ""
    if entry.subject.startswith("incident:"):
        about = f"{entry.period.key}-{entry.subject.removeprefix('incident:')}"
        url = f"/i/{about}/"
    return Sentence(entry, who, words, about or str(entry.data.get("title", "")), url)
