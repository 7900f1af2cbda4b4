"""Mails that people outside sent to the mailbox, and what became of each."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from incidents.models.intake import Report
from periods.models import Period


class InboundMail(models.Model):
    """One mail, read once. What could not be taken is kept as well, so that somebody can see it."""

    class Outcome(models.TextChoices):
        REPORT = "report", "Became a report"
        REPLY = "reply", "Added to a report"
        BOUNCE = "bounce", "A message of ours came back"
        AUTOMATIC = "automatic", "Sent by a program, left alone"
        UNKNOWN = "unknown", "To an address of no period"
        REFUSED = "refused", "Not taken"

    key = models.CharField(max_length=64, unique=True, help_text="A hash of its Message-ID, or of all of it.")
    sender = models.EmailField(blank=True)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=Outcome)
    why = models.CharField(max_length=300, blank=True)
    period = models.ForeignKey(Period, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, null=True, blank=True, related_name="mails")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="inbound_newest"),
            models.Index(fields=["period", "-at", "-id"], name="inbound_newest_of_period"),
        ]

    def __str__(self) -> str:
        return self.subject or self.sender
