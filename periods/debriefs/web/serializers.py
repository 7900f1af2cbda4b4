"""Shapes of debriefs, actions and the exit. They validate and render; they never save."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from periods.debriefs import debriefs
from periods.lifecycle.web.serializers import ObjectionOut
from periods.models import Action, Debrief, ExitCriterion, ExitSignature
from periods.web.serializers import LONG, REASON, PersonField, PersonOut, StrictSerializer

# --- Debriefs, actions and the exit -----------------------------------------------------------------


class ScoredOut(serializers.Serializer[Any]):
    """A criterion beside its reading."""

    id = serializers.IntegerField(source="criterion.pk")
    code = serializers.CharField(source="criterion.code")
    title = serializers.CharField(source="criterion.title")
    mandatory = serializers.BooleanField(source="criterion.mandatory")
    automatic = serializers.BooleanField(source="criterion.automatic")
    threshold = serializers.FloatField(source="criterion.threshold", allow_null=True)
    unit = serializers.CharField(source="criterion.unit")
    verdict = serializers.ChoiceField(source="reading.verdict", choices=ExitCriterion.Verdict.choices)
    value = serializers.FloatField(source="reading.value", allow_null=True)
    text = serializers.CharField(source="reading.text")
    streak = serializers.IntegerField(source="reading.streak", allow_null=True)
    evidence_url = serializers.CharField(source="reading.evidence_url")
    blocks = serializers.BooleanField()


class SignatureOut(serializers.ModelSerializer[ExitSignature]):
    """A standing signature."""

    by = PersonOut(read_only=True)

    class Meta:
        model = ExitSignature
        fields: ClassVar = ["role", "by", "at", "comment"]


class ExitOut(serializers.Serializer[Any]):
    """The scorecard, who signed, and what stands in the way of closing."""

    status = serializers.CharField()
    ends_at = serializers.DateTimeField()
    extensions = serializers.IntegerField()
    not_before = serializers.DateField(allow_null=True)
    met = serializers.IntegerField()
    total = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=["met", "not_met"])
    criteria = ScoredOut(many=True)
    signatures = SignatureOut(many=True)
    objections = ObjectionOut(many=True)


class SignIn(StrictSerializer):
    """In which role; with a comment where something mandatory is not met."""

    role = serializers.ChoiceField(choices=ExitSignature.Role.choices)
    comment = serializers.CharField(max_length=REASON, required=False, allow_blank=True)


class VerdictIn(StrictSerializer):
    """A decision on a manual criterion, with its evidence."""

    verdict = serializers.ChoiceField(choices=ExitCriterion.Verdict.choices)
    evidence = serializers.CharField(max_length=LONG, required=False, allow_blank=True, default="")


class ActionOut(serializers.ModelSerializer[Action]):
    """One thing one person does by a date."""

    owner = PersonOut(read_only=True)
    done_by = PersonOut(read_only=True, allow_null=True)
    debrief = serializers.IntegerField(source="debrief.number", default=None, allow_null=True)

    class Meta:
        model = Action
        fields: ClassVar = ["id", "title", "owner", "due_at", "debrief", "created_at", "done_at", "done_by"]


class ActionIn(StrictSerializer):
    """A new action."""

    title = serializers.CharField(max_length=200)
    owner = PersonField()
    due_at = serializers.DateTimeField()


class DebriefOut(serializers.ModelSerializer[Debrief]):
    """A debrief in a list."""

    chair = PersonOut(read_only=True, allow_null=True)
    writer = PersonOut(read_only=True, allow_null=True)

    class Meta:
        model = Debrief
        fields: ClassVar = [
            "number",
            "starts_at",
            "minutes_planned",
            "status",
            "chair",
            "writer",
            "started_at",
            "finished_at",
        ]


class DebriefFullOut(DebriefOut):
    """A debrief with agenda, minutes, decisions and actions."""

    since = serializers.SerializerMethodField()
    agenda = serializers.SerializerMethodField()
    decisions = serializers.SerializerMethodField()
    actions = ActionOut(many=True, read_only=True)
    attended = PersonOut(many=True, read_only=True)

    class Meta(DebriefOut.Meta):
        fields: ClassVar = [*DebriefOut.Meta.fields, "since", "agenda", "minutes", "decisions", "actions", "attended"]

    def get_since(self, debrief: Debrief) -> datetime:
        """What it looks back to."""
        return debriefs.start_of_review(debrief)

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_agenda(self, debrief: Debrief) -> list[dict[str, Any]]:
        """Sections with their facts, as they stand or as they were frozen."""
        return [debriefs.section_as_json(section) for section in debriefs.agenda_of(debrief, at=self.context["at"])]

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_decisions(self, debrief: Debrief) -> list[dict[str, Any]]:
        """What it decided."""
        rows = debrief.decisions.select_related("by").order_by("at", "id")
        return [{"text": row.text, "by": row.by.name, "at": row.at} for row in rows]


class DebriefIn(StrictSerializer):
    """One more debrief."""

    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(required=False)


class RescheduleIn(StrictSerializer):
    """Its new time."""

    starts_at = serializers.DateTimeField()


class WriteIn(StrictSerializer):
    """The minutes of one section."""

    section = serializers.CharField(max_length=40)
    text = serializers.CharField(max_length=LONG, allow_blank=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """The domain takes several at once."""
        return {"sections": {data["section"]: data["text"]}}


class TextIn(StrictSerializer):
    """What was decided."""

    text = serializers.CharField(max_length=REASON)


class AttendIn(StrictSerializer):
    """Who is here; replaces what was recorded."""

    people = serializers.ListField(child=PersonField(), max_length=200)
