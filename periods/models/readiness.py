"""Checks before go-live, and the decision that rests on them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.models import User
from periods.models.period import Period


class ChecklistItem(models.Model):
    """One check with an owner, a due time and evidence. Blocking ones stop a go."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        WAIVED = "waived", "Waived"
        NOT_APPLICABLE = "not_applicable", "Not applicable"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="checklist")
    position = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    owner_role = models.CharField(max_length=4, blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="checks")
    due_at = models.DateTimeField()
    blocking = models.BooleanField(default=False)
    evidence_wanted = models.CharField(max_length=80, blank=True)
    evidence = models.TextField(blank=True, help_text="A link or a note.")
    status = models.CharField(max_length=14, choices=Status, default=Status.OPEN)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
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
            models.CheckConstraint(
                condition=~Q(status="done") | Q(done_at__isnull=False), name="done_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def is_late(self, at: datetime) -> bool:
        """Open past its due time."""
        return self.status == self.Status.OPEN and self.due_at <= at


class GoVote(models.Model):
    """One accountable person's vote on going live. A later vote replaces the earlier one."""

    class Choice(models.TextChoices):
        GO = "go", "Go"
        HOLD = "hold", "Hold"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="go_votes")
    voter = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=60)
    choice = models.CharField(max_length=4, choices=Choice)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["period", "voter"], condition=Q(replaced_at__isnull=True), name="one_vote_each"
            ),
            models.CheckConstraint(condition=~Q(choice="hold") | ~Q(reason=""), name="hold_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.voter} {self.choice}"


class GoDecision(models.Model):
    """The sponsor's recorded decision with a snapshot of what it rested on. Never changed."""

    class Outcome(models.TextChoices):
        GO = "go", "Go"
        GO_WITH_CONDITIONS = "go_with_conditions", "Go with conditions"
        POSTPONE = "postpone", "Postpone"
        NO_GO = "no_go", "No-go"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="go_decisions")
    outcome = models.CharField(max_length=20, choices=Outcome)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    conditions = models.JSONField(default=list, help_text='[{"text": …, "owner": id, "due_at": ISO}]')
    snapshot = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.period} {self.outcome}"
