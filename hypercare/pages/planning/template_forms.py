"""Forms of templates. They parse; the domain decides."""

from __future__ import annotations

from typing import Any

from django import forms

from periods.models import PeriodTemplate
from periods.template_files import yamlfile
from periods.template_files.content import KINDS


def _into(label: str) -> forms.ModelChoiceField[PeriodTemplate]:
    return forms.ModelChoiceField(
        PeriodTemplate.objects.filter(archived_at__isnull=True).order_by("name", "id"),
        label=label,
        required=False,
        to_field_name="key",
        empty_label="A new template",
    )


class SaveForm(forms.Form):
    """A period as a template: which one, and what is new."""

    into = _into("Save as")
    name = forms.CharField(label="Name", max_length=120, help_text="As people will choose it.")
    kind = forms.ChoiceField(label="Kind", choices=list(KINDS.items()))
    summary = forms.CharField(
        label="What it is for", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    note = forms.CharField(label="What is new in this version", max_length=200, required=False)


class ImportForm(forms.Form):
    """A file, or its text."""

    file = forms.FileField(label="File", required=False, help_text="YAML, at most 256 kB.")
    text = forms.CharField(
        label="Or paste it",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "mono"}),
    )
    into = _into("Save as")
    note = forms.CharField(label="What is new in this version", max_length=200, required=False)

    def source(self) -> str:
        """The text to read; an uploaded file goes before what was pasted. Raises Invalid for one too large."""
        upload: Any = self.cleaned_data["file"]
        if upload is None:
            return str(self.cleaned_data["text"])
        return yamlfile.decode(upload.read(yamlfile.MOST_BYTES + 1))
