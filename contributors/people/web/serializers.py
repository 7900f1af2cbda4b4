"""REST shapes of people."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from contributors.models import Acknowledgement, Membership, Role
from contributors.people import members
from contributors.readiness import snapshots
from hypercare.api.strict import IdField, StrictSerializer
from hypercare.models import User, validate_time_zone
from periods.models import Period


class PersonInZone(serializers.ModelSerializer[User]):
    """Somebody, as others of the period see them."""

    class Meta:
        model = User
        fields: ClassVar = ["id", "name", "timezone"]


class AnswerOut(serializers.ModelSerializer[Acknowledgement]):
    """A standing answer. The note is left out for those who only watch."""

    class Meta:
        model = Acknowledgement
        fields: ClassVar = ["state", "statements", "note", "at", "via", "versions", "cannot", "reply", "replied_at"]


class ChangeOut(serializers.Serializer[Any]):
    """Something that changed since a person said they are ready, and the statements it puts in doubt."""

    code = serializers.ChoiceField(choices=list(snapshots.CONCERNS))
    text = serializers.CharField()
    statements = serializers.ListField(child=serializers.CharField())
    since = serializers.IntegerField(help_text="Version of the page that was read.")


class ContributorOut(serializers.ModelSerializer[Membership]):
    """A member of a period with their duty and their answer."""

    user = PersonInZone(read_only=True)
    email = serializers.SerializerMethodField()
    phone = serializers.SerializerMethodField()
    role = serializers.CharField(source="role.name", read_only=True, default=None, allow_null=True)
    answer = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields: ClassVar = [
            "id",
            "user",
            "email",
            "phone",
            "right",
            "role",
            "is_deputy",
            "joined_at",
            "invited_at",
            "answer",
            "changes",
        ]

    @extend_schema_field(serializers.EmailField(allow_null=True))
    def get_email(self, member: Membership) -> str | None:
        """Contact details are for those who work in the period."""
        return member.user.email if self.context.get("contacts") else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_phone(self, member: Membership) -> str | None:
        """The same holds for the number to call; empty where they gave none."""
        return member.user.phone if self.context.get("contacts") else None

    @extend_schema_field(AnswerOut(allow_null=True))
    def get_answer(self, member: Membership) -> dict[str, Any] | None:
        """The answer that counts; None while there is none."""
        answer = self.context["answers"].get(member.pk)
        if answer is None:
            return None
        shown = dict(AnswerOut(answer).data)
        return shown if self.context.get("notes") else {**shown, "note": "", "reply": ""}

    @extend_schema_field(ChangeOut(many=True))
    def get_changes(self, member: Membership) -> Any:
        """Why this person is asked again; empty when they are not."""
        voided = self.context["voided"].get(member.pk)
        return ChangeOut(voided.void_changes if voided else [], many=True).data


class InPeriod(StrictSerializer):
    """Input whose roles and people belong to the period in the context."""

    @property
    def period(self) -> Period:
        """The period of the request."""
        found: Period = self.context["period"]
        return found


class ContributorIn(InPeriod):
    """Somebody to add. A new address makes a person who can use links only."""

    email = serializers.EmailField()
    name = serializers.CharField(max_length=120)
    right = serializers.ChoiceField(choices=Membership.Right.choices, default=Membership.Right.CONTRIBUTOR)
    role = serializers.CharField(max_length=60, default=None, allow_null=True, help_text="Name of a duty role.")
    is_deputy = serializers.BooleanField(default=False)
    timezone = serializers.CharField(
        max_length=64,
        required=False,
        validators=[validate_time_zone],
        help_text="Of somebody new; who has an account keeps theirs.",
    )

    def validate_role(self, name: str | None) -> Role | None:
        """The role of this name."""
        return _role(self.period, name) if name else None


class ContributorPatchIn(InPeriod):
    """What changes of a member; what is left out stays. A null role is no duty."""

    right = serializers.ChoiceField(choices=Membership.Right.choices, required=False)
    role = serializers.CharField(max_length=60, required=False, allow_null=True, help_text="Name of a duty role.")
    is_deputy = serializers.BooleanField(required=False)

    def validate_role(self, name: str | None) -> Role | None:
        """The role of this name."""
        return _role(self.period, name) if name else None


class EarlierIn(StrictSerializer):
    """Whom of the earlier period to take along, by the ids that the list gives."""

    people = serializers.ListField(child=IdField(), min_length=1, max_length=500)


class EarlierOut(serializers.Serializer[Any]):
    """Somebody of the earlier period with the right and the duty they would have here."""

    id = serializers.IntegerField(source="member.pk")
    user = PersonInZone(source="member.user")
    right = serializers.CharField(source="member.right")
    role = serializers.CharField(source="role.name", default=None, allow_null=True)


def find_member(period: Period, pk: int) -> User:
    """The person of the period who has this id. Raises ValidationError."""
    member = members.members_of(period.pk).filter(user__pk=pk).first()
    if member is None:
        raise serializers.ValidationError(f"Nobody in {period.name} has the id {pk}. Add them first.")
    return member.user


def _role(period: Period, name: str) -> Role:
    role = Role.objects.filter(period=period, name__iexact=name.strip()).first()
    if role is None:
        known = ", ".join(Role.objects.filter(period=period).order_by("position", "id").values_list("name", flat=True))
        raise serializers.ValidationError(
            f"“{name}” is not a role of {period.name}. Use one of: {known or 'none yet'}."
        )
    return role
