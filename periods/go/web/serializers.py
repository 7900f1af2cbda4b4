"""Shapes of the go or no-go: votes, risks, decisions and conditions. They validate and render; they never save."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from periods.lifecycle.web.serializers import ObjectionOut
from periods.models import GoCondition, GoDecision, GoRisk, GoVote
from periods.web.serializers import LONG, REASON, PersonField, PersonOut, StrictSerializer


class SeatOut(serializers.Serializer[Any]):
    """A seat whose vote counts, who is accountable for it, and its standing vote."""

    key = serializers.CharField()
    person = PersonOut(source="user")
    deputies = PersonOut(many=True)
    role = serializers.CharField()
    decides = serializers.BooleanField()
    choice = serializers.CharField(source="vote.choice", default="")
    reason = serializers.CharField(source="vote.reason", default="")
    flip = serializers.CharField(source="vote.flip", default="")
    voter = PersonOut(source="vote.voter", default=None, allow_null=True)
    at = serializers.DateTimeField(source="vote.at", default=None, allow_null=True)


class QuorumOut(serializers.Serializer[Any]):
    """How many seats have spoken. Without all of them there is no go, with conditions or without."""

    met = serializers.BooleanField()
    voted = serializers.IntegerField()
    total = serializers.IntegerField()


class ProgressOut(serializers.Serializer[Any]):
    """How far the checks are."""

    percent = serializers.IntegerField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    blockers_open = serializers.IntegerField()
    late = serializers.IntegerField()
    waived = serializers.IntegerField()
    without_evidence = serializers.IntegerField()
    failed = serializers.IntegerField()


class ConditionOut(serializers.ModelSerializer[GoCondition]):
    """A condition and how it went: open, met (by whom, with what evidence), unmet or dropped."""

    owner = PersonOut(read_only=True)
    settled_by = PersonOut(read_only=True, allow_null=True)

    class Meta:
        model = GoCondition
        fields: ClassVar = [
            "id",
            "position",
            "text",
            "objection",
            "answers",
            "owner",
            "due_at",
            "state",
            "settled_at",
            "settled_by",
            "evidence",
        ]


class DecisionOut(serializers.ModelSerializer[GoDecision]):
    """A recorded decision with what it rested on. `by` is null for the clock; `turns` is the go that it ended."""

    by = PersonOut(read_only=True, allow_null=True)
    turns = serializers.IntegerField(source="turns_id", allow_null=True)
    conditions = ConditionOut(source="rows", many=True)

    class Meta:
        model = GoDecision
        fields: ClassVar = ["id", "outcome", "by", "at", "reason", "turns", "conditions", "snapshot"]


class RiskOut(serializers.ModelSerializer[GoRisk]):
    """A top risk: what could happen, what shows it and how soon, what is done then."""

    class Meta:
        model = GoRisk
        fields: ClassVar = ["id", "risk", "detection", "response", "added_at"]


class GoNoGoOut(serializers.Serializer[Any]):
    """Votes and quorum, what stands in the way, the risks, and the latest decision with its conditions."""

    status = serializers.CharField()
    go_live_at = serializers.DateTimeField()
    progress = ProgressOut()
    votes = SeatOut(many=True)
    quorum = QuorumOut()
    objections = ObjectionOut(many=True)
    risks = RiskOut(many=True)
    decision = DecisionOut(allow_null=True)


class VoteIn(StrictSerializer):
    """Go, or hold with a reason; and the evidence that would turn the vote."""

    choice = serializers.ChoiceField(choices=GoVote.Choice.choices)
    reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    flip = serializers.CharField(max_length=REASON, required=False, allow_blank=True)


class RiskIn(StrictSerializer):
    """What could happen, what shows it, what is done then."""

    risk = serializers.CharField(max_length=200)
    detection = serializers.CharField(max_length=200)
    response = serializers.CharField(max_length=200)


class ConditionIn(StrictSerializer):
    """What must be seen to be true, by when, who sees to it, and the `key` of the objection it answers."""

    text = serializers.CharField(max_length=500)
    owner = PersonField()
    due_at = serializers.DateTimeField()
    objection = serializers.CharField(max_length=REASON, required=False, allow_blank=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The owner as the domain keeps it: an id."""
        value = super().to_internal_value(data)
        return {**value, "owner": value["owner"].pk}


class MetIn(StrictSerializer):
    """A link, or what was seen."""

    evidence = serializers.CharField(max_length=LONG)


class GoIn(StrictSerializer):
    """A go, with conditions where something still objects."""

    reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    conditions = ConditionIn(many=True, required=False)


class DecideIn(GoIn):
    """The sponsor's decision."""

    outcome = serializers.ChoiceField(choices=GoDecision.Outcome.choices)
    go_live_at = serializers.DateTimeField(required=False)
