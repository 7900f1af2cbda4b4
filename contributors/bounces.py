"""What mail servers say later: a report that a mail could not be delivered (RFC 3464) marks its message as bounced.

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
from contributors.delivery.states import Result
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
    reason, pk = _reason(report), _about(report)
    return _mark(pk, reason, at) if reason and pk else None


def _reason(report: EmailMessage) -> str:
    """Why it failed for good; empty for a delay or a success."""
    for part in report.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in part.iter_parts() if part.is_multipart() else ():
            if str(block.get("Action", "")).strip().lower() == "failed":
                said = str(block.get("Diagnostic-Code", "")).partition(";")[2] or str(block.get("Status", ""))
                return one_line(said)[:LONGEST_REASON] or "The mail server could not deliver it."
    return ""


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
def _mark(pk: UUID, reason: str, at: datetime) -> Delivery | None:
    sent = Delivery.objects.filter(
        pk=pk, channel="email", state__in=(Delivery.State.SENT, Delivery.State.DELIVERED)
    )
    row = sent.select_for_update(of=("self",)).first()
    if row is None:
        return None
    records.write(row, Result(Delivery.State.BOUNCED, reason), at)
    if row.period_id and row.urgency != Delivery.Urgency.QUIET:
        timers.arm(
            f"undelivered:{row.pk}", kind=records.UNDELIVERED, due_at=at, args={"delivery": str(row.pk)}
        )
    return row
