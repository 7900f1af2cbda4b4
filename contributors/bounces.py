"""What mail servers say later (RFC 3464): a report marks its message as bounced, or as delivered.

The report names our Message-ID, which is the delivery's. Reports about delays, about other people's mails and whatever
is no report change nothing, and neither does reading the same report again.
"""

from __future__ import annotations

import email
import email.policy
import re
from datetime import datetime
from email.message import EmailMessage
from typing import Final
from uuid import UUID

from django.db import transaction

from contributors.channels.email import host
from contributors.delivery import records
from contributors.delivery.states import Result, State
from contributors.messages import one_line
from contributors.models import Delivery
from hypercare import timers

LONGEST: Final = 2_000_000  # bytes of a report that are read; what it says stands at the beginning
LONGEST_REASON: Final = 300
_OURS: Final = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^<>@\s]+)>", re.IGNORECASE)


def read(raw: bytes, *, at: datetime) -> Delivery | None:
    """Mark what a report is about; the row, or None when it changes nothing."""
    report = email.message_from_bytes(raw[:LONGEST], policy=email.policy.default)
    if report.get_content_type() != "multipart/report":
        return None
    result, pk = _result(report), _about(report)
    return _mark(pk, result, at) if result and pk else None


def _result(report: EmailMessage) -> Result | None:
    """What became of it for good: why it failed, or that it lies in the mailbox. None for a delay or a relay."""
    blocks = [
        block
        for part in report.walk()
        if part.get_content_type() == "message/delivery-status" and part.is_multipart()
        for block in part.iter_parts()
    ]
    actions = {str(block.get("Action", "")).strip().lower(): block for block in blocks}
    if "failed" in actions:
        block = actions["failed"]
        said = str(block.get("Diagnostic-Code", "")).partition(";")[2] or str(block.get("Status", ""))
        reason = one_line(said)[:LONGEST_REASON] or "The mail server could not deliver it."
        return Result(State.BOUNCED, reason)
    return Result(State.DELIVERED) if "delivered" in actions else None


def _about(report: EmailMessage) -> UUID | None:
    """Which of our mails came back with it."""
    for part in report.walk():
        text = ""
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            text = str(next(iter(part.iter_parts())).get("Message-ID", ""))
        elif part.get_content_type() == "text/rfc822-headers":
            text = str(email.message_from_string(part.get_content()).get("Message-ID", ""))
        found = _OURS.search(text)
        if found and found[2].lower() == host():
            return UUID(found[1])
    return None


@transaction.atomic
def _mark(pk: UUID, result: Result, at: datetime) -> Delivery | None:
    before = (State.SENT, State.DELIVERED) if result.state == State.BOUNCED else (State.SENT,)
    sent = Delivery.objects.filter(pk=pk, channel="email", state__in=before)
    row = sent.select_for_update(of=("self",)).first()
    if row is None:
        return None
    records.write(row, result, at)
    if result.state == State.BOUNCED and row.period_id and row.urgency != Delivery.Urgency.QUIET:
        timers.arm(
            f"undelivered:{row.pk}", kind=records.UNDELIVERED, due_at=at, args={"delivery": str(row.pk)}
        )
    return row
