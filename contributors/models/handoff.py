"""Notes by which a duty goes from one person to the next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from contributors.models.people import Role, Shift
from hypercare.models import User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class HandoffQuerySet(models.QuerySet["Handoff"]):
    """Every list of notes starts from `visible_to`."""

    def visible_to(self, user: User | AnonymousUser) -> HandoffQuerySet:
        """Notes of the periods this person works in; those who only watch do not read them."""
        if not user.is_authenticated:
            return self.none()
        part = Q(role__period__memberships__user=user, role__period__memberships__left_at__isnull=True)
        return self.filter(
            part, role__period__memberships__right__in=["owner", "support", "contributor"], cancelled_at__isnull=True
        )

    def waiting(self) -> HandoffQuerySet:
        """Not accepted, and still wanted."""
        return self.filter(accepted_at__isnull=True, cancelled_at__isnull=True)


class Handoff(models.Model):
    """A duty that goes from the holder of one shift to the next. Until it is accepted the outgoing person stays on."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="handoffs")
    outgoing_shift = models.ForeignKey(Shift, on_delete=models.CASCADE, related_name="handoffs_out")
    incoming_shift = models.ForeignKey(Shift, on_delete=models.CASCADE, related_name="handoffs_in")
    outgoing = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    incoming = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField(help_text="When the outgoing shift ends.")
    sections = models.JSONField(
        default=list, help_text='The note: [{"code": "open", "title": "Open P1 and P2", "text": "…"}].'
    )
    searched = models.TextField(blank=True, help_text="The note as plain text, for search.")
    version = models.PositiveSmallIntegerField(default=0, help_text="0: nothing is written yet.")
    created_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    escalated_at = models.DateTimeField(null=True, blank=True, help_text="The lead was told.")
    cancelled_at = models.DateTimeField(null=True, blank=True, help_text="The plan changed; not needed.")

    objects: ClassVar[Any] = HandoffQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["outgoing_shift"], condition=Q(cancelled_at__isnull=True), name="one_handoff_a_shift"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(cancelled_at__isnull=True), name="accepted_handoff_stands"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["role", "due_at"], name="handoff_by_role"),
            models.Index(
                fields=["incoming", "due_at"],
                name="handoff_waiting",
                condition=Q(accepted_at__isnull=True, cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}, {self.outgoing.name} to {self.incoming.name}"

    def get_absolute_url(self) -> str:
        """Its page. Needs the role's period."""
        return reverse("contributors:handoff", kwargs={"key": self.role.period.key, "pk": self.pk})

    @property
    def subject(self) -> str:
        """How journal, deliveries and links refer to it."""
        return f"handoff:{self.pk}"

    @property
    def parts(self) -> list[tuple[str, list[str]]]:
        """The note as titles and lines, empty parts left out."""
        lined = ((part["title"], part["text"].splitlines()) for part in self.sections)
        found = ((title, [line.strip() for line in lines if line.strip()]) for title, lines in lined)
        return [(title, lines) for title, lines in found if lines]

    def holds(self, at: datetime) -> bool:
        """Whether the outgoing person is still on duty past their shift, because nobody has taken over."""
        standing = self.accepted_at is None and self.cancelled_at is None
        return standing and self.due_at <= at < self.incoming_shift.ends_at


class HandoffVersion(models.Model):
    """A note as it was sent at a time."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    sections = models.JSONField(default=list)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handoff", "number"], name="one_handoff_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.handoff} {self.number}"
