"""Forms of a period's settings and of the steps it takes. They parse and check shape; the domain decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Final

from django import forms
from django.http import QueryDict

from hypercare.pages.planning.plan_forms import AccountField, day_field, time_field
from hypercare.ui.time_words import city_of
from incidents.intake import severity_words
from incidents.models import AlertSource, Incident
from incidents.models.alert import tool_choices
from periods.calendar import wallclock
from periods.models import Period
from periods.planning import planning

NAMED: Final = ("lead", "sponsor", "bau_owner", "rollback_authority")
LEVEL_CHOICES: Final = [
    ("", "Not said: counts as P2"),
    *((value, f"{value} {label}") for value, label in Incident.Severity.choices),
]
DETAILS: Final = ("name", "summary", "war_room_url", "runbook_url", "point_of_no_return", "point_of_no_return_at")


def moment_in_zone(day: date, clock: time, period: Period) -> datetime:
    """A day and time typed in the period's zone."""
    return wallclock.instant(day, clock, period.zone)


def give_zone(typed: datetime | None, period: Period) -> datetime | None:
    """A moment typed without a zone is meant in the period's."""
    return None if typed is None else moment_in_zone(typed.date(), typed.time(), period)


class LocalMoment(forms.DateTimeField):
    """A day and time of the period's clock; the view gives it its zone."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        """The browser's own picker."""
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        wrong = {"invalid": "Give a day and a time like 2026-11-14 07:05."}
        super().__init__(label=label, widget=widget, error_messages=wrong, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Shown as typed: no shift to the viewer's zone."""
        return value

    def to_python(self, value: Any) -> datetime | None:
        """Without a zone: which one it is, the period knows."""
        found = super().to_python(value)
        return found.replace(tzinfo=None) if found else None


class DetailsForm(forms.Form):
    """What may change now: everything before go-live, links and people after."""

    name = forms.CharField(label="Name", max_length=120)
    summary = forms.CharField(
        label="What changes", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
    war_room_url = forms.URLField(
        label="War room",
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text="Where people meet when it burns.",
        error_messages={"invalid": "Give an address that starts with https://."},
    )
    runbook_url = forms.URLField(
        label="Runbook",
        required=False,
        assume_scheme="https",
        max_length=200,
        error_messages={"invalid": "Give an address that starts with https://."},
    )
    point_of_no_return = forms.CharField(
        label="Point of no return",
        required=False,
        max_length=1000,
        help_text="After which step does going back cost more than fixing?",
    )
    point_of_no_return_at = LocalMoment("Time of the point of no return", required=False)

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Leave out what no longer changes."""
        values = {name: getattr(period, name) for name in DETAILS}
        if period.point_of_no_return_at:
            values["point_of_no_return_at"] = period.point_of_no_return_at.astimezone(period.zone)
        named = {name: getattr(period, f"{name}_id") for name in NAMED}
        kwargs["initial"] = {**values, **named}
        super().__init__(*args, **kwargs)
        self.period = period
        labels = zip(NAMED, ("Hypercare lead", "Sponsor", "BAU owner", "Rollback authority"), strict=True)
        for name, label in labels:
            self.fields[name] = AccountField(label, required=named[name] is not None)
        self.fields["point_of_no_return_at"].help_text = f"{city_of(period.zone)} time. After it nobody can roll back."
        for name in set(self.fields) - planning.WHILE_LIVE if period.is_live else ():
            del self.fields[name]

    def clean_point_of_no_return_at(self) -> datetime | None:
        """In the period's zone."""
        return give_zone(self.cleaned_data["point_of_no_return_at"], self.period)


class AlertSourceForm(forms.Form):
    """A monitoring tool."""

    name = forms.CharField(label="Name", max_length=80, help_text="So that you recognise it later.")
    kind = forms.ChoiceField(label="Tool", choices=tool_choices)


class SeverityWordsForm(forms.Form):
    """What the severity words of one source count as: those nobody has mapped, and those somebody has."""

    def __init__(self, data: QueryDict | None = None, *, source: AlertSource, unknown: Sequence[str]) -> None:
        """One field a word, named by the word as it is compared."""
        super().__init__(data, prefix=f"levels-{source.pk}")
        shown = {severity_words.normalise_word(word): word for word in (*source.levels, *unknown)}
        for plain, word in shown.items():
            self.fields[f"word-{plain}"] = forms.ChoiceField(
                label=f"“{word}”" if plain else "No severity given",
                choices=LEVEL_CHOICES,
                required=False,
                initial=source.levels.get(plain, ""),
            )

    @property
    def words(self) -> dict[str, str]:
        """Plain word → severity, for those that have one."""
        chosen = {name.removeprefix("word-"): value for name, value in self.cleaned_data.items()}
        return {word: severity for word, severity in chosen.items() if severity}


class StepForm(forms.Form):
    """What a step in the life of a period asks: nothing, unless it says otherwise."""

    period: Period  # the view gives it: whose clock a time is typed in

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the domain function."""
        return self.cleaned_data


def _reason() -> forms.CharField:
    return forms.CharField(
        label="Reason",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Give the reason; it is kept in the journal."},
    )


class StepReasonForm(StepForm):
    """Why."""

    reason = _reason()


class PostponeForm(StepForm):
    """To when, and why."""

    go_live_on = day_field("New go-live day")
    go_live_time = time_field("New go-live time")
    reason = _reason()

    def arguments(self) -> dict[str, Any]:
        """The moment on the period's clock."""
        data = self.cleaned_data
        at = moment_in_zone(data["go_live_on"], data["go_live_time"], self.period)
        return {"go_live_at": at, "reason": data["reason"]}


class StartForm(StepForm):
    """That users are on, and what the smoke test showed."""

    smoke_test = forms.CharField(
        label="Smoke test",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What was tried after the change, and what it showed.",
        error_messages={"required": "Say what the smoke test showed."},
    )
    went_live_at = LocalMoment("Users came on at", required=False, help_text="In the period’s time zone; empty is now.")

    def arguments(self) -> dict[str, Any]:
        """The moment on the period's clock."""
        data = self.cleaned_data
        return {"smoke_test": data["smoke_test"], "went_live_at": give_zone(data["went_live_at"], self.period)}


class RollBackForm(StepForm):
    """Why, who advises it, and that going back is still possible."""

    reason = _reason()
    advised_by = AccountField(
        "Advised by",
        required=False,
        empty_label="Choose a person",
        help_text="Who commands the incident: somebody else than you, for going back takes two.",
    )
    before_no_return = forms.BooleanField(label="The point of no return is still ahead", required=False)


class ReopenForm(StepForm):
    """What came back."""

    cause = forms.ChoiceField(
        label="What happened", choices=[("p1", "A P1 of this release"), ("rate", "Issues arrive above normal")]
    )
    reason = _reason()


def move_initial(period: Period) -> dict[str, Any]:
    """What the steps' forms begin with: the go-live there is now."""
    local = period.go_live_at.astimezone(period.zone)
    return {"go_live_on": local.date(), "go_live_time": local.time()}


# The form of each step that the settings offer; the steps themselves stand in `periods/planning/web/operations.py`.
STEP_FORMS: Final[dict[str, type[StepForm]]] = {
    "invite": StepForm,
    "start": StartForm,
    "stabilise": StepForm,
    "review": StepForm,
    "reopen": ReopenForm,
    "postpone": PostponeForm,
    "roll_back": RollBackForm,
    "cancel": StepReasonForm,
}
