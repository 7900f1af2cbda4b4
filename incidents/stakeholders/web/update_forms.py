"""What the lead types about the outside: settings of the status page, updates. They parse; the domain decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import forms

from incidents.models import Incident, Notice, ReportForm, StakeholderReport, StatusPage, Update
from incidents.stakeholders import updates
from incidents.stakeholders.updates import UpdateText
from incidents.triage.web.promises import PROMISES, promise_length
from periods.models import Period

NEW: Final = "new"


class StatusPageForm(forms.Form):
    """Who may see the page, where it is and what it is called."""

    visibility = forms.ChoiceField(
        label="Who may see it", choices=StatusPage.Visibility.choices, widget=forms.RadioSelect
    )
    title = forms.CharField(
        label="What people outside call it",
        max_length=80,
        help_text="Such as “Northlane billing”.",
        error_messages={"required": "Say what people outside call it."},
    )
    slug = forms.CharField(
        label="Address",
        max_length=40,
        help_text="/status/…/ for members or everybody; a secret link has its own.",
        error_messages={"required": "Choose an address, such as billing."},
    )
    about = forms.CharField(
        label="In a sentence or two",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What changes and until when. Empty: the dates are said.",
    )


class UpdateForm(forms.Form):
    """One update: of a notice that is open, or the first of a new one."""

    notice = forms.ChoiceField(label="About")
    title = forms.CharField(
        label="In a few plain words",
        max_length=120,
        required=False,
        help_text="For something new: “Some invoices were sent twice”. Empty keeps the words there are.",
    )
    state = forms.ChoiceField(
        label="Where it stands",
        choices=Notice.State.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say where it stands."},
    )
    components = forms.MultipleChoiceField(label="Which services", required=False, widget=forms.CheckboxSelectMultiple)
    text = forms.CharField(
        label="What people should know",
        max_length=updates.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Plain words: what they see, what you do, what they can do. No names.",
        error_messages={"required": "Write what people outside should know."},
    )
    promise = forms.ChoiceField(label="Next update", choices=PROMISES)
    audience = forms.ChoiceField(label="Who reads it", choices=Update.Audience.choices)

    def __init__(self, *args: Any, period: Period, notices: list[Notice], **kwargs: Any) -> None:
        """Offer the open notices and the period's systems."""
        super().__init__(*args, **kwargs)
        about: Any = self.fields["notice"]
        about.choices = [(NEW, "Something new"), *((str(notice.pk), notice.title) for notice in notices)]
        if len(about.choices) == 1:
            about.widget = forms.HiddenInput()
        systems: Any = self.fields["components"]
        systems.choices = [(name, name) for name in period.systems]
        if not period.systems:
            del self.fields["components"]

    @property
    def notice_id(self) -> int | None:
        """The notice that goes on; None for a new one."""
        chosen = self.cleaned_data["notice"]
        return None if chosen == NEW else int(chosen)

    def words(self, at: datetime) -> UpdateText:
        """What the domain is told."""
        data = self.cleaned_data
        promise = promise_length(data["promise"])
        return UpdateText(
            text=data["text"],
            state=data["state"],
            title=data["title"],
            components=tuple(data.get("components", ())),
            audience=data["audience"],
            next_by=at + promise if promise else None,
        )


def status_page_initial(period: Period, page: StatusPage | None) -> dict[str, Any]:
    """What the form starts with: the page as it is, or what would suit."""
    if page is None:
        return {"visibility": "off", "title": period.name, "slug": period.key.lower()}
    return {name: getattr(page, name) for name in ("visibility", "title", "slug", "about")}


def update_initial(notice: Notice | None, incident: Incident | None) -> dict[str, Any]:
    """What an update starts with: where its notice stands, or what the incident is about."""
    audience = Update.Audience.EVERYONE
    if notice is not None:
        said = {"notice": str(notice.pk), "state": notice.state, "components": notice.components}
        return {**said, "promise": "60", "audience": audience}
    components = [incident.component] if incident and incident.component else []
    return {
        "notice": NEW,
        "state": Notice.State.INVESTIGATING,
        "components": components,
        "promise": "60",
        "audience": audience,
        "title": incident.title if incident else "",
    }


class ReportFormForm(forms.Form):
    """Whether the public form is open, and what it says."""

    is_open = forms.BooleanField(label="The form takes reports", required=False)
    title = forms.CharField(
        label="What people outside call it",
        max_length=80,
        help_text="“Report a problem with …”.",
        error_messages={"required": "Say what people outside call it."},
    )
    answer_within = forms.CharField(
        label="Answered within",
        max_length=40,
        required=False,
        help_text="Such as “2 hours”; it stands below the button. Empty promises nothing.",
    )
    data_note = forms.CharField(
        label="How their data is used",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Empty says the usual: read by those who work on the launch, used for nothing else.",
    )


class KnownErrorForm(forms.Form):
    """A known error: what it is, the way around it, and who may see it."""

    title = forms.CharField(
        label="In a few plain words", max_length=120, error_messages={"required": "Say in a few words what it is."}
    )
    workaround = forms.CharField(
        label="Way around it",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What people can do until it is mended.",
    )
    component = forms.ChoiceField(label="System", required=False)
    shown_outside = forms.BooleanField(
        label="People outside may read it", required=False, help_text="On the public form, before they report."
    )

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's own systems."""
        super().__init__(*args, **kwargs)
        systems: Any = self.fields["component"]
        systems.choices = [("", "None"), *((name, name) for name in period.systems)]


class StakeholderReportForm(forms.Form):
    """The words of a stakeholder report."""

    colour = forms.ChoiceField(label="Colour", choices=StakeholderReport.Colour.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Why, in a sentence",
        max_length=200,
        error_messages={"required": "Say in a sentence why it has this colour."},
    )
    impact = forms.CharField(
        label="What the business feels", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    issues = forms.CharField(
        label="Top issues, one a line", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    decisions = forms.CharField(
        label="Decisions needed, one a line", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


def report_form_initial(period: Period, row: ReportForm | None) -> dict[str, Any]:
    """What the settings start with: the form as it is, or what would suit."""
    if row is None:
        return {"is_open": True, "title": period.name}
    return {name: getattr(row, name) for name in ("is_open", "title", "answer_within", "data_note")}
