"""Forms of lessons. They parse; the domain decides."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from contributors.models import Membership
from contributors.people.permissions import RIGHTS
from hypercare.models import User
from periods.lessons import lessons
from periods.models import Debrief, Lesson, Period
from periods.template_files.checklist import ROLES

KEY = re.compile(r"^([A-Za-z][A-Za-z0-9]{1,11})-(\d{1,9})$")


def _text(label: str, rows: int, hint: str, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=5000, help_text=hint, widget=forms.Textarea(attrs={"rows": rows}), **kwargs
    )


class LessonForm(forms.Form):
    """What a lesson says."""

    title = forms.CharField(
        label="The lesson in one line",
        max_length=160,
        help_text="What to do, such as Delete replaced jobs, don’t pause them.",
    )
    happened = _text("What happened", 3, "The facts, with numbers. No blame.", required=False)
    learnt = _text("What we learnt", 3, "What the next period should do, and how one can check it.")
    phase = forms.ChoiceField(label="Phase", choices=Lesson.Phase.choices, initial="live")
    theme = forms.CharField(label="Theme", max_length=40, widget=forms.TextInput(attrs={"list": "themes"}))
    component = forms.CharField(
        label="System", max_length=80, required=False, widget=forms.TextInput(attrs={"list": "systems"})
    )
    tags = forms.CharField(
        label="Tags",
        max_length=400,
        required=False,
        help_text="What keeps coming back, separated by semicolons, such as Paused, not removed; Time zones.",
    )

    def clean_tags(self) -> list[str]:
        """One tag a semicolon."""
        return [name.strip() for name in self.cleaned_data["tags"].split(";") if name.strip()]


class NewLessonForm(LessonForm):
    """A lesson with where it comes from."""

    period = forms.ModelChoiceField(Period.objects.none(), label="Period", required=False, empty_label="None of them")
    incident = forms.CharField(label="Incident", max_length=24, required=False, help_text="Its key, such as BILL-36.")
    debrief = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        """Only periods in which the person may write lessons."""
        super().__init__(*args, **kwargs)
        writes = Membership.objects.filter(user=user, left_at__isnull=True, right__in=RIGHTS["lessons.write"])
        mine: Any = Period.objects.filter(pk__in=writes.values("period"))
        period: Any = self.fields["period"]
        period.queryset = mine.order_by("-go_live_at", "id")

    def clean(self) -> dict[str, Any]:
        """The incident's number and the debrief, of the period that was chosen."""
        cleaned = super().clean() or self.cleaned_data
        period, typed = cleaned.get("period"), cleaned.get("incident", "").strip()
        match = KEY.match(typed)
        if typed and (match is None or period is None or match[1].upper() != period.key):
            self.add_error("incident", f"“{typed}” is not an incident of that period. Give a key such as BILL-36.")
        cleaned["incident_number"] = int(match[2]) if match else None
        debriefs = Debrief.objects.filter(period=period, number=cleaned.get("debrief") or 0) if period else None
        cleaned["debrief"] = debriefs.first() if debriefs is not None else None
        cleaned.pop("incident", None)
        return cleaned


class LessonCheckForm(forms.Form):
    """The check that a lesson suggests."""

    check_title = forms.CharField(label="The check", max_length=200, help_text="As it stands in a checklist.")
    check_category = forms.CharField(label="Category", max_length=40)
    check_owner_role = forms.ChoiceField(label="Owner", choices=list(ROLES.items()))
    check_days = forms.IntegerField(
        label="Days before go-live",
        min_value=0,
        max_value=365,
        error_messages=dict.fromkeys(("min_value", "max_value", "invalid"), "Give days before go-live from 0 to 365."),
    )
    check_blocking = forms.BooleanField(label="It stops a go until it is done", required=False)

    def clean(self) -> dict[str, Any]:
        """Days before are negative days from go-live."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("check_days") is not None:
            cleaned["check_due_days"] = -cleaned.pop("check_days")
        return cleaned


def lesson_initial(lesson: Lesson) -> dict[str, Any]:
    """A lesson as its form shows it."""
    fields = {name: getattr(lesson, name) for name in lessons.FIELDS if name != "tags"}
    return {**fields, "tags": "; ".join(tag.name for tag in lesson.tags.all())}


def lesson_check_initial(lesson: Lesson) -> dict[str, Any]:
    """The check of a lesson as its form shows it."""
    fields = {name: getattr(lesson, name) for name in lessons.CHECK_FIELDS if name != "check_due_days"}
    return {**fields, "check_days": -lesson.check_due_days}
