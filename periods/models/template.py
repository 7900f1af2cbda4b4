"""Own templates of periods: a name with versions, and what a period was started from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models.period import Period
from periods.template_files.content import KINDS


class PeriodTemplate(models.Model):
    """A template of one's own. What it brings is in its versions; this row is its name and whether it is offered."""

    key = models.SlugField(max_length=60, unique=True)
    name = LineField(max_length=120, help_text="As in its newest version.")
    kind = models.CharField(max_length=20, choices=list(KINDS.items()), help_text="As in its newest version.")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    archived_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="one_template_per_name"),
            models.CheckConstraint(
                condition=Q(archived_at__isnull=True) | Q(archived_by__isnull=False), name="archived_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("template", kwargs={"key": self.key})


class TemplateVersion(models.Model):
    """What a template brings, as of one day. A database trigger refuses every change."""

    template = models.ForeignKey(PeriodTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField(help_text="The plain form of `periods.template_files.content`.")
    note = models.CharField(max_length=200, blank=True, help_text="What is new in it.")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_from = models.ForeignKey(
        Period,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The period it was saved from.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "number"], name="one_template_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.template}, version {self.number}"


class PeriodOrigin(models.Model):
    """What a period was started from, and what that said on the day: later versions change nothing here."""

    period = models.OneToOneField(Period, on_delete=models.CASCADE, related_name="origin")
    label = models.CharField(max_length=160, help_text="Such as “ERP cut-over” or “Billing cut-over, version 2”.")
    version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="started"
    )
    earlier = models.ForeignKey(Period, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    content = models.JSONField()

    def __str__(self) -> str:
        return self.label
