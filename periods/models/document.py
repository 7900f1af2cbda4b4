"""Pages of a period: runbook, rollback plan, how we work, and whatever else people write down."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models.period import Period


class Document(models.Model):
    """A page of a period. Its text stands in its versions; `version` is the number of the latest."""

    class Kind(models.TextChoices):
        RUNBOOK = "runbook", "Runbook"
        ROLLBACK = "rollback", "Rollback plan"
        HOW_WE_WORK = "how_we_work", "How we work"
        PAGE = "page", "Page"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.PAGE)
    slug = models.SlugField(max_length=60, help_text="Its name in addresses; it stays when the title changes.")
    title = LineField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "slug"], name="one_page_per_slug"),
            models.UniqueConstraint(
                fields=["period", "kind"], condition=~Q(kind="page"), name="one_page_of_each_special_kind"
            ),
            models.CheckConstraint(condition=Q(kind="page") | Q(removed_at__isnull=True), name="special_pages_stay"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The page where it is read."""
        return reverse("document", kwargs={"key": self.period.key, "slug": self.slug})


class DocumentVersion(models.Model):
    """A page as somebody saved it. Never changed: the database refuses."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = LineField(max_length=120)
    body = models.TextField(blank=True, help_text="Markdown.")
    channels = models.JSONField(default=dict, help_text="Where to talk, of How we work: name → value.")
    reason = models.CharField(max_length=200, blank=True, help_text="What changed, in a few words.")
    minor = models.BooleanField(default=False, help_text="Changes nothing that anybody must read again.")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    via = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"
