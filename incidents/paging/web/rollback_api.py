"""The REST side of what a period decides about its incidents: rolling back, and one cause of many."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import VIA, person
from hypercare.api.strict import StrictSerializer, validate_input
from incidents.models import RollbackDecision
from incidents.paging import rollback as question
from incidents.triage import problems
from incidents.triage.web.loading import find_incident
from incidents.triage.web.serializers import IncidentOut
from periods.access.access import period_or_404
from periods.web.serializers import PersonOut


class RollbackOut(serializers.ModelSerializer[RollbackDecision]):
    """Whether to roll back: who was asked, by when, and what they answered."""

    asked = PersonOut(read_only=True, allow_null=True)
    answered_by = PersonOut(read_only=True, allow_null=True)

    class Meta:
        model = RollbackDecision
        fields: ClassVar = [
            "asked",
            "opened_at",
            "due_at",
            "escalated_at",
            "answer",
            "reason",
            "look_again_at",
            "answered_at",
            "answered_by",
        ]


class RollbackIn(StrictSerializer):
    """The answer. A hold says when to look again, 10 minutes to 24 hours ahead."""

    answer = serializers.ChoiceField(choices=["roll_back", "hold"])
    reason = serializers.CharField(max_length=500)
    look_again_at = serializers.DateTimeField(required=False, allow_null=True)


class PatternOut(serializers.Serializer[Any]):
    """How many incidents of one system came within a day and belong to no problem yet."""

    component = serializers.CharField()
    count = serializers.IntegerField()


class PatternIn(StrictSerializer):
    """Make a problem record of them, or dismiss them with a reason."""

    component = serializers.CharField(max_length=80)
    action = serializers.ChoiceField(choices=["make_problem", "dismiss"])
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


@extend_schema(methods=["GET"], responses=RollbackOut(many=True), operation_id="incidents_rollbacks")
@extend_schema(
    methods=["POST"], request=RollbackIn, responses=RollbackOut(many=True), operation_id="incidents_rollback"
)
@api_view(["GET", "POST"])
def rollback(request: Request, key: str, number: int) -> Response:
    """Every time it was asked whether to roll back, the newest first; answer the one that waits. At most 20."""
    found = find_incident(person(request), key, number)
    if request.method == "POST":
        data = validate_input(RollbackIn, request, period=found.period)
        question.answer_decision(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    rows = found.rollbacks.select_related("asked", "answered_by").order_by("-opened_at", "-id")[:20]
    return Response(RollbackOut(rows, many=True).data)


@extend_schema(methods=["GET"], responses=PatternOut(many=True), operation_id="patterns_list")
@extend_schema(
    methods=["POST"], request=PatternIn, responses={200: IncidentOut, 204: None}, operation_id="patterns_answer"
)
@api_view(["GET", "POST"])
def pattern(request: Request, key: str) -> Response:
    """Systems with many incidents within a day; make a problem record of one, or dismiss it. At most 20."""
    if request.method == "GET":
        found = problems.suggest_problems(period_or_404(person(request), key), at=timezone.now())
        return Response(PatternOut(found, many=True).data)
    period = period_or_404(person(request), key, may="incidents.triage")
    data = validate_input(PatternIn, request, period=period)
    who: dict[str, Any] = {"component": data["component"], "by": person(request), "at": timezone.now(), "via": VIA}
    if data["action"] == "dismiss":
        problems.dismiss(period.pk, reason=data["reason"], **who)
        return Response(status=204)
    made = problems.make_problem(period.pk, **who)
    return Response(IncidentOut(made, context={"at": who["at"]}).data)
