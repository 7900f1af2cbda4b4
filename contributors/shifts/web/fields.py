"""Fields that many forms share: a person, a moment on the wall clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from contributors.people import members
from hypercare.models import User
from hypercare.ui.time_words import city_of
from periods.calendar import wallclock
from periods.models import Period

MOMENT = "%Y-%m-%dT%H:%M"
NOT_A_MOMENT = "Give a date and a time, such as 2026-11-21 17:00."


class MemberChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Somebody of the period, named with their duty."""

    def __init__(self, period: Period, **kwargs: Any) -> None:
        """Offer the period's people."""
        self.duties = {
            member.user_id: member.role.name if member.role else member.get_right_display()
            for member in members.members_of(period.pk)
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
        f"{wall:%H:%M} does not exist on {wall:%-d %B %Y} in {city_of(zone)}: the clocks go forward then. "
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
    name = city_of(zone)
    return "Times in UTC" if name == "UTC" else f"{name} time"
