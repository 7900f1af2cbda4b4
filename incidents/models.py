"""Incidents, their history, and the alerts that open them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from contributors.models import Role
from hypercare.models import User
from periods.models import Period

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Every list of incidents starts from `visible_to`."""

    def visible_to(self, user: User | AnonymousUser) -> IncidentQuerySet:
        """Incidents of the periods this person is a member of."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(period__memberships__user=user, period__memberships__left_at__isnull=True)

    def open(self) -> IncidentQuerySet:
        """Not resolved or closed, enhancements left out: they wait in a backlog and count nowhere.

        Said as the partial indexes say it: so they serve on SQLite too.
        """
        return self.filter(resolved_at__isnull=True).counted()

    def counted(self) -> IncidentQuerySet:
        """What the window is judged by: all but enhancements."""
        return self.exclude(kind=Incident.Kind.ENHANCEMENT)

    def backlog(self) -> IncidentQuerySet:
        """Wishes that are still open."""
        return self.filter(resolved_at__isnull=True, kind=Incident.Kind.ENHANCEMENT)

    def ended(self) -> IncidentQuerySet:
        """Resolved or closed."""
        return self.filter(resolved_at__isnull=False)

    def locked(self) -> IncidentQuerySet:
        """Rows held until the transaction ends."""
        return self.select_for_update(of=("self",))


class Incident(models.Model):
    """Something that hurts users of the release. Only `triage.py` writes `status`."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        INVESTIGATING = "investigating", "Investigating"
        MITIGATED = "mitigated", "Mitigated"
        MONITORING = "monitoring", "Monitoring"
        RESOLVED = "resolved", "Resolved"
        CLOSED = "closed", "Closed"

    ENDED: ClassVar[tuple[str, ...]] = (Status.RESOLVED, Status.CLOSED)

    class Severity(models.TextChoices):
        P1 = "P1", "Critical"
        P2 = "P2", "Major"
        P3 = "P3", "Minor"
        P4 = "P4", "Trivial"

    class Level(models.TextChoices):
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    class Source(models.TextChoices):
        BROWSER = "browser", "Logged by hand"
        API = "api", "API"
        ALERT = "alert", "Alert"

    class Ending(models.TextChoices):
        FIXED = "fixed", "Fixed"
        WORKAROUND = "workaround", "Workaround"
        NOT_A_PROBLEM = "not_a_problem", "Not a problem"
        DUPLICATE = "duplicate", "Duplicate"

    class Kind(models.TextChoices):
        DEFECT = "defect", "Defect"
        DATA = "data", "Data"
        ACCESS = "access", "Access"
        INTEGRATION = "integration", "Integration"
        PERFORMANCE = "performance", "Performance"
        HOW_TO = "how_to", "How-to"
        ENHANCEMENT = "enhancement", "Enhancement"

    class Verdict(models.TextChoices):
        """What the release has to do with it."""

        CAUSED = "caused", "Caused by the change"
        KNOWN = "known", "Known before"
        UNRELATED = "unrelated", "Unrelated"

    class Queue(models.TextChoices):
        """Where it waits for somebody else; each ages in sight."""

        RETURNED = "returned", "Waiting for reporter"
        RETEST = "retest", "Retest"
        PLANNED_FIX = "planned_fix", "Planned fix"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="incidents")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    component = models.CharField(max_length=80, blank=True, help_text="One of the period's systems.")
    team = models.ForeignKey(Role, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents")
    impact = models.CharField(max_length=6, choices=Level)
    urgency = models.CharField(max_length=6, choices=Level)
    severity = models.CharField(max_length=2, choices=Severity)
    status = models.CharField(max_length=13, choices=Status, default=Status.NEW)
    source = models.CharField(max_length=7, choices=Source, default=Source.BROWSER)
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    last_update_at = models.DateTimeField(null=True, blank=True, help_text="Last stakeholder update.")
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ending = models.CharField(max_length=13, choices=Ending, blank=True)
    resolution = models.TextField(blank=True)
    cause = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=12, choices=Kind, blank=True, help_text="Empty: not judged yet.")
    verdict = models.CharField(max_length=9, choices=Verdict, blank=True, help_text="Empty: not judged yet.")
    queue = models.CharField(max_length=11, choices=Queue, blank=True)
    queue_note = models.CharField(max_length=200, blank=True, help_text="What is awaited, in a sentence.")
    queued_at = models.DateTimeField(null=True, blank=True, help_text="Since when it waits there.")
    snoozed_until = models.DateTimeField(null=True, blank=True, help_text="Out of the open list until then.")
    pauses = models.JSONField(
        default=list, blank=True, help_text="Waits for the reporter: [begin, end or null] in ISO 8601."
    )
    marks = models.JSONField(
        default=list, blank=True, help_text="Warnings given and deadlines missed, each once; see `watch.py`."
    )
    paging_since = models.DateTimeField(null=True, blank=True, help_text="Set while an answer is awaited.")
    answered = models.JSONField(
        default=list, blank=True, help_text="Ids of those who acknowledged this round of paging."
    )
    reopened = models.PositiveSmallIntegerField(default=0)
    reopened_at = models.DateTimeField(null=True, blank=True, help_text="Its clocks count from here.")
    escalation_round = models.PositiveSmallIntegerField(default=0, help_text="Re-opening starts a new round.")
    handed_to = models.CharField(
        max_length=120, blank=True, help_text="BAU owner of what stays open at exit."
    )
    version = models.PositiveIntegerField(default=1, help_text="For If-Match and conflict messages.")
    updated_at = models.DateTimeField()

    objects: ClassVar[Any] = IncidentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "number"], name="one_incident_per_number"),
            models.CheckConstraint(
                condition=Q(status__in=["resolved", "closed"], resolved_at__isnull=False)
                | (~Q(status__in=["resolved", "closed"]) & Q(resolved_at__isnull=True)),
                name="resolved_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["period", "severity", "reported_at", "id"],
                name="incident_open",
                condition=Q(resolved_at__isnull=True),
            ),
            models.Index(fields=["period", "-reported_at", "-id"], name="incident_by_report"),
            models.Index(fields=["period", "resolved_at"], name="incident_by_resolution"),
            models.Index(fields=["period", "updated_at", "id"], name="incident_by_update"),
            models.Index(
                fields=["owner", "severity"],
                name="incident_open_by_owner",
                condition=Q(resolved_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    def get_absolute_url(self) -> str:
        """The stable short link."""
        return reverse("incident", kwargs={"key": self.period.key, "number": self.number})

    @property
    def key(self) -> str:
        """`BILL26-36`: how people call it. Needs the period loaded."""
        return f"{self.period.key}-{self.number}"

    @property
    def subject(self) -> str:
        """How journal, deliveries and links refer to it within its period."""
        return f"incident:{self.number}"

    @property
    def full_url(self) -> str:
        """The address for a mail."""
        return f"{settings.BASE_URL}{self.get_absolute_url()}"

    @property
    def clock_from(self) -> datetime:
        """When its clocks start: the report, or the last time it was re-opened."""
        return self.reopened_at or self.reported_at

    @property
    def caused_by_change(self) -> bool | None:
        """Whether the release caused it; None while nobody has judged."""
        return self.verdict == self.Verdict.CAUSED if self.verdict else None

    @property
    def is_wanted(self) -> bool:
        """Whether an answer is awaited: nobody has acknowledged it, or not enough people, or it fell silent."""
        return self.is_open and (self.acknowledged_at is None or self.paging_since is not None)

    @property
    def in_backlog(self) -> bool:
        """An enhancement: no clock runs and nothing counts it."""
        return self.kind == self.Kind.ENHANCEMENT

    @property
    def is_open(self) -> bool:
        """Not resolved or closed."""
        return self.status not in self.ENDED


class StatusChange(models.Model):
    """A step of an incident's life: what was open at any instant is the sum of `opens` before it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="changes")
    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="+")
    from_status = models.CharField(max_length=13, choices=Incident.Status, blank=True)
    to_status = models.CharField(max_length=13, choices=Incident.Status)
    opens = models.SmallIntegerField(default=0, help_text="+1 reported or re-opened, −1 resolved, else 0.")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["period", "at"], name="change_that_counts", condition=~Q(opens=0)),
            models.Index(fields=["incident", "at", "id"], name="change_by_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class Comment(models.Model):
    """What people write on an incident: a note, a stakeholder update or a decision."""

    class Kind(models.TextChoices):
        NOTE = "note", "Note"
        UPDATE = "update", "Stakeholder update"
        DECISION = "decision", "Decision"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="comments")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.NOTE)
    body = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.body[:60]


class AlertSource(models.Model):
    """A monitoring tool allowed to push alerts into one period. The token is stored hashed."""

    class Kind(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="alert_sources")
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    token_prefix = models.CharField(max_length=12)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One firing of one fingerprint; repeats only touch `last_seen_at` and `count`."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="alerts")
    source = models.ForeignKey(AlertSource, on_delete=models.CASCADE, related_name="alerts")
    incident = models.ForeignKey(
        Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts"
    )
    fingerprint = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    link = models.URLField(max_length=2000, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "fingerprint"],
                condition=Q(ended_at__isnull=True),
                name="one_firing_alert_per_fingerprint",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RejectedPayload(models.Model):
    """A hook body that was not what its source sends, kept for inspection (newest hundred a source)."""

    source = models.ForeignKey(AlertSource, on_delete=models.CASCADE, related_name="rejected")
    at = models.DateTimeField()
    reason = models.TextField()
    body = models.TextField()

    def __str__(self) -> str:
        return f"{self.source} {self.at}"


class IncidentPolicy(models.Model):
    """What a period promises about incidents, where that differs from the product's defaults (`policies.py`)."""

    period = models.OneToOneField(Period, on_delete=models.CASCADE, related_name="incident_policy")
    targets = models.JSONField(default=dict, blank=True, help_text="Severity → clock → [seconds, measure].")
    hours = models.JSONField(default=dict, blank=True, help_text="Covered hours: days, opens, closes.")
    ladders = models.JSONField(default=dict, blank=True, help_text="Severity → steps, answers, repeat.")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    updated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Incidents of {self.period_id}"


class SavedView(models.Model):
    """A filter of a list somebody gave a name. The filter itself lives in the address."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="incident_views")
    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "period", "name"], name="one_view_per_name")
        ]

    def __str__(self) -> str:
        return self.name
