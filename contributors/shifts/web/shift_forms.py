"""The form of one shift."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from contributors.models import Role, Shift
from contributors.shifts import coverage
from contributors.shifts.web.fields import NOT_A_MOMENT, MemberChoiceField, moment_field, zone_hint
from periods.models import Period


class ShiftForm(forms.Form):
    """Put somebody on duty."""

    starts_at = moment_field("From", error_messages={"required": "Say when the shift starts.", "invalid": NOT_A_MOMENT})
    ends_at = moment_field("To", error_messages={"required": "Say when the shift ends.", "invalid": NOT_A_MOMENT})
    kind = forms.ChoiceField(label="As", choices=Shift.Kind.choices, widget=forms.RadioSelect, initial="primary")
    is_override = forms.BooleanField(
        label="Override", required=False, help_text="Stands in for somebody, outside the usual plan."
    )
    field_order = ("role", "user", "starts_at", "ends_at", "kind", "is_override")

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Offer the period's roles and people."""
        super().__init__(*args, **kwargs)
        roles = Role.objects.filter(period=period).order_by("position", "id")
        self.fields["role"] = forms.ModelChoiceField(
            label="Role", queryset=roles, empty_label=None, error_messages={"required": "Choose a role."}
        )
        self.fields["user"] = MemberChoiceField(period, label="Who", error_messages={"required": "Choose a person."})
        self.fields["starts_at"].help_text = zone_hint()
        self.order_fields(self.field_order)

    @staticmethod
    def initial_for(gap: coverage.RoleGap) -> dict[str, Any]:
        """Filled in for a gap."""
        zone = timezone.get_current_timezone()
        return {"role": gap.role.pk, "starts_at": gap.start.astimezone(zone), "ends_at": gap.end.astimezone(zone)}
