"""What is posted: a journal entry as a document, to every webhook of its period that asks for its kind."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet

from contributors.models import Delivery, Webhook
from hypercare import registry
from hypercare.engine.hints import hint_after_commit
from periods.models import JournalEntry, Period

KIND: Final = "event"
TEST: Final = "webhook.test"
EVERYTHING: Final = "*"
REST: Final = "rest"
MOST_EVENTS: Final = 100
LONGEST: Final = 20_000  # characters of an entry's data; Standard Webhooks advises 20 kB at most


@dataclass(frozen=True)
class EventArea:
    """Events that are chosen together: a name, what a person reads, and what their kinds begin with."""

    name: str
    title: str
    words: str
    prefixes: frozenset[str]


def _area(name: str, title: str, words: str, *prefixes: str) -> EventArea:
    return EventArea(name, title, words, frozenset(prefixes))


AREAS: Final = (
    _area(
        "incidents",
        "Incidents",
        "Logged, acknowledged, resolved; alerts, patterns, known errors; targets.",
        "incident",
        "alert",
        "policy",
        "pattern",
        "known_error",
    ),
    _area(
        "period",
        "The period",
        "Its plan, its start, its phases and its end; exit criteria and signatures.",
        "period",
        "plan",
        "template",
        "criterion",
        "exit",
    ),
    _area("go", "Go or no-go", "Votes, the decision, conditions and risks.", "go"),
    _area(
        "readiness",
        "Readiness",
        "Checks, rehearsals, people and their answers.",
        "readiness",
        "checklist",
        "rehearsal",
        "contributor",
        "role",
    ),
    _area(
        "cover",
        "Shifts and cover",
        "Shifts, rotations, requests for cover, gaps, absences, hand-offs.",
        "shift",
        "rotation",
        "cover",
        "gap",
        "absence",
        "fatigue",
        "handoff",
    ),
    _area(
        "outside",
        "People outside",
        "Updates told, subscribers, status page, public form, stakeholder reports.",
        "update",
        "subscriber",
        "status_page",
        "report_form",
        "report",
    ),
    _area("debriefs", "Debriefs", "Scheduled, moved, finished; decisions and actions.", "debrief", "action"),
    _area("pages", "Pages and lessons", "What was written under How we work and Lessons.", "page", "lesson"),
    _area(
        "telling",
        "Messages and sources",
        "Messages that failed, test pages, alert sources, webhooks.",
        "message",
        "source",
        "webhook",
    ),
    _area(REST, "The rest", "What belongs to none of these, also when it is new."),
)


def covers_kind(patterns: Sequence[str], kind: str) -> bool:
    """Whether one of the patterns covers a kind of entry: everything, its area, what it begins with, or itself."""
    prefix = kind.partition(".")[0]
    area = next((area.name for area in AREAS if prefix in area.prefixes), REST)
    return any(pattern in (EVERYTHING, area, f"{prefix}.*", kind) for pattern in patterns)


def unknown_patterns(patterns: Sequence[str]) -> list[str]:
    """The patterns that no kind of entry will ever match."""
    kinds = _kinds()
    known = kinds | {f"{kind.partition('.')[0]}.*" for kind in kinds} | {area.name for area in AREAS} | {EVERYTHING}
    return [pattern for pattern in patterns if pattern not in known]


def _kinds() -> frozenset[str]:
    kinds: frozenset[str] = registry.resolve(registry.JOURNAL_KINDS)()
    return kinds


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: queue the entry for each webhook that asks for it. A replay queues nothing twice."""
    hooks = [hook for hook in working_webhooks(entry.period_id) if covers_kind(hook.events, entry.kind)]
    if not hooks:
        return
    event = entry_document(entry)
    rows = [unsaved_delivery(hook, f"webhook:{hook.pk}:{entry.pk}", event, meant_at=entry.at, at=at) for hook in hooks]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    hint_after_commit()


def working_webhooks(period_id: int) -> QuerySet[Webhook]:
    """The webhooks of a period that are neither removed nor turned off."""
    return Webhook.objects.filter(period=period_id, removed_at__isnull=True, disabled_at__isnull=True)


def unsaved_delivery(
    hook: Webhook, key: str, event: Mapping[str, Any], *, meant_at: datetime, at: datetime
) -> Delivery:
    """An unsaved delivery of an event. `webhook-id` is its own id, and stays the same when it is replayed."""
    fresh = Delivery(
        dedupe_key=key,
        period_id=hook.period_id,
        kind=KIND,
        channel="webhook",
        address=address_of(hook),
        hook=hook,
        urgency=Delivery.Urgency.QUIET,
        intended_at=meant_at,
        next_at=at,
        created_at=at,
    )
    fresh.context = {"id": str(fresh.pk), "event": event}
    return fresh


def address_of(hook: Webhook) -> str:
    """What its deliveries keep as the address: nothing secret, and never another webhook's."""
    return f"{hook.shown} #hook{hook.pk}"


def entry_document(entry: JournalEntry) -> dict[str, Any]:
    """An entry as it is posted; docs/webhooks.md describes it. What is too long is left out, and says so."""
    number = entry.subject.removeprefix("incident:") if entry.subject.startswith("incident:") else ""
    data: dict[str, Any] = {
        "period": entry.period.key,
        "seq": entry.seq,
        "subject": entry.subject,
        "incident": f"{entry.period.key}-{number}" if number else None,
        "actor": {"id": entry.actor.pk, "name": entry.actor.name} if entry.actor else None,
        "via": entry.via,
        "data": entry.data,
        "truncated": False,
    }
    if len(json.dumps(entry.data)) > LONGEST:
        data |= {"data": {}, "truncated": True}
    return {"type": entry.kind, "timestamp": entry.at.isoformat(), "data": data}


def test_document(period: Period, *, by: str, at: datetime) -> dict[str, Any]:
    """What a test sends: an event of a kind that never stands in a journal."""
    data = {"period": period.key, "by": by, "url": f"{settings.BASE_URL}{period.get_absolute_url()}"}
    return {"type": TEST, "timestamp": at.isoformat(), "data": data}


def new_delivery_key(name: str) -> str:
    """A key for a delivery that stands for no entry."""
    return f"{name}:{uuid.uuid4()}"
