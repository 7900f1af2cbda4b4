"""REST shapes of shifts, cover and on-call."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from contributors.models import Role, Shift
from contributors.people.web.serializers import InPeriod, PersonInZone, _role, find_member
from hypercare.models import User


class ReplaceIn(InPeriod):
    """Who stands in, and for which part of the shift; left out it is all of it, or what is left of a running one."""

    user = serializers.IntegerField(help_text="A person's id.")
    starts_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField(required=False)

    def validate_user(self, pk: int) -> User:
        """A person of the period."""
        return find_member(self.period, pk)


class ShiftOut(serializers.ModelSerializer[Shift]):
    """A shift, from start up to but not including end."""

    user = PersonInZone(read_only=True)
    role = serializers.CharField(source="role.name", read_only=True)

    class Meta:
        model = Shift
        fields: ClassVar = ["id", "role", "user", "kind", "starts_at", "ends_at", "is_override", "cancelled_at"]


class ShiftIn(InPeriod):
    """Somebody to put on duty."""

    role = serializers.CharField(max_length=60, help_text="Name of a duty role.")
    user = serializers.IntegerField(help_text="A person's id.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=Shift.Kind.choices, default=Shift.Kind.PRIMARY)
    is_override = serializers.BooleanField(default=False)

    def validate_role(self, name: str) -> Role:
        """The role of this name."""
        return _role(self.period, name)

    def validate_user(self, pk: int) -> User:
        """A person of the period."""
        return find_member(self.period, pk)


class GapOut(serializers.Serializer[Any]):
    """From start up to end a role has so many people too few."""

    role = serializers.CharField(source="role.name")
    starts_at = serializers.DateTimeField(source="start")
    ends_at = serializers.DateTimeField(source="end")
    missing = serializers.IntegerField()
    needed = serializers.IntegerField()
    duty = serializers.CharField()
    nobody = serializers.BooleanField()


class LoadOut(serializers.Serializer[Any]):
    """What one person carries: hours at work and on call, nights, pages, and P1 and P2 per shift."""

    user = PersonInZone()
    hours = serializers.FloatField()
    on_call_hours = serializers.FloatField()
    night_hours = serializers.FloatField(source="nights")
    shifts = serializers.IntegerField()
    pages = serializers.IntegerField()
    night_pages = serializers.IntegerField()
    serious_per_shift = serializers.FloatField()


class FindingOut(serializers.Serializer[Any]):
    """Something to look at: a minimum rule, an absence, double duty or a fatigue limit."""

    rule = serializers.CharField()
    level = serializers.ChoiceField(choices=["block", "warn"])
    text = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    user = PersonInZone(allow_null=True)


class RoleMinutesOut(serializers.Serializer[Any]):
    """Minutes below the requirement of one role."""

    role = serializers.CharField()
    minutes = serializers.IntegerField()


class CoverageOut(serializers.Serializer[Any]):
    """Where somebody is missing, and how the work is shared."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    gap_minutes = serializers.IntegerField()
    gaps = GapOut(many=True)
    roles = RoleMinutesOut(many=True)
    findings = FindingOut(many=True)
    load = LoadOut(many=True)


class OnCallOut(serializers.Serializer[Any]):
    """Who is on."""

    role = serializers.CharField(source="role.name")
    user = PersonInZone()
    kind = serializers.CharField()
    until = serializers.DateTimeField(source="ends_at")


class DutyOut(serializers.ModelSerializer[Shift]):
    """A shift of mine, in any period."""

    period = serializers.CharField(source="role.period.key", read_only=True)
    role = serializers.CharField(source="role.name", read_only=True)

    class Meta:
        model = Shift
        fields: ClassVar = ["id", "period", "role", "kind", "starts_at", "ends_at", "is_override"]
