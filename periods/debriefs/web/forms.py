"""Forms of debriefs: shape only, the domain decides."""

from __future__ import annotations

from typing import Any

from django import forms

from hypercare.models import User
from periods.models import Period
from periods.template_files import rhythm


class MemberField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """A member by name."""

    def label_from_instance(self, obj: Any) -> str:
        """The name."""
        return str(obj.name)


class ActionForm(forms.Form):
    """One thing one person does by a time."""

    title = forms.CharField(label="What", max_length=200)
    owner = MemberField(label="Who", queryset=User.objects.none())
    due_at = forms.DateTimeField(
        label="By", help_text="In your time zone.", widget=forms.DateTimeInput({"type": "datetime-local"})
    )

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the members of the period."""
        super().__init__(*args, **kwargs)
        members = User.objects.filter(memberships__period=period, memberships__left_at__isnull=True)
        self.fields["owner"].queryset = members.order_by("name", "id")  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    """What was decided."""

    text = forms.CharField(label="What was decided", max_length=2000)


class RescheduleForm(forms.Form):
    """When a debrief is held instead."""

    starts_at = forms.DateTimeField(
        label="New time",
        help_text="In your time zone.",
        widget=forms.DateTimeInput({"type": "datetime-local"}),
        error_messages={"invalid": "Give a day and a time like 2026-11-14 09:30."},
    )


class DebriefForm(RescheduleForm):
    """One more debrief, outside the rhythm."""

    minutes = forms.IntegerField(
        label="Minutes",
        min_value=5,
        max_value=240,
        initial=rhythm.DEBRIEF_MINUTES,
        error_messages={
            "min_value": "A debrief lasts 5 to 240 minutes.",
            "max_value": "A debrief lasts 5 to 240 minutes.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """It is new: its time replaces none."""
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].label = "Time"


class SkipForm(forms.Form):
    """Why a debrief is not held."""

    reason = forms.CharField(label="Why skip it?", max_length=500)
