"""What people may type about rotations, required cover, absences and limits. Forms validate; they never save."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone

from contributors.models import Role, Rotation, Shift
from contributors.people import members
from contributors.shifts import cover_text, requirements, rotation_store, work_time_limits
from contributors.shifts import roles as duty_roles
from contributors.shifts.web.cover_forms import people_of
from contributors.shifts.web.fields import NOT_A_MOMENT, moment_field, zone_hint
from hypercare.models import User
from periods.models import Period

TURNS = 8
WEEKDAYS = [(str(n), name) for n, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))]


def clock_field(label: str) -> forms.TimeField:
    """A time of day that may be left out."""
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    wrong = {"invalid": "Give a time from 00:00 to 23:59."}
    return forms.TimeField(label=label, required=False, widget=widget, error_messages=wrong)


class RotationForm(forms.Form):
    """A rotation. People take turns in the order of their fields; a person may stand in several."""

    name = forms.CharField(label="Name", max_length=60, error_messages={"required": "Name the rotation."})
    kind = forms.ChoiceField(label="As", choices=Shift.Kind.choices, widget=forms.RadioSelect, initial="primary")
    every = forms.IntegerField(
        label="Each turn lasts",
        min_value=1,
        max_value=1000,
        initial=1,
        error_messages={"required": "Say how long a turn lasts.", "invalid": "Give a whole number."},
    )
    unit = forms.ChoiceField(label="Unit", choices=Rotation.Unit.choices, initial="days")
    first_on = forms.DateField(
        label="First hand-off on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Say when it starts.", "invalid": "Give a date, such as 2026-11-14."},
    )
    hand_off_at = forms.TimeField(
        label="Hand-off at",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        initial="08:00",
        error_messages={"required": "Say when they hand over.", "invalid": "Give a time from 00:00 to 23:59."},
    )
    zone_name = forms.ChoiceField(label="On the clocks of")
    until_at = moment_field(
        "Ends", required=False, help_text="Empty is the end of the window.", error_messages={"invalid": NOT_A_MOMENT}
    )
    layer = forms.IntegerField(
        label="Layer",
        min_value=1,
        max_value=20,
        initial=1,
        required=False,
        help_text="Where several have somebody, the highest wins.",
    )
    follows_the_sun = forms.BooleanField(
        label="Follows the sun",
        required=False,
        help_text="Each site takes over at the hand-off time on its own clocks. People are grouped by their zone.",
    )
    days = forms.MultipleChoiceField(
        label="Only on",
        choices=WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked is every day.",
    )
    opens = clock_field("Only from")
    closes = clock_field("Only to")

    def __init__(self, *args: Any, period: Period, rotation: Rotation | None = None, **kwargs: Any) -> None:
        """Offer the period's roles, people and zones; fill in a rotation that is changed."""
        self.period, self.rotation = period, rotation
        kwargs["initial"] = _initial(period, rotation)
        super().__init__(*args, **kwargs)
        roles = Role.objects.filter(period=period).order_by("position", "id")
        self.fields["role"] = forms.ModelChoiceField(
            label="Role", queryset=roles, empty_label=None, error_messages={"required": "Choose a role."}
        )
        zones = sorted({period.timezone, kwargs["initial"]["zone_name"], *_zones_of(period)})
        self.fields["zone_name"].choices = [(zone, zone) for zone in zones if zone in available_timezones()]  # type: ignore[attr-defined]
        self.fields["until_at"].help_text = f"{zone_hint()}. Empty is the end of the window."
        self.turns = [f"person_{n}" for n in range(1, max(TURNS, len(kwargs["initial"]["people"]) + 2) + 1)]
        people = list(people_of(period))
        for n, name in enumerate(self.turns, 1):
            self.fields[name] = _TurnField(period, people, label=f"{n}.", required=False)
            if n <= len(kwargs["initial"]["people"]):
                self.fields[name].initial = kwargs["initial"]["people"][n - 1]

    @property
    def turn_fields(self) -> list[forms.BoundField]:
        """The people in their order."""
        return [self[name] for name in self.turns]

    def spec(self) -> rotation_store.RotationSpec:
        """What was typed, as the domain takes it."""
        data = self.cleaned_data
        restricted = data["days"] or data["opens"] or data["closes"]
        hours = {
            "days": [int(day) for day in data["days"]],
            "from": f"{data['opens'] or '00:00'}"[:5],
            "to": f"{data['closes'] or '00:00'}"[:5],
        }
        return rotation_store.RotationSpec(
            role=data["role"],
            name=data["name"],
            people=tuple(data[name] for name in self.turns if data[name]),
            first_on=data["first_on"],
            hand_off_at=data["hand_off_at"],
            zone_name=data["zone_name"],
            every=data["every"],
            unit=data["unit"],
            layer=data["layer"] or 1,
            kind=data["kind"],
            until_at=data["until_at"],
            hours=(hours,) if restricted else (),
            follows_the_sun=data["follows_the_sun"],
        )


class _TurnField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """One of the people, loaded once for all turns."""

    def __init__(self, period: Period, people: list[User], **kwargs: Any) -> None:
        super().__init__(queryset=people_of(period), empty_label="Nobody", **kwargs)
        self.choices = [("", "Nobody"), *((user.pk, user.name) for user in people)]


def _zones_of(period: Period) -> set[str]:
    return set(members.members_of(period.pk).values_list("user__timezone", flat=True))


def _initial(period: Period, rotation: Rotation | None) -> dict[str, Any]:
    if rotation is None:
        start = timezone.localtime(period.starts_at, period.zone).date()
        return {"zone_name": period.timezone, "first_on": start, "people": []}
    found = rotation_store.spec_of(rotation)
    hours = found.hours[0] if found.hours else {}
    return {
        "name": found.name,
        "role": found.role.pk,
        "kind": found.kind,
        "every": found.every,
        "unit": found.unit,
        "first_on": found.first_on,
        "hand_off_at": found.hand_off_at,
        "zone_name": found.zone_name,
        "until_at": found.until_at,
        "layer": found.layer,
        "follows_the_sun": found.follows_the_sun,
        "days": [str(day) for day in hours.get("days", [])],
        "opens": hours.get("from"),
        "closes": hours.get("to"),
        "people": [user.pk for user in found.people],
    }


class AbsenceForm(forms.Form):
    """When I am away."""

    starts_at = moment_field("Away from", error_messages={"required": "Say from when.", "invalid": NOT_A_MOMENT})
    ends_at = moment_field("Back at", error_messages={"required": "Say until when.", "invalid": NOT_A_MOMENT})
    note = forms.CharField(label="Note", max_length=120, required=False, help_text="Only you see it.")


class LimitsForm(forms.Form):
    """The fatigue limits of a period: a number and what happens beyond it, for each rule."""

    def __init__(self, *args: Any, limits: dict[str, work_time_limits.WorkTimeLimit], **kwargs: Any) -> None:
        """Fill in what holds now."""
        super().__init__(*args, **kwargs)
        self.rules = list(limits)
        for rule, limit in limits.items():
            text = f"{limit.label}: give a number from 0.5 to 168."
            self.fields[rule] = forms.FloatField(
                label=limit.label,
                min_value=0.5,
                max_value=168,
                initial=f"{limit.limit:g}",
                error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), text),
            )
            self.fields[f"{rule}_level"] = forms.ChoiceField(
                label=f"{limit.label}: beyond it",
                initial=limit.level,
                choices=[("block", "Refuse"), ("warn", "Warn"), ("off", "Nothing")],
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each rule for the page: its fields, its unit, and the usual number where the period has its own."""
        return [self._row(rule, self[rule], work_time_limits.USUAL[rule]) for rule in self.rules]

    def _row(self, rule: str, number: forms.BoundField, usual: work_time_limits.WorkTimeLimit) -> dict[str, Any]:
        attrs: dict[str, str | bool] = {}
        if number.errors:
            attrs |= {"aria-invalid": "true", "aria-describedby": f"{number.auto_id}_error"}
        return {
            "number": number,
            "control": number.as_widget(attrs=attrs),
            "level": self[f"{rule}_level"],
            "unit": usual.unit,
            "side": "At least" if rule in work_time_limits.AT_LEAST else "At most",
            "usual": f"{usual.limit:g}",
            "differs": str(number.initial) != f"{usual.limit:g}",
        }

    def limits(self) -> dict[str, dict[str, Any]]:
        """Those that differ from the usual."""
        data = self.cleaned_data
        chosen = {rule: {"limit": data[rule], "level": data[f"{rule}_level"]} for rule in self.rules}
        usual = {rule: {"limit": float(one.limit), "level": one.level} for rule, one in work_time_limits.USUAL.items()}
        return {rule: one for rule, one in chosen.items() if one != usual[rule]}


class CoverForm(forms.Form):
    """When a role must be covered, and by how many."""

    cover = forms.ChoiceField(label="Cover", choices=Role.Cover.choices)
    headcount = forms.IntegerField(
        label="People at once",
        min_value=1,
        max_value=50,
        error_messages={"required": "Give a number.", "invalid": "Give a whole number."},
    )
    cover_until = moment_field("Until", required=False, error_messages={"invalid": NOT_A_MOMENT})
    later_phases = forms.CharField(
        label="Then",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="A line each, such as 12x7 until 2026-11-28 2. The last has no end.",
    )
    headcount_on = forms.CharField(
        label="Days with another number",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="A line each, such as Mon 3 or 2026-11-23 6. Zero closes a day.",
    )
    week = forms.CharField(
        label="Own weekly hours",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="For “Own weekly hours”, a line each, such as Mon-Fri 08:00-20:00 2.",
    )
    zone_name = forms.CharField(label="Hours in the zone", max_length=64, required=False)
    country = forms.CharField(
        label="Closed on public holidays of", max_length=6, required=False, help_text="Such as DK, IN or US-NY."
    )
    on_call = forms.BooleanField(
        label="On call", required=False, help_text="Reachable rather than at work: long stretches are allowed."
    )
    overlap_minutes = forms.IntegerField(
        label="Minutes together at a hand-off",
        min_value=0,
        max_value=duty_roles.LONGEST_OVERLAP,
        required=False,
        help_text="The next person of a rotation begins so much earlier. 15 is usual.",
        error_messages={"invalid": "Give a whole number.", "max_value": "Give 0 to 120 minutes."},
    )
    needs_deputy = forms.BooleanField(label="Needs a deputy whenever somebody is on", required=False)
    swaps_need_lead = forms.BooleanField(label="The lead approves cover and swaps", required=False)

    SWITCHES = ("on_call", "needs_deputy", "swaps_need_lead")

    def __init__(self, *args: Any, role: Role, period: Period, **kwargs: Any) -> None:
        """Fill in what holds now."""
        self.period = period
        zone = requirements.zone_of(role, period)
        names = (
            "cover",
            "headcount",
            "cover_until",
            "zone_name",
            "country",
            "overlap_minutes",
            "on_call",
            "needs_deputy",
            "swaps_need_lead",
        )
        kwargs["initial"] = {
            **{name: getattr(role, name) for name in names},
            "later_phases": cover_text.write_phases(role.later_phases, zone),
            "headcount_on": cover_text.write_days(role.headcount_on),
            "week": cover_text.write_week(role.week),
        }
        super().__init__(*args, **kwargs)
        self.fields["cover_until"].help_text = f"{zone_hint()}. Empty is the end of the period."
        self.fields["zone_name"].help_text = f"Empty is {period.timezone}."

    def clean_headcount_on(self) -> dict[str, int]:
        """Days and their numbers."""
        return dict(_readable(cover_text.read_days, self.cleaned_data["headcount_on"]))

    def clean_week(self) -> tuple[dict[str, Any], ...]:
        """Hours of the week."""
        return tuple(_readable(cover_text.read_week, self.cleaned_data["week"]))

    def clean_later_phases(self) -> tuple[dict[str, Any], ...]:
        """What follows the first phase."""
        text = self.cleaned_data["later_phases"]
        return tuple(_readable(lambda typed: cover_text.read_phases(typed, self.period.zone), text))

    def clean_overlap_minutes(self) -> int:
        """Empty is none."""
        return self.cleaned_data["overlap_minutes"] or 0

    def clean_country(self) -> str:
        """Codes are in capitals."""
        return str(self.cleaned_data["country"]).strip().upper()

    def wanted(self) -> duty_roles.CoverSpec:
        """As the domain takes it."""
        return duty_roles.CoverSpec(**self.cleaned_data)


def _readable(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except cover_text.UnreadableCover as error:
        raise forms.ValidationError(str(error)) from error
