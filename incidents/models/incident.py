"""Incidents, the steps of their life, and what people write on them."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast
from django.urls import reverse

from contributors.models import Role
from hypercare.database.lines import LineField
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
        """Not resolved or closed; enhancements and problem records are left out and count nowhere.

        Said as the partial indexes say it: so they serve on SQLite too.
        """
        return self.filter(resolved_at__isnull=True).counted()

    def counted(self) -> IncidentQuerySet:
        """What the window is judged by: all but enhancements and problem records."""
        return self.exclude(kind__in=Incident.UNCOUNTED)

    def promised(self) -> IncidentQuerySet:
        """P1 and P2, and whatever may have missed a target as one: that stays, whatever it is graded or called now."""
        now = Q(severity__in=Incident.URGENT) & ~Q(kind__in=Incident.UNCOUNTED)
        then = [Q(said__contains=f'"severity": "{level}"') for level in Incident.URGENT]
        rows = self.annotate(said=Cast("marks", models.TextField()))
        return rows.filter(reduce(or_, then, now))

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

    URGENT: ClassVar[tuple[str, ...]] = (Severity.P1, Severity.P2)

    class Level(models.TextChoices):
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    class Source(models.TextChoices):
        BROWSER = "browser", "Logged by hand"
        API = "api", "API"
        ALERT = "alert", "Alert"
        FORM = "form", "Public form"
        MAIL = "mail", "Mail"

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
        PROBLEM = "problem", "Problem"

    # Neither a wish nor a problem record hurts anybody itself: no clock runs and no figure counts them.
    UNCOUNTED: ClassVar[tuple[str, ...]] = (Kind.ENHANCEMENT, Kind.PROBLEM)

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
    title = LineField(max_length=200)
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
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    last_update_at = models.DateTimeField(null=True, blank=True, help_text="Last stakeholder update.")
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ending = models.CharField(max_length=13, choices=Ending, blank=True)
    resolution = models.TextField(blank=True)
    cause = models.CharField(max_length=200, blank=True)
    workaround = models.CharField(max_length=500, blank=True, help_text="How people get by until it is fixed.")
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="duplicates",
        help_text="Merged into this one.",
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="children",
        help_text="The problem or larger incident it is part of.",
    )
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
        default=list, blank=True, help_text="Warnings given and deadlines missed, each once; see `sla_alerts.py`."
    )
    paging_since = models.DateTimeField(null=True, blank=True, help_text="Set while an answer is awaited.")
    answered = models.JSONField(
        default=list, blank=True, help_text="Ids of those who acknowledged this round of paging."
    )
    reopened = models.PositiveSmallIntegerField(default=0)
    reopened_at = models.DateTimeField(null=True, blank=True, help_text="Its clocks count from here.")
    escalation_round = models.PositiveSmallIntegerField(default=0, help_text="Re-opening starts a new round.")
    handed_to = models.CharField(max_length=120, blank=True, help_text="BAU owner of what stays open at exit.")
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
            models.CheckConstraint(
                condition=Q(duplicate_of__isnull=True) | Q(resolved_at__isnull=False), name="merged_has_ended"
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
                fields=["period", "reopened_at"], name="incident_by_return", condition=Q(reopened_at__isnull=False)
            ),
            models.Index(
                fields=["owner", "severity"], name="incident_open_by_owner", condition=Q(resolved_at__isnull=True)
            ),
            # Nearly all are empty: an index of them all is one that SQLite's planner, once it has looked, never uses.
            models.Index(fields=["duplicate_of"], name="incident_by_original", condition=Q(duplicate_of__isnull=False)),
            models.Index(fields=["parent"], name="incident_by_parent", condition=Q(parent__isnull=False)),
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
        """An enhancement: it waits for later."""
        return self.kind == self.Kind.ENHANCEMENT

    @property
    def is_problem(self) -> bool:
        """A problem record: the common cause of others."""
        return self.kind == self.Kind.PROBLEM

    @property
    def has_no_clock(self) -> bool:
        """Nothing is promised about it, nobody is paged, and nothing counts it."""
        return self.kind in self.UNCOUNTED

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
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    report = models.ForeignKey(
        "incidents.Report",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="replies",
        help_text="Whose reporter wrote it, where it was nobody of the period.",
    )
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(by__isnull=False) | Q(report__isnull=False), name="comment_has_an_author"
            )
        ]

    def __str__(self) -> str:
        return self.body[:60]
