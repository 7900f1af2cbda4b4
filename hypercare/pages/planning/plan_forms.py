"""Forms of the plan wizard. They parse and check shape; the domain decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.dateparse import parse_date

from contributors.models import Membership, Role
from hypercare.exceptions import Refused
from hypercare.models import User
from hypercare.web import forms as forms_of_pages
from hypercare.web.forms import TIME_ZONES
from periods.calendar import wallclock
from periods.models import Period
from periods.planning import complexity, plan_checks, workdays
from periods.planning.scoring_model import CADENCES, COVERS, cover_words
from periods.template_files.checklist import ROLES

# Where the domain's name of a field differs from the form's.
FIELDS = {"go_live_at": "go_live_on", "ends_at": "days", "days_override_reason": "reason"}
REASONS = {"debrief_cadence": "cadence_override_reason", "cover": "cover_override_reason"}
SPARE_CYCLES = 2
PEOPLE = ("lead", "sponsor", "bau_owner", "rollback_authority")


def draft_as_post(typed: Mapping[str, list[str]]) -> QueryDict:
    """A draft as if it were sent."""
    sent = QueryDict(mutable=True)
    for name, values in typed.items():
        sent.setlist(name, values)
    return sent


def fill_form(form: forms.Form, typed: Mapping[str, list[str]]) -> None:
    """Let an unbound form start from what was typed before; nothing is judged."""
    for name in form.fields:
        form.initial[name] = next(iter(typed.get(name, ())), "")
    if isinstance(form, RiskQuestionsForm):
        form.initial["critical_cycles"] = [
            {"name": name, "on": on}
            for name, on in zip(typed.get("cycle_name", ()), typed.get("cycle_on", ()), strict=False)
            if name or on
        ]


def explain(form: forms.Form, error: Refused) -> int:
    """Put a refusal into a form of the plan, whose fields are not always called as the domain calls them."""
    return forms_of_pages.add_errors(form, error, **FIELDS, **{f"answers/{name}": name for name in form.fields})


def zone_field(label: str = "Time zone", **kwargs: Any) -> forms.ChoiceField:
    """A choice of every zone."""
    unknown = {"invalid_choice": "“%(value)s” is not a time zone. Choose one such as Europe/Copenhagen."}
    return forms.ChoiceField(label=label, choices=TIME_ZONES, error_messages=unknown, **kwargs)


def day_field(label: str, **kwargs: Any) -> forms.DateField:
    """A day, with the browser's own picker."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    messages = {"invalid": "Give a day like 2026-11-30.", "required": f"{label}: give a day like 2026-11-30."}
    return forms.DateField(label=label, widget=widget, error_messages=messages, **kwargs)


def time_field(label: str, **kwargs: Any) -> forms.TimeField:
    """A time of day, with the browser's own picker."""
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    messages = {"invalid": "Give a time like 07:00.", "required": f"{label}: give a time like 07:00."}
    return forms.TimeField(label=label, widget=widget, error_messages=messages, **kwargs)


def count_field(label: str, low: int, high: int, sentence: str, **kwargs: Any) -> forms.IntegerField:
    """A whole number with one sentence for whatever is wrong with it."""
    wrong = {"min_value": sentence, "max_value": sentence, "invalid": sentence, **kwargs.pop("messages", {})}
    return forms.IntegerField(label=label, min_value=low, max_value=high, error_messages=wrong, **kwargs)


class ChangeForm(forms.Form):
    """What changes, when, and where midnight is."""

    name = forms.CharField(label="Name", max_length=120, help_text="As people call it, such as Billing cut-over.")
    key = forms.CharField(
        label="Key",
        max_length=12,
        help_text="2 to 12 letters or digits. BILL makes incidents BILL-1, BILL-2.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-key-from": "name"}),
    )
    systems = forms.CharField(label="Systems", max_length=1000, help_text="Separated by commas.")
    go_live_on = day_field("Go-live day")
    go_live_time = time_field("Go-live time", initial=time(7, 0))
    timezone = zone_field(help_text="Days of the period start at midnight here.")
    country = forms.ChoiceField(
        label="Public holidays of",
        required=False,
        help_text="They are no working days of the period.",
        choices=[("", "No country"), *workdays.countries().items()],
    )
    subdivision = forms.CharField(
        label="Region",
        required=False,
        max_length=80,
        help_text="Where it has holidays of its own, such as Bayern.",
        widget=forms.TextInput(attrs={"list": "regions", "autocomplete": "off"}),
    )
    summary = forms.CharField(
        label="What changes", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_systems(self) -> list[str]:
        """A list without empties and repeats, in the order given."""
        return list(dict.fromkeys(name.strip() for name in self.cleaned_data["systems"].split(",") if name.strip()))

    def clean_key(self) -> str:
        """Keys are capital letters."""
        return str(self.cleaned_data["key"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        """A region is typed by name or code and kept as its code."""
        cleaned = super().clean() or self.cleaned_data
        country, typed = cleaned.get("country", ""), cleaned.get("subdivision", "")
        code = workdays.region_code(country, typed)
        if code is None:
            self.add_error("subdivision", _no_region(country, typed))
        else:
            cleaned["subdivision"] = code
        return cleaned

    def go_live_at(self) -> datetime:
        """The instant of go-live."""
        data = self.cleaned_data
        return wallclock.instant(data["go_live_on"], data["go_live_time"], ZoneInfo(data["timezone"]))


def _no_region(country: str, typed: str) -> str:
    if not country:
        return "Choose the country first, then its region."
    known = list(workdays.regions(country).values())
    some = (
        f"Choose from {', '.join(known[:8])}{' and others' if len(known) > 8 else ''}." if known else "Leave it empty."
    )
    return f"{workdays.place_name(country)} has no region “{typed}” with holidays of its own. {some}"


class RiskQuestionsForm(forms.Form):
    """One question a factor, in the domain's order, and the dates that matter to the business."""

    first_release = forms.BooleanField(label="It is the product's first release", required=False)
    emergency = forms.BooleanField(label="It is an emergency release", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build the questions from the model's factors."""
        self.model: complexity.ComplexityModel = kwargs.pop("model", complexity.STANDARD)
        super().__init__(*args, **kwargs)
        for factor in self.model.factors:
            self.fields[factor.key] = forms.TypedChoiceField(
                label=factor.question,
                coerce=int,
                widget=forms.RadioSelect,
                choices=[(n, label) for n, label in enumerate(factor.answers)],
                error_messages={
                    "required": f"Choose an answer: {factor.question}",
                    "invalid_choice": f"Choose one of the answers: {factor.question}",
                },
            )

    def clean(self) -> dict[str, Any]:
        """A critical date needs both its name and its day."""
        cleaned = super().clean() or self.cleaned_data
        for row in self.cycle_rows(spare=0):
            if not row["name"]:
                self.add_error(None, f"Say what happens on {row['on']}.")
            elif not _is_date(row["on"]):
                self.add_error(None, f"Give “{row['name']}” a day like 2026-11-30.")
        return cleaned

    def answers(self) -> dict[str, int]:
        """Factor → answer, of those that are answered."""
        data = getattr(self, "cleaned_data", {})
        return {factor.key: data[factor.key] for factor in self.model.factors if factor.key in data}

    def cycle_rows(self, spare: int = SPARE_CYCLES) -> list[dict[str, str]]:
        """The critical dates as typed (or as stored), and empty rows for more."""
        given = self.initial.get("critical_cycles", [])
        if self.is_bound:
            given = cycles_of(self.data)
        return [*given, *({"name": "", "on": ""} for _ in range(spare))][: plan_checks.MOST_CYCLES]

    def questions(self) -> list[dict[str, Any]]:
        """For the page: each question with its choices and the points each adds."""
        return [
            {
                "field": self[factor.key],
                "options": [
                    (option, f"+{n * factor.weight}" if n else "0") for n, option in enumerate(self[factor.key])
                ],
            }
            for factor in self.model.factors
        ]


def _why_other(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed only when you choose otherwise.",
    )


class KeptChoice(forms.ChoiceField):
    """A choice that always has one, so it is not called optional; sent empty it stays as suggested."""

    def validate(self, value: Any) -> None:
        """Only what is sent is judged."""
        if value:
            super().validate(value)


class WindowForm(forms.Form):
    """How long, why if not as suggested, and what is normal."""

    days = count_field("Days", 1, 366, "The period must end 1 to 366 days after go-live.")
    reason = forms.CharField(
        label="Why not the suggested length?",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed only when you choose another length.",
    )
    debrief_cadence = KeptChoice(label="Debriefs", choices=list(CADENCES.items()))
    cadence_override_reason = _why_other("Why not the suggested debriefs?")
    cover = KeptChoice(
        label="Cover",
        choices=[(key, cover_words(key)) for key in COVERS],
        help_text="Engineering on call and the support desk follow it when you use the suggested duties.",
    )
    cover_override_reason = _why_other("Why not the suggested cover?")
    baseline_issues = count_field("Issues before the change", 0, 1_000_000, "Give a number from 0.", required=False)
    baseline_days = count_field(
        "Counted over days", 1, 730, "Give a number of days from 1 to 730.", required=False, initial=28
    )
    tolerable_per_day = forms.FloatField(
        label="Issues per day the receiving team accepts",
        required=False,
        help_text="Instead of a count, when nothing was counted.",
        error_messages={"invalid": "Give a rate per day such as 1.5."},
    )

    def __init__(self, *args: Any, scored: bool, **kwargs: Any) -> None:
        """Before the questions are answered there is nothing to choose otherwise."""
        super().__init__(*args, **kwargs)
        for name in () if scored else (*REASONS, *REASONS.values()):
            del self.fields[name]

    def choices(self, suggested: complexity.Recommendation | None) -> dict[str, str]:
        """Rhythm and cover as the plan keeps them; a reason only where the choice is another than suggested."""
        if suggested is None:
            return {}
        found = {}
        for name, reason in REASONS.items():
            wanted = suggested.cadence if name == "debrief_cadence" else suggested.cover
            found[name] = self.cleaned_data[name] or wanted
            found[reason] = "" if found[name] == wanted else self.cleaned_data[reason].strip()
        return found

    def clean(self) -> dict[str, Any]:
        """The days over which nothing was counted say nothing."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("baseline_issues") is None and "baseline_issues" not in self.errors:
            cleaned["baseline_days"] = None
        return cleaned


class AccountField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """Somebody who has an account."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        """Everybody who is active."""
        people = User.objects.filter(is_active=True).order_by("name", "id")
        wrong = {"required": f"{label}: choose a person.", "invalid_choice": f"{label}: choose somebody from the list."}
        super().__init__(queryset=people, label=label, error_messages=wrong, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        """Name and address."""
        return f"{obj.name} ({obj.email})"


class PeopleForm(forms.Form):
    """Who answers for what."""

    lead = AccountField("Hypercare lead", help_text="Runs the period from day to day.")
    sponsor = AccountField("Sponsor", help_text="Decides go or no-go, and signs the exit.")
    bau_owner = AccountField("BAU owner", help_text="Takes over as business as usual when the period closes.")
    rollback_authority = AccountField("Rollback authority", help_text="May order the way back.")
    point_of_no_return = forms.CharField(
        label="Point of no return", max_length=1000, help_text="After which step does going back cost more than fixing?"
    )

    def clean(self) -> dict[str, Any]:
        """Closing takes two signatures."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("sponsor") and cleaned.get("sponsor") == cleaned.get("bau_owner"):
            self.add_error("bau_owner", "Closing takes two people. Choose somebody other than the sponsor.")
        return cleaned


class NewPersonForm(forms.Form):
    """Somebody to take part, known or new."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(
        label="E-mail address", max_length=254, error_messages={"invalid": "Give an address such as maja@example.com."}
    )
    timezone = zone_field()
    right = forms.ChoiceField(
        label="May",
        choices=Membership.Right.choices,
        initial=Membership.Right.CONTRIBUTOR,
        error_messages={"required": "Choose what they may do."},
    )

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's duties."""
        super().__init__(*args, **kwargs)
        self.fields["timezone"].initial = period.timezone
        self.fields["role"] = forms.ModelChoiceField(
            label="Duty",
            queryset=Role.objects.filter(period=period).order_by("position", "id"),
            required=False,
            empty_label="No duty",
        )


class RoleForm(forms_of_pages.FormBeside):
    """One more duty. It stands beside the form of a person, so its ids say that they are of a duty."""

    ids = "duty"

    name = forms.CharField(label="Duty", max_length=60)
    code = forms.ChoiceField(label="Its checks are those of", choices=list(ROLES.items()), initial="EN")
    cover = forms.ChoiceField(label="Cover", choices=Role.Cover.choices, initial=Role.Cover.BUSINESS)
    headcount = count_field("People at once", 1, 50, "Give a number from 1 to 50.", initial=1)


def change_initial(period: Period | None, zone: str) -> dict[str, Any]:
    """The first step as it stands."""
    if period is None:
        return {"timezone": zone, "country": workdays.country_of_zone(zone)}
    local = period.go_live_at.astimezone(period.zone)
    return {
        "name": period.name,
        "key": period.key,
        "systems": ", ".join(period.systems),
        "summary": period.summary,
        "go_live_on": local.date(),
        "go_live_time": local.time(),
        "timezone": period.timezone,
        "country": period.country,
        "subdivision": workdays.regions(period.country).get(period.subdivision, period.subdivision),
    }


def cycles_of(post: Any) -> list[dict[str, str]]:
    """Critical dates from repeated `cycle_name` and `cycle_on` fields; empty pairs are left out."""
    pairs = zip(post.getlist("cycle_name"), post.getlist("cycle_on"), strict=False)
    rows = [{"name": name.strip()[:80], "on": on.strip()[:10]} for name, on in pairs]
    return [row for row in rows if row["name"] or row["on"]][: plan_checks.MOST_CYCLES]


def _is_date(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except ValueError:
        return False
