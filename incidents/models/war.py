"""What people share while they work on one incident: who does what, tasks, links, and other incidents beside it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from hypercare.models import User
from incidents.models.incident import Incident
from periods.models import Action


class IncidentRole(models.Model):
    """Somebody does one of the three jobs of a war room on an incident, from a moment until another."""

    class Part(models.TextChoices):
        COMMANDER = "commander", "Incident commander"
        COMMS = "comms", "Comms lead"
        SCRIBE = "scribe", "Scribe"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    part = models.CharField(max_length=9, choices=Part)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "part"], condition=Q(until__isnull=True), name="one_person_per_part"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_part_display()}"


class Task(models.Model):
    """An action that belongs to an incident; owner, due time and done stand on the action."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tasks")
    action = models.OneToOneField(Action, on_delete=models.CASCADE, related_name="incident_task")

    def __str__(self) -> str:
        return self.action.title


class Reference(models.Model):
    """A page elsewhere that helps with an incident: a runbook, a dashboard, a change."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="references")
    label = models.CharField(max_length=120)
    url = models.URLField(max_length=2000)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.label


class Follower(models.Model):
    """Somebody who wants to hear how an incident goes on without working on it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="followers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "user"], name="one_follower_per_person")]

    def __str__(self) -> str:
        return str(self.user)


class Relation(models.Model):
    """Two incidents that have to do with each other; the older one stands first."""

    first = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["first", "second"], name="one_relation_per_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="older_incident_first"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} – {self.second_id}"
