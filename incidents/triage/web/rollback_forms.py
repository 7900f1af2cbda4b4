"""The form of a rollback decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms

from incidents.triage.web.forms import OperationForm

ROLLBACK: Final = [("hold", "Hold, do not roll back now"), ("roll_back", "Roll back")]
LOOK_AGAIN: Final = {
    "30": "In 30 minutes",
    "60": "In 1 hour",
    "120": "In 2 hours",
    "240": "In 4 hours",
    "480": "In 8 hours",
}


class RollbackForm(OperationForm):
    """Roll back, or hold and look again."""

    answer = forms.ChoiceField(
        label="What do you decide?",
        choices=ROLLBACK,
        widget=forms.RadioSelect,
        initial="hold",
        error_messages={"required": "Choose to roll back or to hold.", "invalid_choice": "Choose one of the two."},
    )
    reason = forms.CharField(
        label="Why?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why in a sentence.", "max_length": "Keep it under 500 characters."},
    )
    look_again = forms.ChoiceField(
        label="Look again",
        choices=list(LOOK_AGAIN.items()),
        initial="60",
        required=False,
        help_text="Of a hold: you are asked again then, if it still hurts.",
        error_messages={"invalid_choice": "Choose one of the times in the list."},
    )

    def arguments(self, at: datetime) -> dict[str, Any]:
        """A hold says when to look again."""
        data, minutes = self.cleaned_data, self.cleaned_data["look_again"]
        later = at + timedelta(minutes=int(minutes)) if minutes else None
        return {"answer": data["answer"], "reason": data["reason"], "look_again_at": later}
