"""Mails that people outside sent to the mailbox: as they came, and what became of each."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.models import User
from incidents.models.intake import Report
from periods.models import Period


class InboundMail(models.Model):
    """One mail that was read. What could not be taken is kept as well, so that somebody can see it."""

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


class StoredMail(models.Model):
    """A mail as it came, kept before anybody reads it; one row however often it is fetched.

    Its bytes go after MAIL_KEPT_DAYS. `tries` counts the readings that began, so that a mail which kills whoever reads
    it is found out. `from_line` and `subject_line` are written when it is quarantined.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waits to be read"
        READ = "read", "Read"
        QUARANTINED = "quarantined", "Could not be read"
        SET_ASIDE = "set_aside", "Set aside"

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of its bytes.")
    raw = models.BinaryField(default=bytes, blank=True)
    came_at = models.DateTimeField()
    state = models.CharField(max_length=11, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    why = models.CharField(max_length=300, blank=True)
    from_line = models.CharField(max_length=200, blank=True)
    subject_line = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    mail = models.ForeignKey(InboundMail, on_delete=models.CASCADE, null=True, blank=True, related_name="originals")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tries", "id"], name="stored_mail_waiting", condition=Q(state="waiting")),
            models.Index(fields=["-id"], name="stored_mail_quarantined", condition=Q(state="quarantined")),
            models.Index(fields=["came_at"], name="stored_mail_age"),
        ]

    def __str__(self) -> str:
        return self.subject_line or self.digest


class MailboxHealth(models.Model):
    """How reading the mailbox goes; one row.

    `troubles` are mails that the server would not hand over: number on the server → how often it was tried.
    """

    watched_since = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=300, blank=True)
    behind_since = models.DateTimeField(null=True, blank=True)
    troubles = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="one_mailbox")]

    def __str__(self) -> str:
        return self.why or "read"
