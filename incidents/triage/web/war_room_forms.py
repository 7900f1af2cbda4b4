"""Forms of tasks and links in the war room."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import forms

from hypercare.models import User
from incidents.triage.queues import snooze_end_of
from incidents.triage.web.forms import HALF_AN_HOUR, OperationForm, workers_of
from periods.models import Period

TASK_DUE: Final = {"30m": "In 30 minutes", "1h": "In 1 hour", "4h": "In 4 hours", "tomorrow": "Tomorrow 09:00"}


class TaskForm(OperationForm):
    """One thing one person does about it by a time."""

    title = forms.CharField(
        label="What is to be done?",
        max_length=200,
        error_messages={"required": "Say what is to be done.", "max_length": "Keep it under 200 characters."},
    )
    owner = forms.ModelChoiceField(
        label="Who does it?",
        queryset=User.objects.none(),
        empty_label=None,
        error_messages={"invalid_choice": "Choose somebody who is part of this period.", "required": "Choose who."},
    )
    due = forms.ChoiceField(
        label="By when?",
        choices=list(TASK_DUE.items()),
        initial="1h",
        error_messages={"invalid_choice": "Choose one of the times in the list."},
    )

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Only people of the period who may work on incidents."""
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = workers_of(period)  # type: ignore[attr-defined]  # a ModelChoiceField
        self.zone = period.zone

    def arguments(self, at: datetime) -> dict[str, Any]:
        """Who does what, and by when."""
        data, due = self.cleaned_data, self.cleaned_data["due"]
        due_at = at + HALF_AN_HOUR if due == "30m" else snooze_end_of(due, self.zone, at=at)
        return {"title": data["title"], "owner": data["owner"], "due_at": due_at}


class ReferenceForm(OperationForm):
    """A page elsewhere that helps."""

    label = forms.CharField(
        label="What is it?",
        max_length=120,
        help_text="“Runbook: invoices”, “Dashboard”.",
        error_messages={"required": "Say what is behind the link.", "max_length": "Keep it under 120 characters."},
    )
    url = forms.CharField(
        label="Address",
        max_length=2000,
        widget=forms.URLInput(attrs={"inputmode": "url"}),
        error_messages={"required": "Give its address.", "max_length": "Shorten the address to 2,000 characters."},
    )
