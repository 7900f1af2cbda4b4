"""Members, their duty roles and shifts, readiness, one-tap links, and messages on their way."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models import Period


class Role(models.Model):
    """A duty of one period, such as Billing engineering, with the cover it needs."""

    class Cover(models.TextChoices):
        ALWAYS = "24x7", "24 h"
        DAYTIME = "12x7", "08 to 20 every day"
        BUSINESS = "business", "Weekdays 09 to 17"
        CUSTOM = "custom", "Own weekly hours"
        NONE = "none", "No fixed cover"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="roles")
    position = models.PositiveSmallIntegerField()
    name = LineField(max_length=60)
    code = models.CharField(max_length=4, help_text="Owner code of the checklist: HL, EN, SU …")
    cover = models.CharField(max_length=8, choices=Cover, default=Cover.BUSINESS)
    cover_until = models.DateTimeField(null=True, blank=True, help_text="Required until then; empty is the end.")
    headcount = models.PositiveSmallIntegerField(default=1)
    week = models.JSONField(
        default=list,
        blank=True,
        help_text='Own weekly hours: [{"days": [0], "from": "08:00", "to": "20:00", "people": 2}], Monday is 0.',
    )
    later_phases = models.JSONField(
        default=list,
        blank=True,
        help_text='Cover after `cover_until`: [{"cover": "12x7", "until": ISO or null, "headcount": 1}].',
    )
    headcount_on = models.JSONField(
        default=dict, blank=True, help_text='People on certain days: {"mon": 3, "2026-11-23": 6}.'
    )
    zone_name = models.CharField(max_length=64, blank=True, help_text="Zone of its hours; empty is the period's.")
    country = models.CharField(
        max_length=6, blank=True, help_text="Whose public holidays close its business hours, such as DK or US-NY."
    )
    on_call = models.BooleanField(
        default=False, help_text="Reachable rather than at work: long stretches warn instead of being refused."
    )
    needs_deputy = models.BooleanField(default=False, help_text="A deputy is needed whenever somebody is.")
    overlap_minutes = models.PositiveSmallIntegerField(
        default=0, help_text="How long before the hand-off of a rotation the next person begins."
    )
    swaps_need_lead = models.BooleanField(default=False, help_text="The lead approves cover and swaps.")
    required = models.BooleanField(default=True, help_text="Must be acknowledged before a go.")
    answers_pages = models.BooleanField(default=False, help_text="Paged first when an incident names no role.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "name"], name="one_role_per_name"),
            models.UniqueConstraint(fields=["period"], condition=Q(answers_pages=True), name="one_role_answers_pages"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person in a period: their right (one table in `permissions.py`) and their duty role."""

    class Right(models.TextChoices):
        OWNER = "owner", "Owner"
        SUPPORT = "support", "Support"
        CONTRIBUTOR = "contributor", "Contributor"
        VIEWER = "viewer", "Viewer"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    right = models.CharField(max_length=11, choices=Right)
    role = models.ForeignKey(Role, on_delete=models.SET_NULL, null=True, blank=True, related_name="members")
    is_deputy = models.BooleanField(default=False)
    joined_at = models.DateTimeField()
    invited_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["period", "user"], condition=Q(left_at__isnull=True), name="one_membership_each"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["user", "period"], name="membership_by_user")]

    def __str__(self) -> str:
        return f"{self.user} in {self.period}"


class Acknowledgement(models.Model):
    """A person's answer to “are you ready?”. A new answer voids the one before it."""

    class State(models.TextChoices):
        READY = "ready", "Ready"
        PROBLEM = "problem", "Something is missing"

    STATEMENTS: ClassVar[dict[str, str]] = {
        "runbook": "I have read the runbook",
        "access": "My production access works",
        "reachable": "You can reach me",
        "shifts": "I can work my shifts",
    }

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="acknowledgements")
    state = models.CharField(max_length=8, choices=State)
    statements = models.JSONField(default=list, help_text="Keys of the statements that are true.")
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    via = models.CharField(max_length=20, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)
    versions = models.JSONField(default=dict, help_text="What it was given to: pages, shifts, go-live.")
    void_changes = models.JSONField(
        default=list, help_text='What made it void: [{"code": …, "text": …, "statements": […]}].'
    )
    cannot = models.JSONField(default=list, help_text="Ids of the shifts the person can't work.")
    reply = models.TextField(blank=True, help_text="What the lead answered to a problem.")
    replied_at = models.DateTimeField(null=True, blank=True)
    replied_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["membership"], condition=Q(voided_at__isnull=True), name="one_answer_stands"
            ),
            models.CheckConstraint(condition=~Q(state="problem") | ~Q(note=""), name="problem_says_what"),
            models.CheckConstraint(condition=Q(reply="") | Q(replied_at__isnull=False), name="reply_has_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.membership} {self.state}"


class Shift(models.Model):
    """Somebody is on duty for a role, from start up to but not including end."""

    class Kind(models.TextChoices):
        PRIMARY = "primary", "On duty"
        DEPUTY = "deputy", "Deputy"

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="shifts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shifts")
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.PRIMARY)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="Identity in calendars.")
    revision = models.PositiveIntegerField(default=0, help_text="SEQUENCE in calendars.")
    is_override = models.BooleanField(default=False)
    rotation = models.ForeignKey(
        "contributors.Rotation",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="shifts",
        help_text="Made by it, and made anew with it; empty for a fixed shift.",
    )
    batch = models.UUIDField(null=True, blank=True, help_text="Shifts accepted together can be undone together.")
    warnings = models.JSONField(default=list, help_text="Fatigue warnings that were shown when it was made.")
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="shift_ends_after_start"),
            # A turn of a rotation may last weeks; a day of 25 hours makes a full day an hour longer.
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + timedelta(hours=25)) | Q(rotation__isnull=False),
                name="fixed_shift_lasts_a_day_at_most",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["role", "starts_at", "ends_at"], name="shift_by_role", condition=Q(cancelled_at__isnull=True)
            ),
            models.Index(
                fields=["user", "starts_at", "ends_at"], name="shift_by_user", condition=Q(cancelled_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%d %b %H:%M}"

    def covers(self, at: datetime) -> bool:
        """Whether this shift is on at an instant."""
        return self.cancelled_at is None and self.starts_at <= at < self.ends_at


class Link(models.Model):
    """A one-tap link. Its text is derived from `id` and the secret key; only a hash is stored."""

    class Purpose(models.TextChoices):
        ACKNOWLEDGE = "acknowledge", "Acknowledge readiness"
        PAGE = "page", "Acknowledge a page"
        CALENDAR = "calendar", "Calendar feed"
        COVER = "cover", "Answer a cover request"
        HANDOFF = "handoff", "Accept a hand-off"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=11, choices=Purpose)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="links")
    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    subject = models.CharField(max_length=60, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.purpose} link of {self.user}"
