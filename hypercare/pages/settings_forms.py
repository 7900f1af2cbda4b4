"""Forms of a period's settings and of the steps it takes. They parse and check shape; the domain decides."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, Final

from django import forms

from hypercare.pages.plan_forms import PersonField, day_field, time_field
from hypercare.timewords import city
from incidents.models import AlertSource
from periods import planning, wallclock
from periods.models import Period

NAMED: Final = ("lead", "sponsor", "bau_owner", "rollback_authority")
DETAILS: Final = (
    "name",
    "summary",
    "war_room_url",
    "runbook_url",
    "point_of_no_return",
    "point_of_no_return_at",
)


def moment(day: date, clock: time, period: Period) -> datetime:
    """A day and time typed in the period's zone."""
    return wallclock.instant(day, clock, period.zone)


def in_zone(typed: datetime | None, period: Period) -> datetime | None:
    """A moment typed without a zone is meant in the period's."""
    return None if typed is None else moment(typed.date(), typed.time(), period)


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
    war_room_url = forms.URLField(label="War room", required=False, assume_scheme="https", max_length=200,
                                  help_text="Where people meet when it burns.",
                                  error_messages={"invalid": "Give an address that starts with https://."})  # fmt: skip
    runbook_url = forms.URLField(label="Runbook", required=False, assume_scheme="https", max_length=200,
                                 error_messages={"invalid": "Give an address that starts with https://."})  # fmt: skip
    point_of_no_return = forms.CharField(
        label="Point of no return", required=False, max_length=1000,
        help_text="After which step does going back cost more than fixing?",
    )  # fmt: skip
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
            self.fields[name] = PersonField(label, required=named[name] is not None)
        self.fields[
            "point_of_no_return_at"
        ].help_text = f"{city(period.zone)} time. After it nobody can roll back."
        for name in set(self.fields) - planning.WHILE_LIVE if period.is_live else ():
            del self.fields[name]

    def clean_point_of_no_return_at(self) -> datetime | None:
        """In the period's zone."""
        return in_zone(self.cleaned_data["point_of_no_return_at"], self.period)


class SourceForm(forms.Form):
    """A monitoring tool."""

    name = forms.CharField(label="Name", max_length=80, help_text="So that you recognise it later.")
    kind = forms.ChoiceField(label="Tool", choices=AlertSource.Kind.choices)


def _reason() -> forms.CharField:
    return forms.CharField(label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
                           error_messages={"required": "Give the reason; it is kept in the journal."})  # fmt: skip


class ReasonForm(forms.Form):
    """Why."""

    reason = _reason()


class PostponeForm(forms.Form):
    """To when, and why."""

    go_live_on = day_field("New go-live day")
    go_live_time = time_field("New go-live time")
    reason = _reason()


class StartForm(forms.Form):
    """That users are on, and what the smoke test showed."""

    smoke_test = forms.CharField(label="Smoke test", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
                                 help_text="What was tried after the change, and what it showed.",
                                 error_messages={"required": "Say what the smoke test showed."})  # fmt: skip
    went_live_at = LocalMoment(
        "Users came on at", required=False, help_text="In the period’s time zone; empty is now."
    )


class RollBackForm(forms.Form):
    """Why, who advises it, and that going back is still possible."""

    reason = _reason()
    advised_by = PersonField(
        "Advised by", required=False, empty_label="Choose a person",
        help_text="Who commands the incident: somebody else than you, for going back takes two.",
    )  # fmt: skip
    before_no_return = forms.BooleanField(label="The point of no return is still ahead", required=False)


class ReopenForm(forms.Form):
    """What came back."""

    cause = forms.ChoiceField(
        label="What happened",
        choices=[("p1", "A P1 of this release"), ("rate", "Issues arrive above normal")],
    )
    reason = _reason()


def move_initial(period: Period) -> dict[str, Any]:
    """What the steps' forms begin with: the go-live there is now."""
    local = period.go_live_at.astimezone(period.zone)
    return {"go_live_on": local.date(), "go_live_time": local.time()}
