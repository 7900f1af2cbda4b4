"""Forms of the people page. They parse; the domain decides."""

from __future__ import annotations

from typing import Any

from django import forms

from contributors.models import Membership, Role
from periods.models import Period


class MemberForm(forms.Form):
    """Add somebody by address."""

    name = forms.CharField(label="Name", max_length=120, error_messages={"required": "Give their name."})
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={
            "required": "Give an address; the invitation goes there.",
            "invalid": "Give an address such as maja@example.com.",
        },
    )
    right = forms.ChoiceField(
        label="May",
        choices=Membership.Right.choices,
        initial=Membership.Right.CONTRIBUTOR,
        error_messages={"required": "Choose what they may do."},
    )
    is_deputy = forms.BooleanField(label="Deputy of this role", required=False)

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's roles."""
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ModelChoiceField(
            label="Duty",
            queryset=Role.objects.filter(period=period).order_by("position", "id"),
            required=False,
            empty_label="No duty",
        )
        self.order_fields(("name", "email", "right", "role", "is_deputy"))


class ChangeMemberForm(forms.Form):
    """Another right or duty."""

    right = forms.ChoiceField(
        label="May", choices=Membership.Right.choices, error_messages={"required": "Choose what they may do."}
    )
    is_deputy = forms.BooleanField(label="Deputy", required=False)

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's roles."""
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ModelChoiceField(
            label="Duty",
            queryset=Role.objects.filter(period=period).order_by("position", "id"),
            required=False,
            empty_label="No duty",
        )


class ProblemReplyForm(forms.Form):
    """What was done about what somebody misses."""

    text = forms.CharField(
        label="Your answer",
        help_text="What was done, and what to try now.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say what was done about it."},
    )
