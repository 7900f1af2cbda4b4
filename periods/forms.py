"""Forms of debriefs: shape only, the domain decides."""

from __future__ import annotations

from typing import Any

from django import forms

from hypercare.models import User
from periods.models import Period


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """A member by name."""

    def label_from_instance(self, obj: Any) -> str:
        """The name."""
        return str(obj.name)


class ActionForm(forms.Form):
    """One thing one person does by a time."""

    title = forms.CharField(label="What", max_length=200)
    owner = PersonField(label="Who", queryset=User.objects.none())
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


class SkipForm(forms.Form):
    """Why a debrief is not held."""

    reason = forms.CharField(label="Why skip it?", max_length=500)
