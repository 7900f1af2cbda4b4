"""What people may type when duty changes hands: whom to ask, what to swap, who stands in, what is let stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Case, When
from django.utils import timezone

from contributors.models import Role, Shift
from contributors.people import members as people_members
from contributors.shifts import accepted_gaps, candidates
from contributors.shifts.web.fields import NOT_A_MOMENT, MemberChoiceField, moment_field, zone_hint
from hypercare.models import User
from periods.models import Period

SWAPS_AHEAD = timedelta(days=30)


def people_of(period: Period) -> Any:
    """The active people of a period."""
    members = people_members.members_of(period.pk).values_list("user", flat=True)
    return User.objects.filter(pk__in=list(members), is_active=True).order_by("name", "pk")


class GapForm(forms.Form):
    """People to ask about a gap, named beside it."""

    starts_at = forms.DateTimeField(error_messages={"required": "Say from when.", "invalid": NOT_A_MOMENT})
    ends_at = forms.DateTimeField(error_messages={"required": "Say until when.", "invalid": NOT_A_MOMENT})
    kind = forms.ChoiceField(choices=Shift.Kind.choices)

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Know the period's roles and people."""
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ModelChoiceField(queryset=Role.objects.filter(period=period))
        self.fields["users"] = forms.ModelMultipleChoiceField(
            queryset=people_of(period), error_messages={"required": "Choose whom to ask."}
        )


class _WithinShift(forms.Form):
    """A part of a shift; all of it unless changed."""

    starts_at = moment_field("From", error_messages={"required": "Say from when.", "invalid": NOT_A_MOMENT})
    ends_at = moment_field("To", error_messages={"required": "Say until when.", "invalid": NOT_A_MOMENT})

    def __init__(self, *args: Any, shift: Shift, **kwargs: Any) -> None:
        """Fill in the whole shift; seconds are not typed, so its own ends stand for the same minute."""
        self.shift = shift
        kwargs["initial"] = {"starts_at": shift.starts_at, "ends_at": shift.ends_at}
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].help_text = zone_hint()

    def clean(self) -> dict[str, Any]:
        """Give the shift's own seconds back."""
        data = super().clean() or self.cleaned_data
        for name in ("starts_at", "ends_at"):
            typed, own = data.get(name), getattr(self.shift, name)
            if typed and typed == own.replace(second=0, microsecond=0):
                data[name] = own
        return data


class AskForm(_WithinShift):
    """Whom to ask to take a shift, or which shift to swap it for."""

    reason = forms.CharField(label="Why", max_length=200, required=False, help_text="Those you ask read it.")

    def __init__(self, *args: Any, period: Period, shift: Shift, now: datetime, **kwargs: Any) -> None:
        """Offer people and the coming shifts of others."""
        super().__init__(*args, shift=shift, **kwargs)
        others = Shift.objects.filter(
            role__period=period, cancelled_at__isnull=True, starts_at__gt=now, starts_at__lt=now + SWAPS_AHEAD
        ).exclude(user=shift.user)
        found = candidates.for_span(period, shift.role, shift.starts_at, shift.ends_at, kind=shift.kind)
        self.fields["users"] = _People(
            queryset=_best_first(people_of(period).exclude(pk=shift.user_id), found),
            required=False,
            label="Ask",
            widget=forms.CheckboxSelectMultiple,
            help_text="Whoever accepts first has it.",
        )
        self.fields["users"].label_from_instance = _fit_words(found)  # type: ignore[attr-defined]
        self.fields["in_return"] = _Swap(
            queryset=others.select_related("role", "user").order_by("starts_at", "id"),
            required=False,
            label="Or swap it for",
            empty_label="No swap",
            help_text="Then its holder alone is asked.",
        )
        self.order_fields(("users", "in_return", "starts_at", "ends_at", "reason"))


def _best_first(people: Any, found: Sequence[candidates.Candidate]) -> Any:
    """People in the order of the candidates, those without a duty last."""
    places = [When(pk=one.user.pk, then=n) for n, one in enumerate(found)]
    return people.order_by(Case(*places, default=len(places)), "name", "pk")


def _fit_words(found: Sequence[candidates.Candidate]) -> Any:
    against = {one.user.pk: one.warnings[0] for one in found if one.warnings}
    hours = {one.user.pk: one.hours for one in found}

    def words(user: User) -> str:
        note = against.get(user.pk) or (f"{hours[user.pk]:.0f} h in those days" if user.pk in hours else "no duty yet")
        return f"{user.name}: {note}"

    return words


class _People(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """People, each with what speaks for or against them."""


class _Swap(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A coming shift of somebody else."""

    def label_from_instance(self, obj: Shift) -> str:
        """`Arjun Mehta, Platform, Fri 20 Nov 05:00 to 17:00`."""
        start, end = timezone.localtime(obj.starts_at), timezone.localtime(obj.ends_at)
        return f"{obj.user.name}, {obj.role.name}, {start:%a %-d %b %H:%M} to {end:%H:%M}"


class ReplaceForm(_WithinShift):
    """Who stands in."""

    def __init__(self, *args: Any, period: Period, shift: Shift, **kwargs: Any) -> None:
        """Offer the period's people."""
        super().__init__(*args, shift=shift, **kwargs)
        self.fields["user"] = MemberChoiceField(
            period, label="Who stands in", error_messages={"required": "Choose a person."}
        )
        self.order_fields(("user", "starts_at", "ends_at"))


class AcceptGapForm(forms.Form):
    """Why a gap may stand."""

    reason = forms.CharField(
        label="Why nobody is needed then",
        max_length=accepted_gaps.LONGEST_REASON,
        error_messages={"required": "Say why nobody is needed then."},
        help_text="Such as “The warehouse is closed”. Everybody in the period can read it.",
    )
