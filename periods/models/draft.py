"""What somebody typed on a page of the plan and has not sent yet."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.models import User
from periods.models.period import Period


class PlanDraft(models.Model):
    """The fields of one step as they were last typed; nobody but the person sees it. Without a period: a new plan."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    step = models.CharField(max_length=12)
    data = models.JSONField(help_text="Field → the values sent for it, unchecked.")
    saved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "period", "step"], name="one_draft_per_step"),
            models.UniqueConstraint(fields=["user", "step"], condition=Q(period=None), name="one_draft_of_a_new_plan"),
        ]
