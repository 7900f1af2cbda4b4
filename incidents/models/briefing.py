"""The daily report to stakeholders: drafted from the data, edited and approved by people, kept as it was sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.models import User
from periods.models import Period


class StakeholderReport(models.Model):
    """One day's report of a period. Once sent it stays as it was."""

    class Colour(models.TextChoices):
        GREEN = "green", "Green"
        AMBER = "amber", "Amber"
        RED = "red", "Red"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="stakeholder_reports")
    on = models.DateField(help_text="The day it is about, in the period's zone.")
    colour = models.CharField(max_length=5, choices=Colour)
    reason = models.CharField(max_length=200, help_text="Why it has that colour, in a sentence.")
    impact = models.TextField(blank=True, help_text="What the business feels.")
    issues = models.TextField(blank=True, help_text="The top issues, one a line.")
    decisions = models.TextField(blank=True, help_text="What needs a decision, one a line.")
    figures = models.JSONField(default=dict, help_text="Day n of N, counts and trend, as they were drafted.")
    drafted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "on"], name="one_report_a_day"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, sent_by__isnull=True)
                | Q(sent_at__isnull=False, sent_by__isnull=False),
                name="sent_report_was_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on}, {self.colour}"
