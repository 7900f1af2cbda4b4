"""What mail servers say later (RFC 3464), read from a report as it came. Pure.

A report names our Message-ID, which is the delivery's. Reports about delays, about other people's mails and whatever
is no report say nothing.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from typing import Final
from uuid import UUID

from contributors.channels.email.transport import message_id_host

LONGEST: Final = 2_000_000  # bytes of a report that are read; what it says stands at the beginning
_OURS: Final = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^<>@\s]+)>", re.IGNORECASE)


@dataclass(frozen=True)
class BounceReport:
    """What became of one mail for good: it arrived, or could not be delivered, with the reason where one is given."""

    delivery: UUID
    arrived: bool
    reason: str = ""


def parse_report(raw: bytes) -> BounceReport | None:
    """What a report says of a mail of ours; None for anything else."""
    report = email.message_from_bytes(raw[:LONGEST], policy=email.policy.default)
    if report.get_content_type() != "multipart/report":
        return None
    blocks, about = _blocks(report), _about(report)
    if about is None:
        return None
    if "failed" in blocks:
        return BounceReport(about, arrived=False, reason=_reason(blocks["failed"]))
    return BounceReport(about, arrived=True) if "delivered" in blocks else None


def _blocks(report: EmailMessage) -> dict[str, MIMEPart]:
    """What was done → the block that says so. A delay or a relay is among them and means nothing yet."""
    blocks = [
        block
        for part in report.walk()
        if part.get_content_type() == "message/delivery-status" and part.is_multipart()
        for block in part.iter_parts()
    ]
    return {str(block.get("Action", "")).strip().lower(): block for block in blocks}


def _reason(block: MIMEPart) -> str:
    return str(block.get("Diagnostic-Code", "")).partition(";")[2] or str(block.get("Status", ""))


def _about(report: EmailMessage) -> UUID | None:
    """Which of our mails came back with it."""
    for part in report.walk():
        text = ""
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            text = str(next(iter(part.iter_parts())).get("Message-ID", ""))
        elif part.get_content_type() == "text/rfc822-headers":
            text = str(email.message_from_string(part.get_content()).get("Message-ID", ""))
        found = _OURS.search(text)
        if found and found[2].lower() == message_id_host():
            return UUID(found[1])
    return None
