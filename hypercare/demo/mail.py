"""What the demo's people were told: the messages of the story's news, sent within a second or two of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from contributors.messaging import outbox
from contributors.models import Delivery, DeliveryAttempt
from periods.models import JournalEntry, Period

TOLD = (
    "go.decided",
    "period.started",
    "debrief.finished",
    "incident.assigned",
    "incident.resolved",
    "shift.covered",
    "readiness.problem",
)
EACH = 6  # of each kind, the newest
TOOK = (timedelta(milliseconds=640), timedelta(milliseconds=910), timedelta(milliseconds=1430))


def queue_past_messages(period: Period, *, now: datetime) -> int:
    """Queue what the newest entries of these kinds meant to people, as sent back then; how many messages."""
    for kind in TOLD:
        entries = JournalEntry.objects.filter(period=period, kind=kind, at__lte=now).order_by("-seq")[:EACH]
        for entry in entries.select_related("period", "actor"):
            outbox.on_entry(entry, at=entry.at)
    return _send(period)


def _send(period: Period) -> int:
    rows = list(Delivery.objects.filter(period=period, state=Delivery.State.DUE).order_by("intended_at", "id"))
    for n, row in enumerate(rows):
        row.state, row.attempts, row.sent_at = Delivery.State.SENT, 1, row.intended_at + TOOK[n % len(TOOK)]
        row.settled_at = row.sent_at
    Delivery.objects.bulk_update(rows, ["state", "attempts", "sent_at", "settled_at"])
    DeliveryAttempt.objects.bulk_create(
        [
            DeliveryAttempt(delivery=row, fence=row.fence, at=row.sent_at or row.intended_at, outcome="sent")
            for row in rows
        ]
    )
    return len(rows)
