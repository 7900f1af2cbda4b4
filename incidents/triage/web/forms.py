"""Forms of an incident. They parse; the domain decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.forms.models import ModelChoiceIterator

from contributors.models import Membership
from hypercare.database.numbers import number_of
from hypercare.models import User
from incidents.models import Comment, Incident
from incidents.shared.severity import MEANINGS, SEVERITIES, levels_for
from incidents.triage.queues import SNOOZES, snooze_end_of
from incidents.triage.validation import TELL
from incidents.triage.web.promises import PROMISES, promise_length
from periods.models import Period

LEVELS: Final = [("", "As the severity says"), *Incident.Level.choices]
SEVERITY_CHOICES: Final = [(code, f"{code}, {Incident.Severity(code).label.lower()}") for code in SEVERITIES]
KINDS: Final = [("", "Not judged yet"), *Incident.Kind.choices]
VERDICTS: Final = [("", "Not judged yet"), *Incident.Verdict.choices]
LONGEST: Final = 20_000
NOBODY: Final = "nobody"
HOW: Final = [
    ("duplicate", "A duplicate: it is closed, and its comments, alerts, tasks and followers move"),
    ("part", "Part of it: both stay open, and the other lists this one"),
    ("related", "Related: each names the other"),
]
HALF_AN_HOUR: Final = timedelta(minutes=30)


class OperationForm(forms.Form):
    """The form of an operation; what it gives the domain function."""

    def arguments(self, at: datetime) -> dict[str, Any]:  # noqa: ARG002  some count from this moment
        """Keyword arguments of the domain function, as typed."""
        return self.cleaned_data


class SeverityMixin(OperationForm):
    """A severity in one tap, or impact and urgency by name; the named levels win."""

    severity = forms.ChoiceField(
        label="How bad is it?",
        choices=SEVERITY_CHOICES,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose P1, P2, P3 or P4."},
    )
    impact = forms.ChoiceField(label="Impact", choices=LEVELS, required=False)
    urgency = forms.ChoiceField(label="Urgency", choices=LEVELS, required=False)

    def clean(self) -> dict[str, Any]:
        """Fill impact and urgency from the severity where they were left to it."""
        data = super().clean() or self.cleaned_data
        named = bool(data.get("impact") and data.get("urgency"))
        if not named and not data.get("severity") and "severity" not in self.errors:
            self.add_error("severity", "Choose how bad it is: P1, P2, P3 or P4.")
        elif not named and data.get("severity"):
            impact, urgency = levels_for(data["severity"])
            data["impact"], data["urgency"] = data.get("impact") or impact, data.get("urgency") or urgency
        return data

    @property
    def cards(self) -> list[tuple[Any, str, str, str]]:
        """Each severity's radio button with its code, word and meaning."""
        return [
            (option, code, str(Incident.Severity(code).label), MEANINGS[code])
            for option, code in zip(self["severity"], SEVERITIES, strict=True)
        ]

    @property
    def levels(self) -> dict[str, str]:
        """What the domain is told."""
        return {"impact": self.cleaned_data["impact"], "urgency": self.cleaned_data["urgency"]}


class LogForm(SeverityMixin):
    """Log an incident in two fields; the rest may follow."""

    title = forms.CharField(
        label="What is wrong?",
        max_length=200,
        widget=forms.TextInput(attrs={"autofocus": True}),
        help_text="One line, as you would say it: “Invoices issued twice”.",
        error_messages={
            "required": "Say in one line what is wrong.",
            "max_length": "Keep the line under 200 characters; the rest fits in the description.",
        },
    )
    component = forms.ChoiceField(label="System", required=False)
    description = forms.CharField(
        label="What do we know?", required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4})
    )
    field_order = ("title", "severity", "impact", "urgency", "component", "description")

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's own systems."""
        super().__init__(*args, **kwargs)
        self.fields["component"] = _component_field(period)

    @property
    def more_is_filled(self) -> bool:
        """Whether something beyond title and severity was typed or is wrong, so that the fold stands open."""
        names = ("impact", "urgency", "component", "description")
        return any(self[name].data or self[name].errors for name in names)

    @property
    def report(self) -> dict[str, Any]:
        """Keyword arguments for `triage.report`."""
        return {**{name: self.cleaned_data[name] for name in ("title", "component", "description")}, **self.levels}


class RegradeForm(SeverityMixin):
    """Another severity, with a reason where there is one."""

    reason = forms.CharField(label="Why?", required=False, max_length=500)

    def arguments(self, at: datetime) -> dict[str, Any]:  # noqa: ARG002  one shape for all
        """The levels say what the severity said."""
        return {**self.levels, "reason": self.cleaned_data["reason"]}


class EditForm(OperationForm):
    """The facts of an incident."""

    title = forms.CharField(
        label="What is wrong?", max_length=200, error_messages={"required": "Say in one line what is wrong."}
    )
    component = forms.ChoiceField(label="System", required=False)
    kind = forms.ChoiceField(
        label="Type", choices=KINDS, required=False, help_text="An enhancement leaves the counts for the backlog."
    )
    verdict = forms.ChoiceField(label="The release", choices=VERDICTS, required=False)
    description = LogForm.base_fields["description"]

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's own systems."""
        super().__init__(*args, **kwargs)
        self.fields["component"] = _component_field(period)


class ClassifyForm(OperationForm):
    """Type, system and verdict; what is not sent stays as it is."""

    kind = forms.ChoiceField(label="Type", choices=KINDS, required=False)
    component = forms.ChoiceField(label="System", required=False)
    verdict = forms.ChoiceField(label="The release", choices=VERDICTS, required=False)

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's own systems."""
        super().__init__(*args, **kwargs)
        self.fields["component"] = _component_field(period)

    def clean(self) -> dict[str, Any]:
        """Only what was sent."""
        data = super().clean() or self.cleaned_data
        return {name: value for name, value in data.items() if name in self.data}


class QueueForm(OperationForm):
    """Whom it waits for, and what for."""

    queue = forms.ChoiceField(
        label="Waits for",
        choices=[("", "Nobody"), *Incident.Queue.choices],
        required=False,
        error_messages={"invalid_choice": "Choose one of the queues in the list."},
    )
    note = forms.CharField(
        label="What is awaited?",
        required=False,
        max_length=200,
        help_text="“Which invoice was it?”, or the day of the fix.",
    )


class SnoozeForm(OperationForm):
    """Out of the open list for a while."""

    choice = forms.ChoiceField(
        label="Until",
        choices=[("", "Back in the list now"), *SNOOZES.items()],
        required=False,
        error_messages={"invalid_choice": "Choose one of the times in the list."},
    )

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Mornings are those of the period."""
        super().__init__(*args, **kwargs)
        self.zone = period.zone

    def arguments(self, at: datetime) -> dict[str, Any]:
        """Until when; None is back in the list now."""
        return {"until": snooze_end_of(self.cleaned_data["choice"], self.zone, at=at)}


class _WithNobody(ModelChoiceIterator):  # type: ignore[type-arg]  # generic for the checker alone
    """Nobody is a choice of its own, beside the people."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        yield ("", "Choose")
        yield (NOBODY, "Nobody")
        yield from ((value, name) for value, name in super().__iter__() if value != "")


class OwnerField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the checker alone
    """Somebody, or nobody where that is said. A field that is left out is neither."""

    iterator = _WithNobody

    def clean(self, value: Any) -> Any:
        """The person, or None. Raises ValidationError where nothing was chosen."""
        return None if value == NOBODY else super().clean(value)


class AssignIncidentForm(OperationForm):
    """An owner from the period's people, or nobody."""

    owner = OwnerField(
        label="Owner",
        queryset=User.objects.none(),
        error_messages={
            "invalid_choice": "Choose somebody who is part of this period.",
            "required": "Choose who owns it, or that nobody does.",
        },
    )

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Only people of the period who may work on incidents."""
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = workers_of(period)  # type: ignore[attr-defined]  # a ModelChoiceField


class StatusForm(OperationForm):
    """The next step, with a word on why."""

    status = forms.ChoiceField(
        label="Status",
        choices=Incident.Status.choices,
        error_messages={"invalid_choice": "Choose one of the statuses in the list."},
    )
    note = forms.CharField(label="Note", required=False, max_length=2000)


class CommentForm(forms.Form):
    """A note, a stakeholder update or a decision."""

    kind = forms.ChoiceField(label="Kind", choices=Comment.Kind.choices, widget=forms.RadioSelect)
    body = forms.CharField(
        label="Text",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write something first."},
    )
    promise = forms.ChoiceField(
        label="Next update outside",
        required=False,
        choices=[("", "when the next one is due here"), *PROMISES],
        error_messages={"invalid_choice": "Choose from the list when the next update comes."},
    )

    @property
    def promised(self) -> timedelta | None:
        """How long until people outside hear more; None leaves it to the incident's own clock."""
        chosen = self.cleaned_data["promise"]
        return promise_length(chosen) if chosen else None


class ResolveForm(OperationForm):
    """How it ended, what fixed it, and whether the release caused it."""

    ending = forms.ChoiceField(
        label="How did it end?",
        choices=Incident.Ending.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say how it ended.", "invalid_choice": "Choose one of the four endings."},
    )
    resolution = forms.CharField(
        label="What fixed it?",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what fixed it, so the next person can find it."},
    )
    cause = forms.CharField(
        label="Cause",
        required=False,
        max_length=200,
        error_messages={"max_length": "Shorten the cause to 200 characters."},
    )
    verdict = forms.ChoiceField(label="Part of the release?", choices=VERDICTS, required=False)
    workaround = forms.CharField(
        label="Workaround",
        required=False,
        max_length=500,
        help_text="How people get by, where something remains.",
        error_messages={"max_length": "Shorten the workaround to 500 characters."},
    )
    tell = forms.MultipleChoiceField(
        label="Whom to tell",
        choices=[(name, name) for name in TELL],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose from the list."},
    )
    debrief = forms.BooleanField(required=False)
    known_error = forms.BooleanField(required=False)
    lesson = forms.BooleanField(required=False)

    def arguments(self, at: datetime) -> dict[str, Any]:  # noqa: ARG002  one shape for all
        """A lesson is written on a page of its own, which follows."""
        return {name: value for name, value in self.cleaned_data.items() if name != "lesson"}


class LinkForm(OperationForm):
    """Another incident, and what it has to do with this one."""

    how = forms.ChoiceField(
        label="This one is",
        choices=HOW,
        widget=forms.RadioSelect,
        initial="duplicate",
        error_messages={"invalid_choice": "Choose one of the three ways."},
    )
    other = forms.CharField(
        label="Which incident?",
        max_length=24,
        help_text="Its key, such as BILL-36.",
        required=False,
        widget=forms.TextInput(attrs={"list": "other-incidents", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        """Only incidents of the same period can be meant."""
        super().__init__(*args, **kwargs)
        self.incident = incident
        self.fields["other"].help_text = f"Its key, such as {incident.period.key}-36."

    def clean_other(self) -> int:
        """The other's id: what was typed, else the one that was chosen of those that look alike."""
        named = self.cleaned_data["other"] or str(self.data.get("alike", ""))
        if not named:
            raise forms.ValidationError("Name the other incident by its key.")
        found = find_named(named, self.incident.period)
        if found is None or found.pk == self.incident.pk:
            key = self.incident.period.key
            raise forms.ValidationError(f"Name another incident of this period by its key, such as {key}-36.")
        return found.pk


class IncidentReasonForm(OperationForm):
    """One sentence that says why."""

    reason = forms.CharField(
        label="Why?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why in a sentence."},
    )


class TransferForm(OperationForm):
    """Who takes over what is still open when the period ends."""

    team = forms.CharField(
        label="Who takes it over?",
        max_length=120,
        help_text="A team or a person that stays after the period.",
        error_messages={
            "required": "Name the team that takes it over.",
            "max_length": "Keep the name under 120 characters.",
        },
    )


def find_named(text: str, period: Period) -> Incident | None:
    """The incident of a period somebody means by `BILL-36` or `36`; None when there is none."""
    prefix, _, number = text.strip().rpartition("-")
    if prefix and prefix.upper() != period.key:
        return None
    found: Incident | None = Incident.objects.filter(period=period, number=number_of(number) or 0).first()
    return found


def workers_of(period: Period) -> Any:
    """People of the period who may own an incident, by name."""
    members = Membership.objects.filter(period=period, left_at__isnull=True).exclude(right=Membership.Right.VIEWER)
    return User.objects.filter(pk__in=members.values("user_id"), is_active=True).order_by("name", "id")


def _component_field(period: Period) -> forms.ChoiceField:
    systems = [(name, name) for name in period.systems]
    field = forms.ChoiceField(label="System", choices=[("", "Not known yet"), *systems], required=False)
    field.error_messages["invalid_choice"] = "Choose one of the period's systems."
    return field
