"""What comes in from people outside: the public form, what they reported, their files, and errors that are known."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from hypercare.database.lines import LineField
from hypercare.models import User
from incidents.models.incident import Incident
from periods.models import Period


class ReportForm(models.Model):
    """A period's form for people outside. The address is derived from `secret`; only its hash is kept."""

    period = models.OneToOneField(Period, on_delete=models.CASCADE, related_name="report_form")
    is_open = models.BooleanField(default=False)
    secret = models.UUIDField(default=uuid.uuid4)
    token_hash = models.CharField(max_length=64, unique=True)
    title = LineField(max_length=80, help_text="What people outside call it.")
    answer_within = models.CharField(max_length=40, blank=True, help_text="Such as 2 hours; empty promises none.")
    data_note = models.TextField(blank=True, help_text="How their data is used; empty says the usual.")
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.title


class Report(models.Model):
    """What somebody outside reported. It opened an incident; its link shows this report and nothing else."""

    class Stops(models.TextChoices):
        BLOCKED = "blocked", "I can’t do what I need to"
        WORKED_AROUND = "around", "I found a way around it"
        SMALL = "small", "It’s a small thing"

    class Via(models.TextChoices):
        FORM = "form", "Public form"
        MAIL = "mail", "Mail"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="reports")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="reports")
    reference = models.CharField(max_length=9, unique=True, help_text="What the reporter calls it, K7MP-3QXA.")
    via = models.CharField(max_length=4, choices=Via, default=Via.FORM)
    stops = models.CharField(max_length=7, choices=Stops)
    text = models.TextField(help_text="In their words; the incident may say it differently later.")
    email = models.EmailField(blank=True)
    secret = models.UUIDField(default=uuid.uuid4)
    token_hash = models.CharField(max_length=64, unique=True)
    came_from = models.CharField(max_length=32, blank=True, help_text="A keyed hash of where it came from.")
    at = models.DateTimeField()
    quiet_at = models.DateTimeField(null=True, blank=True, help_text="They want no mails about it.")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["period", "at"], name="report_by_time")]

    def __str__(self) -> str:
        return self.reference


class Attachment(models.Model):
    """A picture of a report, known by its content and kept under a name that says nothing."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="attachments")
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, null=True, blank=True, related_name="attachments")
    file_name = LineField(max_length=120)
    media_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.file_name


class KnownError(models.Model):
    """A problem whose cause or way around is known while it is not mended."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="known_errors")
    incident = models.ForeignKey(
        Incident, on_delete=models.SET_NULL, null=True, blank=True, related_name="known_errors"
    )
    title = LineField(max_length=120)
    workaround = models.TextField(blank=True)
    component = models.CharField(max_length=80, blank=True)
    shown_outside = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="It is mended, or no longer true.")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["period", "ended_at", "-id"], name="known_error_open")]

    def __str__(self) -> str:
        return self.title
