"""Shapes of the people API. They validate and render; they never save."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from contributors import fingerprints, roster
from contributors.models import Acknowledgement, Membership, Role, Shift
from hypercare.api.strict import NothingIn as NothingIn
from hypercare.api.strict import StrictSerializer
from hypercare.models import User
from periods.models import Period


@extend_schema_serializer(component_name="PersonInZone")
class PersonOut(serializers.ModelSerializer[User]):
    """Somebody, as others of the period see them."""

    class Meta:
        model = User
        fields: ClassVar = ["id", "name", "timezone"]


class AnswerOut(serializers.ModelSerializer[Acknowledgement]):
    """A standing answer. The note is left out for those who only watch."""

    class Meta:
        model = Acknowledgement
        fields: ClassVar = [
            "state", "statements", "note", "at", "via", "versions", "cannot", "reply", "replied_at",
        ]  # fmt: skip


class ChangeOut(serializers.Serializer[Any]):
    """Something that changed since a person said they are ready, and the statements it puts in doubt."""

    code = serializers.ChoiceField(choices=list(fingerprints.CONCERNS))
    text = serializers.CharField()
    statements = serializers.ListField(child=serializers.CharField())
    since = serializers.IntegerField(help_text="Version of the page that was read.")


class ContributorOut(serializers.ModelSerializer[Membership]):
    """A member of a period with their duty and their answer."""

    user = PersonOut(read_only=True)
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
    role = serializers.CharField(
        max_length=60, default=None, allow_null=True, help_text="Name of a duty role."
    )
    is_deputy = serializers.BooleanField(default=False)

    def validate_role(self, name: str | None) -> Role | None:
        """The role of this name."""
        return _role(self.period, name) if name else None


class ShiftOut(serializers.ModelSerializer[Shift]):
    """A shift, from start up to but not including end."""

    user = PersonOut(read_only=True)
    role = serializers.CharField(source="role.name", read_only=True)

    class Meta:
        model = Shift
        fields: ClassVar = [
            "id",
            "role",
            "user",
            "kind",
            "starts_at",
            "ends_at",
            "is_override",
            "cancelled_at",
        ]


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
        member = roster.members(self.period.pk).filter(user=pk).first()
        if member is None:
            raise serializers.ValidationError(
                f"Nobody in {self.period.name} has the id {pk}. Add them first."
            )
        return member.user


def _role(period: Period, name: str) -> Role:
    role = Role.objects.filter(period=period, name__iexact=name.strip()).first()
    if role is None:
        known = ", ".join(
            Role.objects.filter(period=period).order_by("position", "id").values_list("name", flat=True)
        )
        raise serializers.ValidationError(
            f"“{name}” is not a role of {period.name}. Use one of: {known or 'none yet'}."
        )
    return role


class SeenPagesIn(StrictSerializer):
    """Versions of pages that were read."""

    runbook = serializers.IntegerField(min_value=0, required=False)
    how_we_work = serializers.IntegerField(min_value=0, required=False)


class SeenIn(StrictSerializer):
    """What was read before answering; what is left out is not compared."""

    pages = SeenPagesIn(required=False)
    go_live_at = serializers.DateTimeField(required=False)


class AcknowledgeIn(StrictSerializer):
    """I am ready: all four statements, or after a change those it concerns."""

    statements = serializers.ListField(child=serializers.CharField(max_length=20), max_length=10)
    seen = SeenIn(required=False)


def seen_of(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """The fingerprint that somebody names in part."""
    if data is None:
        return None
    found = {"pages": dict(data["pages"]), "partial": True} if "pages" in data else {}
    moment = data.get("go_live_at")
    return {**found, "go_live_at": moment.isoformat()} if moment else found


class ReplyIn(StrictSerializer):
    """What was done about it."""

    text = serializers.CharField(max_length=2000)


class DeclineIn(StrictSerializer):
    """Something is missing."""

    note = serializers.CharField(max_length=2000, help_text="What is missing.")
    statements = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=10, default=list
    )
    cannot = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), max_length=200, default=list,
        help_text="Ids of one's own shifts that one can't work.",
    )  # fmt: skip


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

    user = PersonOut()
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
    user = PersonOut(allow_null=True)


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
    user = PersonOut()
    kind = serializers.CharField()
    until = serializers.DateTimeField(source="ends_at")


class DutyOut(serializers.ModelSerializer[Shift]):
    """A shift of mine, in any period."""

    period = serializers.CharField(source="role.period.key", read_only=True)
    role = serializers.CharField(source="role.name", read_only=True)

    class Meta:
        model = Shift
        fields: ClassVar = ["id", "period", "role", "kind", "starts_at", "ends_at", "is_override"]


class NeedOut(serializers.Serializer[Any]):
    """Something that waits for me."""

    kind = serializers.CharField()
    period = serializers.CharField()
    title = serializers.CharField()
    due_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class MeOut(serializers.Serializer[Any]):
    """Me: my duties now and next, and what needs me."""

    user = PersonOut()
    on_now = DutyOut(many=True)
    next = DutyOut(many=True)
    needs = NeedOut(many=True)
