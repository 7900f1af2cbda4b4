"""Shapes of the API of rotations and cover. They validate and render; they never save."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from contributors.models import CoverAsk, CoverRequest, Role, Rotation, Shift
from contributors.people import members as people_members
from contributors.people.web.serializers import InPeriod, PersonInZone
from contributors.shifts import rotation_store
from hypercare.api.strict import StrictSerializer
from hypercare.models import User

CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class HoursShape(StrictSerializer):
    """Hours of a week on the wall clock; Monday is 0. Hours that end before they start end the next day."""

    days = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=6), required=False)
    to = serializers.RegexField(CLOCK, error_messages={"invalid": "Give a time such as 17:00."})

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, so it is added by name."""
        opens = serializers.RegexField(CLOCK, error_messages={"invalid": "Give a time such as 09:00."})
        return {**super().get_fields(), "from": opens}


class RotationOut(serializers.ModelSerializer[Rotation]):
    """A rotation and its people in the order they take turns."""

    role = serializers.CharField(source="role.name")
    people = serializers.SerializerMethodField()
    follows_the_sun = serializers.SerializerMethodField()

    class Meta:
        model = Rotation
        fields: ClassVar = [
            "id",
            "role",
            "name",
            "layer",
            "kind",
            "every",
            "unit",
            "first_on",
            "hand_off_at",
            "zone_name",
            "until_at",
            "hours",
            "follows_the_sun",
            "people",
        ]

    def get_people(self, rotation: Rotation) -> list[int]:
        """Their numbers, in order."""
        return [turn.user_id for turn in sorted(rotation.turns.all(), key=lambda turn: turn.position)]

    def get_follows_the_sun(self, rotation: Rotation) -> bool:
        """Whether sites take over in their own morning."""
        return bool(rotation.sites)


class RotationIn(InPeriod):
    """What a rotation is to be."""

    role = serializers.CharField(max_length=60, help_text="Name of a duty role.")
    name = serializers.CharField(max_length=60)
    people = serializers.ListField(
        child=serializers.IntegerField(), max_length=50, help_text="Numbers of people, in the order of their turns."
    )
    first_on = serializers.DateField()
    hand_off_at = serializers.TimeField(help_text="On the wall clock of its zone.")
    zone_name = serializers.CharField(max_length=64, required=False)
    every = serializers.IntegerField(default=1, min_value=1, max_value=1000)
    unit = serializers.ChoiceField(choices=Rotation.Unit.choices, default="days")
    layer = serializers.IntegerField(default=1, min_value=1, max_value=20)
    kind = serializers.ChoiceField(choices=Shift.Kind.choices, default=Shift.Kind.PRIMARY)
    until_at = serializers.DateTimeField(default=None, allow_null=True)
    hours = HoursShape(many=True, default=list)
    follows_the_sun = serializers.BooleanField(default=False)

    def validate_role(self, name: str) -> Role:
        """The role of this name."""
        return find_role(self, name)

    def validate_people(self, numbers: list[int]) -> list[User]:
        """The people of the period, in the order given."""
        return find_people(self, numbers)

    def spec(self) -> rotation_store.RotationSpec:
        """As the domain takes it."""
        data = dict(self.validated_data)
        data.setdefault("zone_name", self.period.timezone)
        return rotation_store.RotationSpec(
            **{**data, "people": tuple(data["people"]), "hours": tuple(dict(row) for row in data["hours"])}
        )


class AskOut(serializers.ModelSerializer[CoverAsk]):
    """Somebody who was asked."""

    user = PersonInZone()

    class Meta:
        model = CoverAsk
        fields: ClassVar = ["user", "answer", "answered_at"]


class CoverRequestOut(serializers.ModelSerializer[CoverRequest]):
    """A request for cover."""

    role = serializers.CharField(source="role.name")
    asked_by = PersonInZone()
    taken_by = PersonInZone(allow_null=True)
    asks = AskOut(many=True)

    class Meta:
        model = CoverRequest
        fields: ClassVar = [
            "id",
            "role",
            "kind",
            "starts_at",
            "ends_at",
            "shift",
            "in_return",
            "reason",
            "state",
            "asked_by",
            "taken_by",
            "taken_at",
            "created_at",
            "settled_at",
            "asks",
        ]


class CoverRequestIn(InPeriod):
    """Ask people about a shift, or about a stretch of a role that nobody covers."""

    shift = serializers.IntegerField(default=None, allow_null=True)
    in_return = serializers.IntegerField(default=None, allow_null=True, help_text="A swap: a shift of somebody else.")
    role = serializers.CharField(max_length=60, default=None, allow_null=True)
    starts_at = serializers.DateTimeField(default=None, allow_null=True)
    ends_at = serializers.DateTimeField(default=None, allow_null=True)
    kind = serializers.ChoiceField(choices=Shift.Kind.choices, default=Shift.Kind.PRIMARY)
    users = serializers.ListField(child=serializers.IntegerField(), default=list, max_length=20)
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)

    def validate_role(self, name: str | None) -> Role | None:
        """The role of this name."""
        return find_role(self, name) if name else None

    def validate_users(self, numbers: list[int]) -> list[User]:
        """The people of the period."""
        return find_people(self, numbers)

    def validate_shift(self, pk: int | None) -> Shift | None:
        """A shift of the period."""
        return self._shift(pk)

    def validate_in_return(self, pk: int | None) -> Shift | None:
        """A shift of the period."""
        return self._shift(pk)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A shift says its own role and times; a gap needs them."""
        if shift := attrs["shift"]:
            attrs["role"] = shift.role
            attrs["starts_at"] = attrs["starts_at"] or shift.starts_at
            attrs["ends_at"] = attrs["ends_at"] or shift.ends_at
            return attrs
        missing = {name: "Give it, or a shift." for name in ("role", "starts_at", "ends_at") if attrs[name] is None}
        if missing:
            raise serializers.ValidationError(missing)
        return attrs

    def _shift(self, pk: int | None) -> Shift | None:
        if pk is None:
            return None
        found = Shift.objects.filter(role__period=self.period, pk=pk).select_related("role", "user").first()
        if found is None:
            raise serializers.ValidationError(f"There is no shift {pk} in {self.period.name}.")
        return found


def find_role(shape: InPeriod, name: str) -> Role:
    """The role of this name. Raises a ValidationError that names those there are."""
    role = Role.objects.filter(period=shape.period, name__iexact=name.strip()).first()
    if role is None:
        known = ", ".join(Role.objects.filter(period=shape.period).order_by("position").values_list("name", flat=True))
        raise serializers.ValidationError(f"“{name}” is not a role of {shape.period.name}. Use one of: {known}.")
    return role


def find_people(shape: InPeriod, numbers: list[int]) -> list[User]:
    """People of the period, in the order given. One query."""
    found = {member.user_id: member.user for member in people_members.members_of(shape.period.pk)}
    if strangers := [str(pk) for pk in numbers if pk not in found]:
        raise serializers.ValidationError(f"Nobody in {shape.period.name} has the id {', '.join(strangers)}.")
    return [found[pk] for pk in numbers]
