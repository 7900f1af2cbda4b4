"""What people outside are shown and told: the status page, its notices with their updates, and who gets them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.database.lines import LineField
from hypercare.models import User
from incidents.models.incident import Incident
from periods.models import Period


class StatusPage(models.Model):
    """A period's page for people outside. A secret address is derived from `secret`; only its hash is kept."""

    class Visibility(models.TextChoices):
        OFF = "off", "Nobody"
        MEMBERS = "members", "Members of the period"
        LINK = "link", "Whoever has the link"
        PUBLIC = "public", "Everybody"

    period = models.OneToOneField(Period, on_delete=models.CASCADE, related_name="status_page")
    visibility = models.CharField(max_length=7, choices=Visibility, default=Visibility.OFF)
    slug = models.SlugField(max_length=40, unique=True, help_text="The address unless it is a secret.")
    secret = models.UUIDField(default=uuid.uuid4)
    token_hash = models.CharField(max_length=64, unique=True)
    title = LineField(max_length=80, help_text="What people outside call it.")
    about = models.CharField(max_length=300, blank=True, help_text="What changes, in a sentence or two.")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.title


class Notice(models.Model):
    """One trouble, or one piece of news, as people outside know it. Its updates tell it; `updates.py` writes both."""

    class State(models.TextChoices):
        INVESTIGATING = "investigating", "Looking into it"
        IDENTIFIED = "identified", "Being fixed"
        MONITORING = "monitoring", "Fixed, watching"
        RESOLVED = "resolved", "Solved"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="notices")
    incident = models.ForeignKey(Incident, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices")
    title = LineField(max_length=120)
    components = models.JSONField(default=list, help_text="Which of the period's systems it touches.")
    state = models.CharField(max_length=13, choices=State)
    state_since = models.DateTimeField()
    started_at = models.DateTimeField()
    next_by = models.DateTimeField(null=True, blank=True, help_text="The next update is promised by then.")
    updates_count = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()
    eased_at = models.DateTimeField(null=True, blank=True, help_text="Since when it no longer hurts.")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="resolved", resolved_at__isnull=False, next_by__isnull=True)
                | (~Q(state="resolved") & Q(resolved_at__isnull=True)),
                name="solved_notice_promises_nothing",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["period", "-updated_at", "-id"], name="notice_open", condition=Q(resolved_at__isnull=True)
            ),
            models.Index(fields=["period", "-started_at", "-id"], name="notice_by_start"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def subject(self) -> str:
        """How journal and deliveries refer to it within its period; says nothing to people outside."""
        return f"notice:{self.pk}"


class Update(models.Model):
    """What was said about a notice. Never edited: a correction is the next update."""

    class Audience(models.TextChoices):
        EVERYONE = "everyone", "The status page and its subscribers"
        PAGE = "page", "The status page only"

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="updates")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=13, choices=Notice.State)
    text = models.TextField()
    audience = models.CharField(max_length=8, choices=Audience, default=Audience.EVERYONE)
    next_by = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["notice", "number"], name="one_update_per_number")]
        indexes: ClassVar = [models.Index(fields=["-at", "-id"], name="update_newest")]

    def __str__(self) -> str:
        return self.text[:60]


class Subscriber(models.Model):
    """An address that gets updates: of the whole period, or of one notice. It counts once it is confirmed.

    Whoever leaves is forgotten: the row stays without the address, so that their link still says what happened.
    """

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="subscribers")
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, null=True, blank=True, related_name="followers")
    email = models.EmailField(blank=True)
    secret = models.UUIDField(default=uuid.uuid4)
    token_hash = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField()
    asked_from = models.CharField(max_length=32, blank=True, help_text="A keyed hash of where it came from.")
    mails = models.PositiveSmallIntegerField(default=0, help_text="Confirmations sent.")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["period", "email"],
                condition=Q(left_at__isnull=True, notice__isnull=True),
                name="subscribed_once",
            ),
            models.UniqueConstraint(
                fields=["notice", "email"], condition=Q(left_at__isnull=True, notice__isnull=False), name="follows_once"
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=False, email="") | (Q(left_at__isnull=True) & ~Q(email="")),
                name="who_left_is_forgotten",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["period", "confirmed_at", "id"], name="subscriber_by_confirmation"),
            models.Index(fields=["period", "asked_at"], name="subscriber_by_asking"),
        ]

    def __str__(self) -> str:
        return self.email or "Somebody who left"
