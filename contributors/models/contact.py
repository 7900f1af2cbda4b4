"""The ways a person can be reached, and what they want to be reached by when."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from hypercare import registry
from hypercare.models import User
from hypercare.security.encryption import SecretField


def channel_choices() -> list[tuple[str, str]]:
    """Every channel, and what it is called where a way is added: as the switchboard has them, not a list of its own."""
    return [(name, registry.resolve(path).choice) for name, path in registry.CHANNELS.items()]


class ContactPoint(models.Model):
    """One way to reach a person besides their account's e-mail. It counts once it is verified."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=20, choices=channel_choices)
    label = models.CharField(max_length=60, help_text="What the person calls it: My phone, Team channel.")
    target = SecretField(help_text="The address, with its secrets; encrypted.")
    shown = models.CharField(max_length=120, help_text="The address without what must stay secret.")
    signing_key = SecretField(blank=True, help_text="What messages are signed with, where the channel signs them.")
    old_signing_key = SecretField(blank=True, help_text="Signs as well until the key is replaced.")
    old_key_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.CharField(max_length=200, blank=True)
    code_hash = models.CharField(max_length=128, blank=True)
    code_until = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    codes_sent = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "label"], condition=Q(removed_at__isnull=True), name="one_contact_point_a_label"
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def works(self) -> bool:
        """Whether messages may go there."""
        return self.verified_at is not None and self.removed_at is None and self.disabled_at is None


class PushKey(models.Model):
    """One row: the key pair that browsers know this installation by. Made when the first browser subscribes."""

    private_key = SecretField(help_text="32 bytes in base64; the public key follows from it.")

    def __str__(self) -> str:
        return "Push key"


class ContactRule(models.Model):
    """A step of a person's own rule: this way, so long after the message was due. No point is the account's e-mail."""

    class Urgency(models.TextChoices):
        PAGE = "page", "When I am paged"
        NORMAL = "normal", "Everything else"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="contact_rules")
    urgency = models.CharField(max_length=6, choices=Urgency)
    position = models.PositiveSmallIntegerField()
    point = models.ForeignKey(ContactPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="rules")
    wait_s = models.PositiveIntegerField(default=0, help_text="Seconds after the message was due.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "urgency", "position"], name="one_rule_a_position"),
            models.CheckConstraint(condition=Q(wait_s__lte=3600), name="contact_rule_waits_an_hour_at_most"),
        ]

    def __str__(self) -> str:
        return f"{self.urgency} {self.position}"


class QuietHours(models.Model):
    """When a person wants no messages but pages: wall-clock times of their own zone, past midnight if need be."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="quiet_hours")
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(starts=F("ends")), name="quiet_hours_have_a_length")
        ]

    def __str__(self) -> str:
        return f"{self.starts:%H:%M} to {self.ends:%H:%M}"


class TurnedOff(models.Model):
    """A class of messages a person does not want (`categories.py`). Pages, invitations and codes are in none."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="turned_off")
    topic = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "topic"], name="turned_off_once")]

    def __str__(self) -> str:
        return f"{self.topic} off"
