"""The form with which a person acknowledges readiness."""

from __future__ import annotations

from typing import Any

from django import forms

from contributors.models import Acknowledgement


class AnswerForm(forms.Form):
    """Am I ready? The statements that are true, or what is missing."""

    statements = forms.MultipleChoiceField(
        choices=list(Acknowledgement.STATEMENTS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    state = forms.ChoiceField(choices=Acknowledgement.State.choices, error_messages={"required": "Choose an answer."})
    note = forms.CharField(label="What is missing?", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    cannot = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, shifts: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the person's own shifts as those they can't make."""
        super().__init__(*args, **kwargs)
        self.fields["cannot"].choices = shifts  # type: ignore[attr-defined]  # a choice field

    @property
    def words(self) -> str:
        """The note, with the shifts that can't be made spelled out."""
        named = dict(self.fields["cannot"].choices)  # type: ignore[attr-defined]  # a choice field
        missed = [named[key] for key in self.cleaned_data["cannot"]]
        note = str(self.cleaned_data["note"]).strip()
        return "\n".join([*([note] if note else []), *([f"Can't work {'; '.join(missed)}."] if missed else [])])
