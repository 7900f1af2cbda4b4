"""What a period promises about incidents, and what people keep of its lists."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from hypercare.models import User
from periods.models import Period


class IncidentPolicy(models.Model):
    """What a period promises about incidents, where that differs from the defaults (`escalation_policies.py`)."""

    period = models.OneToOneField(Period, on_delete=models.CASCADE, related_name="incident_policy")
    targets = models.JSONField(default=dict, blank=True, help_text="Severity → clock → [seconds, measure].")
    hours = models.JSONField(default=dict, blank=True, help_text="Covered hours: days, opens, closes.")
    ladders = models.JSONField(default=dict, blank=True, help_text="Severity → steps, answers, repeat.")
    rollback = models.JSONField(default=dict, blank=True, help_text="Seconds: after, answer.")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Incidents of {self.period_id}"


class SavedView(models.Model):
    """A filter of a list somebody gave a name. The filter itself lives in the address."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="incident_views")
    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "period", "name"], name="one_view_per_name")]

    def __str__(self) -> str:
        return self.name
