"""Go or no-go: what could go wrong, who voted, the decision, and the conditions it hangs on."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from hypercare.models import User
from periods.models.period import Period


class GoVote(models.Model):
    """One accountable person's vote on going live. A later vote replaces the earlier one."""

    class Choice(models.TextChoices):
        GO = "go", "Go"
        HOLD = "hold", "Hold"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="go_votes")
    voter = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=60)
    choice = models.CharField(max_length=4, choices=Choice)
    reason = models.TextField(blank=True)
    flip = models.TextField(blank=True, help_text="Evidence that would turn this vote.")
    at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["period", "voter"], condition=Q(replaced_at__isnull=True), name="one_vote_each"
            ),
            models.CheckConstraint(condition=~Q(choice="hold") | ~Q(reason=""), name="hold_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.voter} {self.choice}"


class GoRisk(models.Model):
    """One of the top risks of a go-live: what could happen, how it would be seen, and what is done then."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="go_risks")
    risk = models.CharField(max_length=200)
    detection = models.CharField(max_length=200, help_text="What shows it, and how soon.")
    response = models.CharField(max_length=200, help_text="What is done then, and by whom.")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.risk


class GoDecision(models.Model):
    """A recorded decision with a snapshot of what it rested on. Database triggers refuse every change.

    The sponsor's, or the clock's (`by` is empty) when a condition was not met in time; then `turns` names the go
    that ended.
    """

    class Outcome(models.TextChoices):
        GO = "go", "Go"
        GO_WITH_CONDITIONS = "go_with_conditions", "Go with conditions"
        POSTPONE = "postpone", "Postpone"
        NO_GO = "no_go", "No-go"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="go_decisions")
    outcome = models.CharField(max_length=20, choices=Outcome)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    conditions = models.JSONField(default=list, help_text="As they were agreed; GoCondition says how they went.")
    snapshot = models.JSONField(default=dict)
    turns = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="turned_by")

    def __str__(self) -> str:
        return f"{self.period} {self.outcome}"

    def get_absolute_url(self) -> str:
        """Its own page."""
        return reverse("go_decision", kwargs={"key": self.period.key, "pk": self.pk})


class GoCondition(models.Model):
    """Something observable that must be true by a deadline for a go to stand."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        MET = "met", "Met"
        UNMET = "unmet", "Not met"
        DROPPED = "dropped", "No longer applies"

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="go_conditions")
    decision = models.ForeignKey(GoDecision, on_delete=models.PROTECT, related_name="rows")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    objection = models.CharField(max_length=120, blank=True, help_text="Key of the objection it answers.")
    answers = models.TextField(blank=True, help_text="That objection's sentence when it was decided.")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="go_conditions")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    evidence = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["decision", "position"], name="one_condition_per_position"),
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True) | (~Q(state="open") & Q(settled_at__isnull=False)),
                name="settled_condition_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="met")
                | (Q(settled_by__isnull=False) & ~Q(evidence="") & Q(settled_at__lt=F("due_at"))),
                name="met_in_time_by_somebody_with_evidence",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["period", "due_at", "id"], name="condition_open", condition=Q(state="open"))
        ]

    def __str__(self) -> str:
        return self.text

    def is_late(self, at: datetime) -> bool:
        """Open at or past its deadline."""
        return self.state == self.State.OPEN and self.due_at <= at
