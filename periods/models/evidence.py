"""What proves a check, and how long a rehearsal really took."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models.period import Period
from periods.models.readiness import ChecklistItem


class Evidence(models.Model):
    """One piece of evidence of a check: a link, a note, or a file. Removing one keeps the row."""

    class Kind(models.TextChoices):
        LINK = "link", "Link"
        NOTE = "note", "Note"
        FILE = "file", "File"

    item = models.ForeignKey(ChecklistItem, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=4, choices=Kind)
    text = models.TextField(blank=True, help_text="The address or the note; beside a file what it shows.")
    file_name = LineField(max_length=120, blank=True)
    media_type = models.CharField(max_length=80, blank=True)
    size = models.PositiveIntegerField(default=0, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)
    stored_as = models.CharField(max_length=80, blank=True, help_text="Empty once the bytes are deleted.")
    tests = models.JSONField(
        null=True, blank=True, help_text="Counts of a test report, see periods/checklist/junit.py."
    )
    added_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    added_at = models.DateTimeField(null=True, blank=True, help_text="Unknown for what was copied over.")
    removed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(kind="file") & ~Q(file_name="") & ~Q(sha256="") & Q(size__gt=0))
                | (~Q(kind="file") & ~Q(text="")),
                name="evidence_shows_something",
            ),
            models.UniqueConstraint(fields=["stored_as"], condition=~Q(stored_as=""), name="one_row_per_stored_file"),
        ]

    def __str__(self) -> str:
        return self.file_name or self.text


class Rehearsal(models.Model):
    """A rehearsal against its time box, running until it has ended. What it took is its two times' difference."""

    class Kind(models.TextChoices):
        ROLLBACK = "rollback", "Rollback"
        CUTOVER = "cutover", "Cutover"

    class Outcome(models.TextChoices):
        PASSED = "passed", "Worked"
        FAILED = "failed", "Did not work"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="rehearsals")
    kind = models.CharField(max_length=8, choices=Kind)
    box_minutes = models.PositiveIntegerField(help_text="Minutes it may take.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=6, choices=Outcome, blank=True)
    notes = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["period", "kind"], condition=Q(ended_at__isnull=True), name="one_running_rehearsal"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gt=F("started_at")), name="rehearsal_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
                name="ended_rehearsal_has_an_outcome",
            ),
            models.CheckConstraint(condition=Q(box_minutes__gt=0), name="rehearsal_has_a_box"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} rehearsal"

    @property
    def took(self) -> timedelta | None:
        """How long it took; None while it runs."""
        return self.ended_at - self.started_at if self.ended_at else None

    @property
    def box(self) -> timedelta:
        """How long it may take."""
        return timedelta(minutes=self.box_minutes)

    @property
    def is_over(self) -> bool:
        """Whether it took longer than its box."""
        return self.took is not None and self.took > self.box

    @property
    def holds(self) -> bool:
        """Whether a go may rest on it: it worked, within its box."""
        return self.outcome == self.Outcome.PASSED and not self.is_over
