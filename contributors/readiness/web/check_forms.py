"""Forms of checks and rehearsals. They parse; the domain decides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from contributors.shifts.web.fields import MemberChoiceField, moment_field, zone_hint
from periods.checklist import due_dates, rehearsals
from periods.checklist.evidence import LARGEST, LONGEST_TEXT, EvidenceUpload
from periods.models import Period, Rehearsal


class DueField(forms.CharField):
    """When a check is due, in words: counted from go-live, or a date in the viewer's zone."""

    def __init__(self, period: Period, now: datetime, **kwargs: Any) -> None:
        """Keep what the words are about."""
        self.period, self.now = period, now
        super().__init__(max_length=60, required=False, help_text=f"{due_dates.HELP} {zone_hint()}.", **kwargs)

    def clean(self, value: Any) -> due_dates.DueDate | None:
        """The due; None when nothing was typed."""
        text = super().clean(value)
        viewer = ZoneInfo(str(timezone.get_current_timezone()))
        try:
            return (
                due_dates.parse_due_date(
                    text, go_live_at=self.period.go_live_at, zone=self.period.zone, viewer=viewer, at=self.now
                )
                if text
                else None
            )
        except due_dates.UnreadableDueDate as error:
            raise forms.ValidationError(str(error)) from error


class AddCheckForm(forms.Form):
    """Add a check."""

    title = forms.CharField(
        label="What is to be checked?", max_length=200, error_messages={"required": "Say what is to be checked."}
    )
    category = forms.CharField(label="Category", max_length=40, initial="Preparation")
    blocking = forms.BooleanField(label="Blocks a go", required=False)
    evidence_wanted = forms.CharField(label="Evidence", max_length=80, required=False, help_text="Such as “report”.")

    def __init__(self, *args: Any, period: Period, now: datetime, **kwargs: Any) -> None:
        """Offer the period's people."""
        super().__init__(*args, **kwargs)
        self.fields["owner"] = MemberChoiceField(period, label="Owner", required=False, empty_label="Nobody yet")
        self.fields["due"] = DueField(period, now, label="Due")
        self.fields["due"].help_text += " Empty is go-live."
        self.order_fields(("title", "category", "owner", "due", "blocking", "evidence_wanted"))


class EvidenceForm(forms.Form):
    """A link, a note, a file; or a file and what it shows."""

    evidence = forms.CharField(
        label="Link or note", required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )
    file = forms.FileField(
        label="File",
        required=False,
        max_length=255,
        help_text="At most 10 MB. A JUnit XML report is counted: what passed, failed, and which.",
        error_messages={"empty": "The file is empty."},
    )

    def clean_file(self) -> EvidenceUpload | None:
        """The bytes, one more than allowed at most: that is enough to refuse it."""
        file = self.cleaned_data["file"]
        return EvidenceUpload(file.name, file.read(LARGEST + 1)) if file else None

    @property
    def values(self) -> dict[str, Any]:
        """As the domain takes them."""
        return {"evidence": self.cleaned_data["evidence"], "upload": self.cleaned_data["file"]}


class FailCheckForm(forms.Form):
    """It did not hold."""

    note = forms.CharField(
        label="What failed?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what failed, so that somebody can put it right."},
    )


class WaiveCheckForm(forms.Form):
    """An approved exception."""

    reason = forms.CharField(
        label="Why can it wait, and what is done instead?",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why it can wait, and what is done instead."},
    )
    expires_at = moment_field("Until", error_messages={"required": "Say until when the waiver holds."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the zone."""
        super().__init__(*args, **kwargs)
        self.fields["expires_at"].help_text = zone_hint()


class CheckReasonForm(forms.Form):
    """A reason."""

    reason = forms.CharField(
        label="Why?", widget=forms.Textarea(attrs={"rows": 2}), error_messages={"required": "Say why."}
    )


class AssignCheckForm(forms.Form):
    """Who does it, and by when; or only one of the two (`part`), where it is edited in place."""

    def __init__(self, *args: Any, period: Period, now: datetime, part: str = "", **kwargs: Any) -> None:
        """Offer the period's people."""
        super().__init__(*args, **kwargs)
        if part != "due":
            self.fields["owner"] = MemberChoiceField(period, label="Owner", required=False, empty_label="Nobody")
        if part != "owner":
            self.fields["due"] = DueField(period, now, label="Due")
            self.fields["due"].widget.attrs["autocomplete"] = "off"


class BulkChecksForm(forms.Form):
    """The same change to the checks that are ticked."""

    ACTIONS = (("assign", "Change"), ("set-aside", "Does not apply"), ("reopen", "Open again"))

    checks = forms.TypedMultipleChoiceField(coerce=int, error_messages={"required": "Tick the checks first."})
    action = forms.ChoiceField(choices=ACTIONS)
    reason = forms.CharField(label="Why it does not apply", max_length=2000, required=False)

    def __init__(self, *args: Any, period: Period, now: datetime, pks: Iterable[int], **kwargs: Any) -> None:
        """Offer the period's checks and people."""
        super().__init__(*args, **kwargs)
        self.fields["checks"].choices = [(pk, pk) for pk in pks]  # type: ignore[attr-defined]  # a choice field
        self.fields["owner"] = MemberChoiceField(period, label="Owner", required=False, empty_label="As it is")
        self.fields["due"] = DueField(period, now, label="Due")

    def clean(self) -> dict[str, Any]:
        """An assignment changes something, and setting aside has a reason."""
        data = super().clean() or {}
        if data.get("action") == "assign" and not (data.get("owner") or data.get("due") or self.errors):
            self.add_error("owner", "Choose an owner, or say when they are due.")
        if data.get("action") == "set-aside" and not data.get("reason", "").strip():
            self.add_error("reason", "Say why it does not apply.")
        return data

    @property
    def values(self) -> dict[str, Any]:
        """What the chosen action takes."""
        data = self.cleaned_data
        taken = {"assign": ("owner", "due"), "set-aside": ("reason",), "reopen": ()}[data["action"]]
        return {name: data[name] for name in taken if data[name]}


class LengthField(forms.CharField):
    """A length of time in minutes, typed as people say it."""

    def clean(self, value: Any) -> int | None:
        """Minutes; None when it is not required and empty."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return rehearsals.parse_minutes(text)
        except ValueError as error:
            raise forms.ValidationError("Give a length, such as “3 h 40 min” or “220”.") from error


class RehearsalForm(forms.Form):
    """Start the watch, or type what one took."""

    kind = forms.ChoiceField(
        label="What is rehearsed", choices=Rehearsal.Kind.choices, widget=forms.RadioSelect, initial="rollback"
    )
    box_minutes = LengthField(
        label="It may take",
        max_length=20,
        help_text="The time box, such as “4 h” or “90”.",
        error_messages={"required": "Say how long it may take."},
    )


class RecordRehearsalForm(RehearsalForm):
    """A rehearsal that is over."""

    took_minutes = LengthField(
        label="It took",
        max_length=20,
        help_text="Such as “3 h 40 min”.",
        error_messages={"required": "Say how long it took."},
    )
    ended_at = moment_field("It ended", required=False)
    outcome = forms.ChoiceField(
        label="How it went",
        choices=Rehearsal.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say how it went."},
    )
    notes = forms.CharField(label="Notes", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the zone."""
        super().__init__(*args, **kwargs)
        self.fields["ended_at"].help_text = f"{zone_hint()}. Empty is now."


class StopRehearsalForm(forms.Form):
    """How the rehearsal went that ends now."""

    outcome = RecordRehearsalForm.base_fields["outcome"]
    notes = RecordRehearsalForm.base_fields["notes"]
