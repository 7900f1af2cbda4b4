"""Checks before go-live. What proves a check is in `evidence.py`."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models.period import Period


class ChecklistItem(models.Model):
    """One check with an owner, a due time and evidence. Blocking ones stop a go.

    Due is a number of days from the go-live day and a time of day in the period's zone (none is the time of
    go-live itself); `due_at` is the instant that means now, and moves with go-live.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        WAIVED = "waived", "Waived"
        NOT_APPLICABLE = "not_applicable", "Not applicable"

    STANDING: ClassVar[tuple[str, ...]] = (Status.OPEN, Status.FAILED)

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="checklist")
    position = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=40)
    title = LineField(max_length=200)
    owner_role = models.CharField(max_length=4, blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="checks")
    due_at = models.DateTimeField()
    due_days = models.SmallIntegerField(help_text="Days from the go-live day, negative before it.")
    due_time = models.TimeField(null=True, blank=True, help_text="In the period's zone; empty is go-live's.")
    blocking = models.BooleanField(default=False)
    evidence_wanted = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=14, choices=Status, default=Status.OPEN)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    failure = models.TextField(blank=True, help_text="What went wrong.")
    failed_at = models.DateTimeField(null=True, blank=True)
    failed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    waived_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    waiver_reason = models.TextField(blank=True)
    waiver_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "position"], name="one_check_per_position"),
            models.CheckConstraint(
                condition=~Q(status="waived") | (~Q(waiver_reason="") & Q(waiver_expires_at__isnull=False)),
                name="waiver_has_reason_and_expiry",
            ),
            models.CheckConstraint(condition=~Q(status="done") | Q(done_at__isnull=False), name="done_has_a_time"),
            models.CheckConstraint(
                condition=~Q(status="failed") | (~Q(failure="") & Q(failed_at__isnull=False)),
                name="failed_has_a_note_and_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def status_at(self, at: datetime) -> Status:
        """What its status means at an instant: a waiver that has ended leaves the check open."""
        ended = self.waiver_expires_at is not None and self.waiver_expires_at <= at
        return self.Status.OPEN if self.status == self.Status.WAIVED and ended else self.Status(self.status)

    def stands(self, at: datetime) -> bool:
        """Whether it is still to be done: open, failed, or no longer waived."""
        return self.status_at(at) in self.STANDING

    def is_late(self, at: datetime) -> bool:
        """Still to be done past its due time."""
        return self.due_at <= at and self.stands(at)
