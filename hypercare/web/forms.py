"""What forms of pages share: what the domain says against them, and ids of their own."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from django import forms

from hypercare.exceptions import Invalid, Refused

# Read from the disk once: every form with a time zone offers the same.
TIME_ZONES: Final = [(name, name.replace("_", " ")) for name in sorted(available_timezones())]


class FormBeside(forms.Form):
    """A form that stands beside another one: fields of both may have the same name, so its ids are its own."""

    ids: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"id_{self.ids}_%s", **kwargs})


def add_errors(form: forms.Form, error: Refused, **instead: str) -> int:
    """Put a refusal beside the fields it names, or above the form; the status that goes with it.

    `instead` names the field that stands for one of the domain's.
    """
    complaints = error.errors if isinstance(error, Invalid) else {"": error.reasons}
    for name, sentences in complaints.items():
        field = next((one for one in (instead.get(name), name) if one in form.fields), None)
        form.add_error(field, list(sentences))
    return 422 if isinstance(error, Invalid) else 409
