"""What mail servers say later marks its message as bounced, or as delivered; reading it again changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from contributors.channels.email import delivery_reports
from contributors.channels.email.delivery_reports import BounceReport
from contributors.messaging.delivery import records
from contributors.messaging.delivery.states import AttemptResult, State
from contributors.messaging.rendering import one_line
from contributors.models import Delivery
from hypercare.engine import timers

LONGEST_REASON: Final = 300


def apply_report(raw: bytes, *, at: datetime) -> Delivery | None:
    """Mark what a report is about; the row, or None when it changes nothing."""
    report = delivery_reports.parse_report(raw)
    return _mark(report, at) if report else None


@transaction.atomic
def _mark(report: BounceReport, at: datetime) -> Delivery | None:
    before = (State.SENT,) if report.arrived else (State.SENT, State.DELIVERED)
    sent = Delivery.objects.filter(pk=report.delivery, channel="email", state__in=before)
    row = sent.select_for_update(of=("self",)).first()
    if row is None:
        return None
    records.write_result(row, _result(report), at)
    if not report.arrived and row.period_id and row.urgency != Delivery.Urgency.QUIET:
        timers.arm(f"undelivered:{row.pk}", kind=records.UNDELIVERED, due_at=at, args={"delivery": str(row.pk)})
    return row


def _result(report: BounceReport) -> AttemptResult:
    if report.arrived:
        return AttemptResult(State.DELIVERED)
    reason = one_line(report.reason)[:LONGEST_REASON] or "The mail server could not deliver it."
    return AttemptResult(State.BOUNCED, reason)
