"""What must be true to end the period, and who signed that it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models.period import Period


class ExitCriterion(models.Model):
    """A measurable condition, frozen before go-live. Automatic ones are read from the data."""

    class Verdict(models.TextChoices):
        PASS = "pass", "Met"
        FAIL = "fail", "Not met"
        UNKNOWN = "unknown", "Unknown"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="exit_criteria")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40)
    title = LineField(max_length=160)
    mandatory = models.BooleanField(default=False)
    automatic = models.BooleanField(default=True)
    threshold = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    verdict = models.CharField(max_length=7, choices=Verdict, default=Verdict.UNKNOWN, help_text="Of manual ones.")
    evidence = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["period", "code"], name="one_criterion_per_code")]

    def __str__(self) -> str:
        return self.title


class ExitSignature(models.Model):
    """BAU owner or sponsor signs that the period may close. An extension voids both."""

    class Role(models.TextChoices):
        BAU_OWNER = "bau_owner", "BAU owner"
        SPONSOR = "sponsor", "Sponsor"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="exit_signatures")
    role = models.CharField(max_length=10, choices=Role)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    comment = models.TextField(blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["period", "role"], condition=Q(voided_at__isnull=True), name="one_signature_per_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.by}"
