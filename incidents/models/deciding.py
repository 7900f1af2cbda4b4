"""What a period must decide about its incidents: whether to roll back, and whether many have one cause."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.models import User
from incidents.models.incident import Incident
from periods.models import Period


class RollbackDecision(models.Model):
    """A question with a deadline to whoever may roll back, opened by a P1 that hurts for too long."""

    class Answer(models.TextChoices):
        ROLL_BACK = "roll_back", "Roll back"
        HOLD = "hold", "Hold"
        NOT_NEEDED = "not_needed", "No longer needed"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="rollbacks")
    asked = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True, blank=True, help_text="When the sponsor was asked too.")
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    look_again_at = models.DateTimeField(null=True, blank=True, help_text="Of a hold.")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(answered_at__isnull=True), name="one_open_rollback_decision"
            ),
            models.CheckConstraint(
                condition=~Q(answer="hold") | Q(look_again_at__isnull=False), name="hold_says_until_when"
            ),
        ]

    def __str__(self) -> str:
        return f"Roll back for {self.incident_id}?"


class PatternDismissal(models.Model):
    """Incidents of one system in one day have no common cause, somebody says; later ones count anew."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="+")
    component = models.CharField(max_length=80)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["period", "component", "-at"], name="pattern_dismissed")]

    def __str__(self) -> str:
        return self.component
