"""Rotations, what departs from them, requests for cover, and when people are away."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from contributors.models.people import Role, Shift
from hypercare.models import User
from periods.models import Period


class Rotation(models.Model):
    """Who takes turns in a role, from which the shifts to come are made (`contributors/shifts/rotation_rules.py`)."""

    class Unit(models.TextChoices):
        HOURS = "hours", "hours"
        DAYS = "days", "days"
        WEEKS = "weeks", "weeks"

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="rotations")
    name = models.CharField(max_length=60)
    layer = models.PositiveSmallIntegerField(default=1, help_text="Where several have somebody, the highest wins.")
    kind = models.CharField(max_length=7, choices=[("primary", "On duty"), ("deputy", "Deputy")], default="primary")
    every = models.PositiveSmallIntegerField(default=1)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.DAYS)
    first_on = models.DateField()
    hand_off_at = models.TimeField(help_text="On the wall clock of its zone.")
    zone_name = models.CharField(max_length=64)
    until_at = models.DateTimeField(null=True, blank=True)
    hours = models.JSONField(
        default=list, help_text='[{"days": [0, 1], "from": "09:00", "to": "17:00"}]; empty is all hours.'
    )
    sites = models.JSONField(
        default=list, help_text='Follows the sun: [{"zone": "Asia/Kolkata", "at": "08:00"}], in order.'
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Taken out of the plan.")

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(every__gte=1), name="rotation_moves_on")]
        indexes: ClassVar = [
            models.Index(fields=["role", "layer"], name="rotation_by_role", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.name


class RotationTurn(models.Model):
    """A place in the order of a rotation; a person may have several."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="turns")
    position = models.PositiveSmallIntegerField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="rotation_turns")
    site = models.PositiveSmallIntegerField(default=0, help_text="Which of the rotation's sites.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["rotation", "position"], name="one_person_per_turn")]

    def __str__(self) -> str:
        return f"{self.user} in {self.rotation}"


class Override(models.Model):
    """From start up to end the rotations of a role leave the time of one person to another, or empty."""

    class Kind(models.TextChoices):
        REPLACE = "replace", "Stands in"
        REMOVE = "remove", "Taken out"

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="overrides")
    kind = models.CharField(max_length=7, choices=Kind)
    duty = models.CharField(max_length=7, choices=Shift.Kind, default=Shift.Kind.PRIMARY)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    instead_of = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="override_ends_after_start"),
            models.CheckConstraint(
                condition=Q(kind="remove", user__isnull=True) | Q(kind="replace", user__isnull=False),
                name="override_names_who_stands_in",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["role", "ends_at"], name="override_by_role")]

    def __str__(self) -> str:
        return f"{self.kind} {self.starts_at:%d %b %H:%M}"


class AcceptedGap(models.Model):
    """A gap that whoever plans lets stand, and why. It ends when the gap is filled, or becomes another."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="accepted_gaps")
    kind = models.CharField(max_length=7, choices=Shift.Kind, default=Shift.Kind.PRIMARY)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    missing = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=200)
    accepted_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    accepted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="accepted_gap_ends_after_start"),
            models.UniqueConstraint(
                fields=["role", "kind", "starts_at"], condition=Q(ended_at__isnull=True), name="gap_accepted_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.starts_at:%d %b %H:%M}"


class CoverRequest(models.Model):
    """Somebody is asked to take a stretch of duty: a gap, or a shift of somebody else, perhaps for one in return."""

    class State(models.TextChoices):
        OPEN = "open", "Waiting for an answer"
        ACCEPTED = "accepted", "Waiting for the lead"
        DONE = "done", "Covered"
        DECLINED = "declined", "Not approved"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Nobody took it"

    STANDING: ClassVar[tuple[str, ...]] = (State.OPEN, State.ACCEPTED)

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="cover_requests")
    shift = models.ForeignKey(
        Shift,
        on_delete=models.CASCADE,
        related_name="cover_requests",
        null=True,
        blank=True,
        help_text="The shift to be taken over; empty for a gap.",
    )
    in_return = models.ForeignKey(
        Shift,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        help_text="A swap: the shift that is taken over in return.",
    )
    kind = models.CharField(max_length=7, choices=Shift.Kind, default=Shift.Kind.PRIMARY)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    taken_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="request_ends_after_start"),
            models.UniqueConstraint(
                fields=["shift"], condition=Q(state__in=["open", "accepted"]), name="one_request_per_shift"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["role", "state", "starts_at"], name="request_by_role")]

    def __str__(self) -> str:
        return f"{self.role} {self.starts_at:%d %b %H:%M}"


class CoverAsk(models.Model):
    """One person who was asked, and what they said."""

    class Answer(models.TextChoices):
        NONE = "", "No answer yet"
        ACCEPTED = "accepted", "Takes it"
        REFUSED = "refused", "Can't"

    request = models.ForeignKey(CoverRequest, on_delete=models.CASCADE, related_name="asks")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="cover_asks")
    answer = models.CharField(max_length=8, choices=Answer, default=Answer.NONE, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["request", "user"], name="asked_once")]

    def __str__(self) -> str:
        return f"{self.user} asked for {self.request}"


class Absence(models.Model):
    """When a person can't work, in any period. The reason is theirs; others only see that they are away."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_start")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["user", "starts_at", "ends_at"], name="absence_by_user", condition=Q(cancelled_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} away {self.starts_at:%d %b}"


class FatigueLimits(models.Model):
    """Where a period's limits on duty differ from the usual ones (`contributors/shifts/work_time_limits.py`)."""

    period = models.OneToOneField(Period, on_delete=models.CASCADE, related_name="fatigue_limits")
    limits = models.JSONField(default=dict, help_text='{"rest": {"limit": 10, "level": "warn"}}')

    def __str__(self) -> str:
        return f"Fatigue limits of {self.period}"
