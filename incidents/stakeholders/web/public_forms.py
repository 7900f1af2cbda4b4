"""What people outside type. Forms parse; the domain decides."""

from __future__ import annotations

from django import forms

from incidents.models import Report
from incidents.stakeholders import reports
from incidents.stakeholders.reports import ReportText
from periods.checklist.evidence import EvidenceUpload


class PublicReportForm(forms.Form):
    """Three questions, a picture for whoever has one, and a field that no person sees."""

    text = forms.CharField(
        label="What went wrong?",
        max_length=reports.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Say what you saw and what you expected. Leave out card numbers.",
        error_messages={
            "required": "Tell us what went wrong",
            "max_length": f"Shorten it to {reports.LONGEST_TEXT:,} characters",
        },
    )
    stops = forms.ChoiceField(
        label="How much does it stop you?",
        choices=Report.Stops.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how much it stops you", "invalid_choice": "Choose how much it stops you"},
    )
    email = forms.EmailField(
        label="Email",
        required=False,
        max_length=254,
        help_text="So we can tell you when it is fixed. Nothing else.",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "invalid": "Enter an email address like name@example.com",
            "max_length": "Enter an email address of at most 254 characters",
        },
    )
    picture = forms.FileField(
        label="Screenshot",
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*"}),
        error_messages={"empty": "The file is empty"},
    )

    @property
    def words(self) -> ReportText:
        """What the domain is told."""
        data = self.cleaned_data
        return ReportText(data["text"], data["stops"], data["email"])

    @property
    def upload(self) -> EvidenceUpload | None:
        """The picture, read no further than what would be too large."""
        file = self.cleaned_data["picture"]
        return EvidenceUpload(file.name, file.read(reports.LARGEST_PICTURE + 1)) if file else None


class ReporterReplyForm(forms.Form):
    """Something the reporter adds."""

    text = forms.CharField(
        label="Add something",
        max_length=reports.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write something first"},
    )
