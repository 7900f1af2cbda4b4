"""Calendars of others: what was read of one, and which of its events became what here."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from contributors.models.duty import Absence
from contributors.models.people import Role, Shift
from hypercare.models import User
from periods.models import Period


class CalendarImport(models.Model):
    """One calendar as it was read: a preview until it is accepted. Its id is the batch of the shifts it made."""

    class What(models.TextChoices):
        SHIFTS = "shifts", "Shifts of a role"
        ABSENCES = "absences", "My absences"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    what = models.CharField(max_length=8, choices=What)
    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    kind = models.CharField(max_length=7, choices=Shift.Kind, default=Shift.Kind.PRIMARY)
    made_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    source = models.CharField(max_length=200, help_text="What the reader is shown: file, host, or its own name.")
    source_key = models.CharField(max_length=64, help_text="The same for the next export of this calendar.")
    found = models.JSONField(default=list)
    left = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    people = models.JSONField(default=dict, help_text="Name in the calendar → id of a person; 0 leaves it out.")
    done = models.JSONField(default=dict, help_text="What accepting it changed, so that it can be undone.")
    accepted_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["made_by", "made_at"], name="import_by_person")]

    def __str__(self) -> str:
        return f"{self.what} from {self.source}"


class ImportedEvent(models.Model):
    """An event that became a shift or an absence, so that its next export changes that one."""

    imported = models.ForeignKey(CalendarImport, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=64, help_text="Hash of UID, repeat, part and place of the person.")
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    shift = models.ForeignKey(Shift, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    absence = models.ForeignKey(Absence, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    revision = models.PositiveIntegerField(default=0, help_text="The shift's when it was written from here.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["role", "key"], condition=Q(role__isnull=False), name="one_shift_per_event"
            ),
            models.UniqueConstraint(
                fields=["user", "key"], condition=Q(user__isnull=False), name="one_absence_per_event"
            ),
        ]

    def __str__(self) -> str:
        return self.key
