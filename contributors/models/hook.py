"""Where a period tells other programs what happens in it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.models import User
from hypercare.security.encryption import SecretField
from periods.models import Period


class Webhook(models.Model):
    """An address of another program's, and which entries of the journal are posted to it."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=60, help_text="What people call it: Data warehouse, Status board.")
    target = SecretField(help_text="The address, with its secrets; encrypted.")
    shown = models.CharField(max_length=120, help_text="The address without what must stay secret.")
    events = models.JSONField(default=list, help_text="“*”, “incident.*” or “incident.reported”.")
    signing_key = SecretField(blank=True, help_text="What messages are signed with.")
    old_signing_key = SecretField(blank=True, help_text="Signs as well until the key is replaced.")
    old_key_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.CharField(max_length=200, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["period", "name"], condition=Q(removed_at__isnull=True), name="one_webhook_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def works(self) -> bool:
        """Whether entries are posted there."""
        return self.removed_at is None and self.disabled_at is None
