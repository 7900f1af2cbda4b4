"""The journal: what happened, in order, unalterable."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from hypercare.models import User
from periods.models.period import Period


class JournalEntry(models.Model):
    """One thing that happened. Append-only: database triggers refuse every change but `dispatched_at`."""

    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="journal")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=60, blank=True, help_text="For example incident:36.")
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    via = models.CharField(max_length=20, blank=True, help_text="link, api, alert, timer; empty is the browser.")
    at = models.DateTimeField()
    data = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["period", "seq"], name="journal_has_no_gap_or_twin")]
        indexes: ClassVar = [
            models.Index(fields=["period", "subject", "seq"], name="journal_by_subject"),
            models.Index(fields=["period", "kind", "seq"], name="journal_by_kind"),
            models.Index(fields=["id"], name="journal_undispatched", condition=models.Q(dispatched_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
