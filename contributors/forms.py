"""What people may type about people, shifts and checks. Forms validate; they never save."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from contributors import coverage, roster
from contributors.models import Acknowledgement, Membership, Role, Shift
from hypercare.models import User
from hypercare.timewords import city
from periods import duewords, rehearsals, wallclock
from periods.evidence import LARGEST, LONGEST_TEXT, Upload
from periods.models import Period, Rehearsal

MOMENT = "%Y-%m-%dT%H:%M"
NOT_A_MOMENT = "Give a date and a time, such as 2026-11-21 17:00."


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Somebody of the period, named with their duty."""

    def __init__(self, period: Period, **kwargs: Any) -> None:
        """Offer the period's people."""
        self.duties = {
            member.user_id: member.role.name if member.role else member.get_right_display()
            for member in roster.members(period.pk)
        }
        people = User.objects.filter(pk__in=self.duties).order_by("name", "pk")
        super().__init__(queryset=people, **{"empty_label": "Choose a person", **kwargs})

    def label_from_instance(self, obj: User) -> str:
        """`Priya Raman, Billing engineering`."""
        return f"{obj.name}, {self.duties.get(obj.pk, '')}"


class MomentField(forms.DateTimeField):
    """A wall-clock time: a repeated one is its first occurrence, a skipped one is refused with the hour to use."""

    def to_python(self, value: Any) -> datetime | None:
        """The moment in the viewer's zone."""
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
            return _at_clock_change((error.params or {})["datetime"])


def _at_clock_change(wall: datetime) -> datetime:
    zone = ZoneInfo(timezone.get_current_timezone_name())
    moment = wallclock.instant(wall.date(), wall.time(), zone).astimezone(zone)
    if moment.replace(tzinfo=None) == wall:
        return moment
    raise forms.ValidationError(
        f"{wall:%H:%M} does not exist on {wall:%-d %B %Y} in {city(zone)}: the clocks go forward then. "
        f"Use {moment:%H:%M} or later.",
        code="skipped",
    )


def moment_field(label: str, **kwargs: Any) -> forms.DateTimeField:
    """A date and time in the viewer's zone, which the hint names."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 300}, format=MOMENT)
    return MomentField(label=label, widget=widget, **kwargs)


def zone_hint() -> str:
    """`Copenhagen time`: what a moment typed here means."""
    zone = timezone.get_current_timezone()
    name = city(zone)
    return "Times in UTC" if name == "UTC" else f"{name} time"


class ShiftForm(forms.Form):
    """Put somebody on duty."""

    starts_at = moment_field(
        "From", error_messages={"required": "Say when the shift starts.", "invalid": NOT_A_MOMENT}
    )
    ends_at = moment_field(
        "To", error_messages={"required": "Say when the shift ends.", "invalid": NOT_A_MOMENT}
    )
    kind = forms.ChoiceField(
        label="As", choices=Shift.Kind.choices, widget=forms.RadioSelect, initial="primary"
    )
    is_override = forms.BooleanField(
        label="Override", required=False, help_text="Stands in for somebody, outside the usual plan."
    )
    field_order = ("role", "user", "starts_at", "ends_at", "kind", "is_override")

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's roles and people."""
        super().__init__(*args, **kwargs)
        roles = Role.objects.filter(period=period).order_by("position", "id")
        self.fields["role"] = forms.ModelChoiceField(
            label="Role", queryset=roles, empty_label=None, error_messages={"required": "Choose a role."}
        )
        self.fields["user"] = PersonField(
            period, label="Who", error_messages={"required": "Choose a person."}
        )
        self.fields["starts_at"].help_text = zone_hint()
        self.order_fields(self.field_order)

    @staticmethod
    def initial_for(gap: coverage.RoleGap) -> dict[str, Any]:
        """Filled in for a gap."""
        zone = timezone.get_current_timezone()
        return {
            "role": gap.role.pk,
            "starts_at": gap.start.astimezone(zone),
            "ends_at": gap.end.astimezone(zone),
        }


class MemberForm(forms.Form):
    """Add somebody by address."""

    name = forms.CharField(label="Name", max_length=120, error_messages={"required": "Give their name."})
    email = forms.EmailField(
        label="E-mail address", max_length=254,
        error_messages={"required": "Give an address; the invitation goes there.",
                        "invalid": "Give an address such as maja@example.com."},
    )  # fmt: skip
    right = forms.ChoiceField(
        label="May", choices=Membership.Right.choices, initial=Membership.Right.CONTRIBUTOR
    )
    is_deputy = forms.BooleanField(label="Deputy of this role", required=False)

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's roles."""
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ModelChoiceField(
            label="Duty", queryset=Role.objects.filter(period=period).order_by("position", "id"), required=False,
            empty_label="No duty",
        )  # fmt: skip
        self.order_fields(("name", "email", "right", "role", "is_deputy"))


class ChangeMemberForm(forms.Form):
    """Another right or duty."""

    right = forms.ChoiceField(label="May", choices=Membership.Right.choices)
    is_deputy = forms.BooleanField(label="Deputy", required=False)

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's roles."""
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ModelChoiceField(
            label="Duty", queryset=Role.objects.filter(period=period).order_by("position", "id"), required=False,
            empty_label="No duty",
        )  # fmt: skip


class ReplyForm(forms.Form):
    """What was done about what somebody misses."""

    text = forms.CharField(
        label="Your answer", help_text="What was done, and what to try now.", widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say what was done about it."},
    )  # fmt: skip


class AnswerForm(forms.Form):
    """Am I ready? The statements that are true, or what is missing."""

    statements = forms.MultipleChoiceField(
        choices=list(Acknowledgement.STATEMENTS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    state = forms.ChoiceField(
        choices=Acknowledgement.State.choices, error_messages={"required": "Choose an answer."}
    )
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
        return "\n".join(
            [*([note] if note else []), *([f"Can't work {'; '.join(missed)}."] if missed else [])]
        )


class DueField(forms.CharField):
    """When a check is due, in words: counted from go-live, or a date in the viewer's zone."""

    def __init__(self, period: Period, now: datetime, **kwargs: Any) -> None:
        """Keep what the words are about."""
        self.period, self.now = period, now
        super().__init__(max_length=60, required=False, help_text=f"{duewords.HELP} {zone_hint()}.", **kwargs)

    def clean(self, value: Any) -> duewords.Due | None:
        """The due; None when nothing was typed."""
        text = super().clean(value)
        viewer = ZoneInfo(str(timezone.get_current_timezone()))
        try:
            return duewords.parse(
                text, go_live_at=self.period.go_live_at, zone=self.period.zone, viewer=viewer, at=self.now
            ) if text else None  # fmt: skip
        except duewords.NotADue as error:
            raise forms.ValidationError(str(error)) from error


class CheckForm(forms.Form):
    """Add a check."""

    title = forms.CharField(
        label="What is to be checked?",
        max_length=200,
        error_messages={"required": "Say what is to be checked."},
    )
    category = forms.CharField(label="Category", max_length=40, initial="Preparation")
    blocking = forms.BooleanField(label="Blocks a go", required=False)
    evidence_wanted = forms.CharField(
        label="Evidence", max_length=80, required=False, help_text="Such as “report”."
    )

    def __init__(self, *args: Any, period: Period, now: datetime, **kwargs: Any) -> None:
        """Offer the period's people."""
        super().__init__(*args, **kwargs)
        self.fields["owner"] = PersonField(period, label="Owner", required=False, empty_label="Nobody yet")
        self.fields["due"] = DueField(period, now, label="Due")
        self.fields["due"].help_text += " Empty is go-live."
        self.order_fields(("title", "category", "owner", "due", "blocking", "evidence_wanted"))


class EvidenceForm(forms.Form):
    """A link, a note, a file; or a file and what it shows."""

    evidence = forms.CharField(
        label="Link or note",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    file = forms.FileField(
        label="File", required=False, max_length=255,
        help_text="At most 10 MB. A JUnit XML report is counted: what passed, failed, and which.",
        error_messages={"empty": "The file is empty."},
    )  # fmt: skip

    def clean_file(self) -> Upload | None:
        """The bytes, one more than allowed at most: that is enough to refuse it."""
        file = self.cleaned_data["file"]
        return Upload(file.name, file.read(LARGEST + 1)) if file else None

    @property
    def values(self) -> dict[str, Any]:
        """As the domain takes them."""
        return {"evidence": self.cleaned_data["evidence"], "upload": self.cleaned_data["file"]}


class FailForm(forms.Form):
    """It did not hold."""

    note = forms.CharField(
        label="What failed?", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what failed, so that somebody can put it right."},
    )  # fmt: skip


class WaiveForm(forms.Form):
    """An approved exception."""

    reason = forms.CharField(
        label="Why can it wait, and what is done instead?", widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why it can wait, and what is done instead."},
    )  # fmt: skip
    expires_at = moment_field("Until", error_messages={"required": "Say until when the waiver holds."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the zone."""
        super().__init__(*args, **kwargs)
        self.fields["expires_at"].help_text = zone_hint()


class ReasonForm(forms.Form):
    """A reason."""

    reason = forms.CharField(
        label="Why?", widget=forms.Textarea(attrs={"rows": 2}), error_messages={"required": "Say why."}
    )


class AssignForm(forms.Form):
    """Who does it, and by when; or only one of the two (`part`), where it is edited in place."""

    def __init__(self, *args: Any, period: Period, now: datetime, part: str = "", **kwargs: Any) -> None:
        """Offer the period's people."""
        super().__init__(*args, **kwargs)
        if part != "due":
            self.fields["owner"] = PersonField(period, label="Owner", required=False, empty_label="Nobody")
        if part != "owner":
            self.fields["due"] = DueField(period, now, label="Due")
            self.fields["due"].widget.attrs["autocomplete"] = "off"


class BulkForm(forms.Form):
    """The same change to the checks that are ticked."""

    ACTIONS = (("assign", "Change"), ("set-aside", "Does not apply"), ("reopen", "Open again"))

    checks = forms.TypedMultipleChoiceField(coerce=int, error_messages={"required": "Tick the checks first."})
    action = forms.ChoiceField(choices=ACTIONS)
    reason = forms.CharField(label="Why it does not apply", max_length=2000, required=False)

    def __init__(self, *args: Any, period: Period, now: datetime, pks: Iterable[int], **kwargs: Any) -> None:
        """Offer the period's checks and people."""
        super().__init__(*args, **kwargs)
        self.fields["checks"].choices = [(pk, pk) for pk in pks]  # type: ignore[attr-defined]  # a choice field
        self.fields["owner"] = PersonField(period, label="Owner", required=False, empty_label="As it is")
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
            return rehearsals.minutes(text)
        except ValueError as error:
            raise forms.ValidationError("Give a length, such as “3 h 40 min” or “220”.") from error


class RehearsalForm(forms.Form):
    """Start the watch, or type what one took."""

    kind = forms.ChoiceField(
        label="What is rehearsed",
        choices=Rehearsal.Kind.choices,
        widget=forms.RadioSelect,
        initial="rollback",
    )
    box_minutes = LengthField(
        label="It may take", max_length=20, help_text="The time box, such as “4 h” or “90”.",
        error_messages={"required": "Say how long it may take."},
    )  # fmt: skip


class RecordForm(RehearsalForm):
    """A rehearsal that is over."""

    took_minutes = LengthField(
        label="It took", max_length=20, help_text="Such as “3 h 40 min”.",
        error_messages={"required": "Say how long it took."},
    )  # fmt: skip
    ended_at = moment_field("It ended", required=False)
    outcome = forms.ChoiceField(
        label="How it went", choices=Rehearsal.Outcome.choices, widget=forms.RadioSelect,
        error_messages={"required": "Say how it went."},
    )  # fmt: skip
    notes = forms.CharField(
        label="Notes", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the zone."""
        super().__init__(*args, **kwargs)
        self.fields["ended_at"].help_text = f"{zone_hint()}. Empty is now."


class StopForm(forms.Form):
    """How the rehearsal went that ends now."""

    outcome = RecordForm.base_fields["outcome"]
    notes = RecordForm.base_fields["notes"]
