"""Lessons: what happened, what we learnt, and the checks that came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.db.models.functions import Lower
from django.urls import reverse

from hypercare.database.lines import LineField
from hypercare.models import User
from periods.models.debrief import Debrief
from periods.models.period import Period
from periods.models.readiness import ChecklistItem

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class LessonQuerySet(models.QuerySet["Lesson"]):
    """Every list of lessons starts from `visible_to`."""

    def visible_to(self, user: User | AnonymousUser) -> LessonQuerySet:
        """Published ones, one's own, and drafts of the periods one is part of."""
        if not user.is_authenticated:
            return self.none()
        inside = Period.objects.visible_to(user).filter(pk=OuterRef("period_id"))
        published = Q(status=Lesson.Status.PUBLISHED)
        return self.filter(published | Q(author=user) | Exists(inside))

    def with_origin(self, user: User | AnonymousUser) -> LessonQuerySet:
        """Where each comes from, as far as the person may know: `origin` is the period, None where they don't see it.

        Everybody may know `origin_live_at`. Nothing else of a period is read for somebody who is not part of it.
        """
        seen = Prefetch("period", Period.objects.visible_to(user), to_attr="origin")
        rows = self.annotate(origin_live_at=F("period__go_live_at"))
        return rows.prefetch_related(seen)  # type: ignore[no-redef]  # the class below declares it, for its property


class Lesson(models.Model):
    """Something the next period should know. `tags` name what keeps coming back."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    class Phase(models.TextChoices):
        PREPARATION = "preparation", "Preparation"
        GO_LIVE = "go_live", "Go-live"
        LIVE = "live", "Live"
        EXIT = "exit", "Exit"

    title = LineField(max_length=160)
    happened = models.TextField(blank=True)
    learnt = models.TextField()
    phase = models.CharField(max_length=11, choices=Phase)
    theme = models.CharField(max_length=40)
    component = models.CharField(max_length=80, blank=True, help_text="The system it is about.")
    period = models.ForeignKey(Period, on_delete=models.PROTECT, null=True, blank=True, related_name="lessons")
    incident_number = models.PositiveIntegerField(null=True, blank=True, help_text="Of that period.")
    debrief = models.ForeignKey(Debrief, on_delete=models.SET_NULL, null=True, blank=True, related_name="lessons")
    status = models.CharField(max_length=9, choices=Status, default=Status.DRAFT)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="lessons")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    is_check = models.BooleanField(default=False, help_text="Suggested as a check to every new plan.")
    check_title = models.CharField(max_length=200, blank=True)
    check_category = models.CharField(max_length=40, blank=True)
    check_owner_role = models.CharField(max_length=4, blank=True)
    check_due_days = models.SmallIntegerField(default=-5)
    check_blocking = models.BooleanField(default=False)

    origin: Period | None  # of `with_origin`

    objects: ClassVar[Any] = LessonQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(incident_number__isnull=True) | Q(period__isnull=False), name="incident_needs_its_period"
            ),
            models.CheckConstraint(
                condition=~Q(status="published") | Q(published_at__isnull=False), name="published_has_a_time"
            ),
            models.CheckConstraint(
                condition=Q(is_check=False) | (Q(status="published") & ~Q(check_title="")),
                name="suggested_check_is_published",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "-updated_at", "id"], name="lesson_by_status")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("lesson", kwargs={"pk": self.pk})

    @property
    def incident_key(self) -> str:
        """`BILL26-36`; empty without one, and for whoever does not see its period. Needs `with_origin`."""
        return f"{self.origin.key}-{self.incident_number}" if self.origin and self.incident_number else ""


class LessonTag(models.Model):
    """One thing that keeps coming back, on one lesson."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("lesson", Lower("name"), name="one_tag_each")]

    def __str__(self) -> str:
        return self.name


class LessonUse(models.Model):
    """A check of a period that came of a lesson."""

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="uses")
    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="lesson_uses")
    item = models.OneToOneField(ChecklistItem, on_delete=models.CASCADE, related_name="lesson_use")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["lesson", "period"], name="one_check_per_lesson")]

    def __str__(self) -> str:
        return f"{self.lesson} in {self.period}"
