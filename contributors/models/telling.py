"""Messages on their way, what each attempt did, and destinations that do not answer."""

from __future__ import annotations

import uuid
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from contributors.models.contact import ContactPoint
from contributors.models.hook import Webhook
from hypercare.models import User
from periods.models import Period

# By which an account is reached: its address is an e-mail address, as those of people outside are.
ACCOUNT_CHANNEL: Final = "email"


class Delivery(models.Model):
    """One message to one recipient by one channel. Sent at least once, under one stable key."""

    class State(models.TextChoices):
        DUE = "due", "Due"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        BOUNCED = "bounced", "Bounced"
        DEAD = "dead", "Could not be sent"
        CANCELLED = "cancelled", "No longer needed"
        EXPIRED = "expired", "Too late to matter"
        BUNDLED = "bundled", "Sent with another"

    OPEN: ClassVar[tuple[str, ...]] = (State.DUE, State.SENDING)

    class Urgency(models.IntegerChoices):
        PAGE = 0, "Page"
        NORMAL = 1, "Normal"
        QUIET = 2, "Quiet"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dedupe_key = models.CharField(max_length=250, unique=True)
    # Written twice for each message: the two indexes Django would add here are the beginnings of others below.
    period = models.ForeignKey(
        Period, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True, db_index=False
    )
    subject = models.CharField(max_length=60, blank=True, help_text="For example incident:36.")
    kind = models.CharField(max_length=40, help_text="Name of the message's template.")
    recipient = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True, db_index=False
    )
    channel = models.CharField(max_length=20, default=ACCOUNT_CHANNEL)
    address = models.CharField(max_length=500)
    point = models.ForeignKey(ContactPoint, on_delete=models.SET_NULL, related_name="deliveries", null=True, blank=True)
    hook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", null=True, blank=True)
    context = models.JSONField(default=dict)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.NORMAL)
    state = models.CharField(max_length=9, choices=State, default=State.DUE)
    intended_at = models.DateTimeField()
    next_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True, help_text="When the first try failed.")
    tried_until = models.DateTimeField(
        null=True, blank=True, help_text="A page is tried at least until then: while its ladder lasts."
    )
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="Taken back while it was being sent: it is not tried again."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    senders_lost = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Tries whose sender stopped before it could report."
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    uncertain = models.BooleanField(default=False)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    retried_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person had it sent again, as a row of its own."
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["urgency", "next_at", "id"], name="delivery_due", condition=Q(state="due")),
            models.Index(
                fields=["address", "urgency", "next_at", "id"], name="delivery_by_destination", condition=Q(state="due")
            ),
            models.Index(fields=["lease_until"], name="delivery_leased", condition=Q(state="sending")),
            models.Index(
                fields=["not_after"], name="delivery_stale", condition=Q(state="due", not_after__isnull=False)
            ),
            models.Index(fields=["created_at", "id"], name="delivery_newest"),
            models.Index(fields=["period", "created_at", "id"], name="delivery_newest_of_period"),
            models.Index(fields=["period", "subject", "created_at"], name="delivery_by_subject"),
            models.Index(fields=["period", "state"], name="delivery_by_state"),
            models.Index(fields=["recipient", "created_at"], name="delivery_newest_of_person"),
            models.Index(
                fields=["hook", "created_at", "id"], name="delivery_newest_of_hook", condition=Q(hook__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}"


class Breaker(models.Model):
    """A destination that did not answer lately. The row goes with its next answer."""

    address = models.CharField(max_length=500, primary_key=True)
    timeouts = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    open_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.address


class DeliveryAttempt(models.Model):
    """What one attempt did: the audit row of a delivery's transitions."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    fence = models.PositiveIntegerField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, help_text="sent, retry, uncertain, or the state it ended in.")
    detail = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.outcome} {self.at}"
