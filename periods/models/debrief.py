"""Debriefs, what they decide and what they ask people to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models.period import Period


class Debrief(models.Model):
    """A short recurring review inside the period, with an agenda filled from the data."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        SKIPPED = "skipped", "Skipped"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="debriefs")
    number = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    minutes_planned = models.PositiveSmallIntegerField(default=15)
    status = models.CharField(max_length=10, choices=Status, default=Status.SCHEDULED)
    chair = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    writer = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    agenda = models.JSONField(default=list, help_text="Sections as they stood when it started.")
    minutes = models.JSONField(default=dict, help_text="Section key → text.")
    attended = models.ManyToManyField(User, related_name="+", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "number"], name="one_debrief_per_number"),
            models.UniqueConstraint(fields=["period", "starts_at"], name="one_debrief_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"Debrief {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("debrief", kwargs={"key": self.period.key, "number": self.number})

    @property
    def ends_at(self) -> datetime:
        """Planned end."""
        return self.starts_at + timedelta(minutes=self.minutes_planned)


class DebriefDecision(models.Model):
    """Something a debrief decided."""

    debrief = models.ForeignKey(Debrief, on_delete=models.CASCADE, related_name="decisions")
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text


class Action(models.Model):
    """One thing one person does by a date."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="actions")
    debrief = models.ForeignKey(Debrief, on_delete=models.SET_NULL, null=True, blank=True, related_name="actions")
    title = LineField(max_length=200)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="actions")
    due_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "due_at", "id"], name="action_open", condition=Q(done_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.title

    def is_late(self, at: datetime) -> bool:
        """Open past its due time."""
        return self.done_at is None and self.due_at <= at
