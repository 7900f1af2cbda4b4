"""Alerts: who may push them, what fires, and what was not understood."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare import registry
from hypercare.models import User
from incidents.models.incident import Incident
from periods.models import Period


def tool_choices() -> list[tuple[str, str]]:
    """Every tool that may push alerts, and what it is called: as the switchboard has them, not a list of its own."""
    return [(name, registry.resolve(path).title) for name, path in registry.ALERT_SOURCES.items()]


class AlertSource(models.Model):
    """A monitoring tool allowed to push alerts into one period. The token is stored hashed."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="alert_sources")
    kind = models.CharField(max_length=20, choices=tool_choices)
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    token_prefix = models.CharField(max_length=12)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    levels = models.JSONField(
        default=dict,
        blank=True,
        help_text="Severity words of this tool: plain word to P1 … P4; see `severity_words.py`.",
    )
    left_out = models.PositiveIntegerField(
        default=0, help_text="Alerts the tool cut off the newest payload that was not whole."
    )
    left_out_at = models.DateTimeField(null=True, blank=True, help_text="When that payload came.")

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One firing of one fingerprint; repeats only touch `last_seen_at` and `count`."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="alerts")
    source = models.ForeignKey(AlertSource, on_delete=models.CASCADE, related_name="alerts")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    fingerprint = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    description = models.TextField(blank=True, default="", db_default="")
    level = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="The severity word as it was told."
    )
    component = models.CharField(
        max_length=80, blank=True, default="", db_default="", help_text="As told: not always one of the period's."
    )
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    link = models.URLField(max_length=2000, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "fingerprint"],
                condition=Q(ended_at__isnull=True),
                name="one_firing_alert_per_fingerprint",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["source", "fingerprint", "started_at"], name="alert_by_fingerprint")]

    def __str__(self) -> str:
        return self.name


class RejectedPayload(models.Model):
    """A hook body that was not what its source sends, kept for inspection (newest hundred a source)."""

    source = models.ForeignKey(AlertSource, on_delete=models.CASCADE, related_name="rejected")
    at = models.DateTimeField()
    reason = models.TextField()
    body = models.TextField()

    def __str__(self) -> str:
        return f"{self.source} {self.at}"
