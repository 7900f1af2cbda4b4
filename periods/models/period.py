"""The period itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from hypercare.database.lines import LineField
from hypercare.models import User, validate_time_zone
from periods.calendar.window_days import WindowDay

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class PeriodQuerySet(models.QuerySet["Period"]):
    """Every list of periods starts from `visible_to`."""

    def visible_to(self, user: User | AnonymousUser) -> PeriodQuerySet:
        """The periods this person is a member of; nothing for a stranger, administrators included."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(memberships__user=user, memberships__left_at__isnull=True)

    def locked(self) -> PeriodQuerySet:
        """Rows held until the transaction ends (on SQLite the transaction itself holds them)."""
        return self.select_for_update(of=("self",))

    def running(self) -> PeriodQuerySet:
        """Periods after go-live that are not closed."""
        return self.filter(status__in=Period.LIVE)


class Period(models.Model):
    """A time-boxed stretch of extra care after a go-live. Only `lifecycle.py` writes `status`."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PLANNED = "planned", "Planned"
        READINESS = "readiness", "Getting ready"
        READY = "ready", "Ready"
        ACTIVE = "active", "Live"
        STABILISING = "stabilising", "Stabilising"
        EXIT_REVIEW = "exit_review", "Exit review"
        CLOSED = "closed", "Closed"
        ROLLED_BACK = "rolled_back", "Rolled back"
        CANCELLED = "cancelled", "Cancelled"

    LIVE: ClassVar[tuple[str, ...]] = (Status.ACTIVE, Status.STABILISING, Status.EXIT_REVIEW)
    PRE_LIVE: ClassVar[tuple[str, ...]] = (Status.DRAFT, Status.PLANNED, Status.READINESS, Status.READY)
    ENDED: ClassVar[tuple[str, ...]] = (Status.CLOSED, Status.ROLLED_BACK, Status.CANCELLED)

    key = models.CharField(
        max_length=12,
        unique=True,
        validators=[
            RegexValidator(r"^[A-Z][A-Z0-9]{1,11}$", "Use 2 to 12 capital letters or digits, starting with a letter.")
        ],
    )
    name = LineField(max_length=120)
    summary = models.TextField(blank=True)
    systems = models.JSONField(default=list, help_text="Names of the systems that change.")
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT)
    status_since = models.DateTimeField()
    status_before_review = models.CharField(max_length=12, choices=Status, blank=True)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    country = models.CharField(max_length=2, blank=True, help_text="ISO code; its public holidays are no working days.")
    subdivision = models.CharField(max_length=20, blank=True, help_text="ISO code of a region of the country.")
    go_live_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    planned_ends_at = models.DateTimeField(help_text="The end before any extension.")
    extensions = models.PositiveSmallIntegerField(default=0)
    went_live_at = models.DateTimeField(null=True, blank=True)
    smoke_test = models.TextField(blank=True)
    stabilised_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    lead = models.ForeignKey(User, on_delete=models.PROTECT, related_name="leads", null=True, blank=True)
    sponsor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sponsors", null=True, blank=True)
    bau_owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="receives", null=True, blank=True)
    rollback_authority = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="may_roll_back", null=True, blank=True
    )
    war_room_url = models.URLField(blank=True)
    runbook_url = models.URLField(blank=True)
    point_of_no_return = models.TextField(blank=True)
    point_of_no_return_at = models.DateTimeField(null=True, blank=True)

    answers = models.JSONField(default=dict, help_text="Answers to the risk questions, factor → 0–4.")
    first_release = models.BooleanField(default=False, help_text="The product's first release.")
    emergency = models.BooleanField(default=False, help_text="An emergency release.")
    critical_cycles = models.JSONField(default=list, help_text='[{"name": …, "on": ISO date}]')
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    band = models.CharField(max_length=10, blank=True)
    recommended_days = models.PositiveSmallIntegerField(null=True, blank=True)
    scoring_version = models.PositiveIntegerField(default=1, help_text="The scoring model it was scored by.")
    days_override_reason = models.TextField(blank=True)
    days_override_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    days_override_at = models.DateTimeField(null=True, blank=True)
    debrief_cadence = models.CharField(max_length=10, blank=True, help_text="The rhythm planned; empty is usual.")
    cadence_override_reason = models.TextField(blank=True)
    cadence_override_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    cadence_override_at = models.DateTimeField(null=True, blank=True)
    cover = models.CharField(max_length=10, blank=True, help_text="The cover planned; empty is usual.")
    cover_override_reason = models.TextField(blank=True)
    cover_override_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    cover_override_at = models.DateTimeField(null=True, blank=True)

    baseline_issues = models.PositiveIntegerField(null=True, blank=True, help_text="Issues counted before.")
    baseline_days = models.PositiveIntegerField(null=True, blank=True, help_text="Days they were counted over.")
    tolerable_per_day = models.FloatField(null=True, blank=True, help_text="Rate BAU accepts without a baseline.")

    next_incident_number = models.PositiveIntegerField(default=1)
    journal_seq = models.PositiveIntegerField(default=0, help_text="Also the version live panels poll for.")
    journal_head = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = PeriodQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("go_live_at")), name="period_ends_after_start"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("go_live_at") + timedelta(days=366)), name="period_lasts_a_year_at_most"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "go_live_at", "id"], name="period_by_status")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The overview page."""
        return reverse("period_overview", kwargs={"key": self.key})

    @property
    def full_url(self) -> str:
        """The overview's address for a mail."""
        return f"{settings.BASE_URL}{self.get_absolute_url()}"

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose midnight starts a day of this period."""
        return ZoneInfo(self.timezone)

    @property
    def is_live(self) -> bool:
        """After go-live and not closed: incidents may be reported."""
        return self.status in self.LIVE

    @property
    def starts_at(self) -> datetime:
        """The real go-live where it is recorded, else the planned one."""
        return self.went_live_at or self.go_live_at

    @property
    def days(self) -> int:
        """Whole days of the window in the period's zone; the day of go-live is day 1."""
        last = (self.ends_at - timedelta(microseconds=1)).astimezone(self.zone).date()
        return max(1, (last - self.starts_at.astimezone(self.zone).date()).days + (0 if self._ends_early else 1))

    @property
    def _ends_early(self) -> bool:
        """Whether the window ends no later in the day than it began: then the last date is a part-day."""
        local_end, local_start = self.ends_at.astimezone(self.zone), self.starts_at.astimezone(self.zone)
        return local_end.date() > local_start.date() and local_end.time() <= local_start.time()

    def day(self, at: datetime) -> int:
        """Day number at an instant: 1 on the day of go-live, 0 or less before it."""
        return (at.astimezone(self.zone).date() - self.starts_at.astimezone(self.zone).date()).days + 1

    def window_day(self, at: datetime) -> WindowDay:
        """Day n of N as it is said: the last morning belongs to the last day, and an ended period stays on its last."""
        moment = min(at, self.ended_at) if self.ended_at else at
        number = self.day(moment)
        return WindowDay(max(0, min(number, self.days) if moment < self.ends_at else number), self.days)
