"""The REST side of doing one thing to several incidents, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, VIA, idempotent, person
from hypercare.api.strict import StrictSerializer, validate_input
from incidents.models import Incident
from incidents.triage import bulk, permissions
from incidents.triage.web.serializers import find_worker
from periods.access.access import period_or_404

LARGEST: Final = 2**31 - 1
# What an action takes: a person, a moment, or one of these.
CHOICES: Final[dict[str, list[str]]] = {
    "severity": list(Incident.Severity.values),
    "status": list(Incident.Status.values),
    "queue": ["", *Incident.Queue.values],
    "kind": ["", *Incident.Kind.values],
    "verdict": ["", *Incident.Verdict.values],
}


class BulkIncidentsIn(StrictSerializer):
    """One thing for up to 100 incidents: an owner (id, e-mail, `me` or null), a severity, a status, a queue, a moment.

    `value` is what the action takes: `assign` a person or null, `snooze` a moment or null, each other one a word.
    """

    numbers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST), min_length=1, max_length=bulk.MOST
    )
    action = serializers.ChoiceField(choices=list(bulk.ACTIONS))
    value = serializers.CharField(allow_null=True, allow_blank=True, max_length=254)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """The value as the action takes it."""
        action, value = data["action"], data["value"]
        allowed = CHOICES.get(action)
        if allowed is not None and value not in allowed:
            known = ", ".join(word for word in allowed if word)
            raise serializers.ValidationError({"value": f"Choose from {known}."})
        if action == "assign" and value is not None:
            data["value"] = _person(value, self.context)
        if action == "snooze" and value is not None:
            data["value"] = _moment(value)
        return data


def _person(value: str, context: Mapping[str, Any]) -> Any:
    try:
        return find_worker(value, context["period"], context["request"].user)
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"value": error.detail}) from error


def _moment(value: str) -> Any:
    try:
        return serializers.DateTimeField().run_validation(value)
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"value": error.detail}) from error


class TakenBackIn(StrictSerializer):
    """An incident and the journal entry of what was done to it."""

    number = serializers.IntegerField(min_value=1, max_value=LARGEST)
    seq = serializers.IntegerField(min_value=1, max_value=LARGEST)


class UndoIncidentsIn(StrictSerializer):
    """What is taken back, as the answer of the change named it."""

    entries = TakenBackIn(many=True)

    def validate_entries(self, entries: list[dict[str, int]]) -> list[dict[str, int]]:
        """As many as can be changed at once."""
        if not 0 < len(entries) <= bulk.MOST:
            raise serializers.ValidationError(f"Name 1 to {bulk.MOST} incidents.")
        return entries


class RefusedOut(serializers.Serializer[Any]):
    """One that stayed as it was, and why."""

    key = serializers.CharField()
    reason = serializers.CharField()


class DoneOut(serializers.Serializer[Any]):
    """One that was changed, with its journal entry, by which it is taken back."""

    key = serializers.CharField()
    number = serializers.IntegerField()
    seq = serializers.IntegerField()


class OutcomeOut(serializers.Serializer[Any]):
    """Which were changed, and which were not."""

    done = DoneOut(many=True)
    refused = RefusedOut(many=True)


@extend_schema(parameters=[IDEMPOTENCY], request=BulkIncidentsIn, responses=OutcomeOut, operation_id="incidents_bulk")
@api_view(["POST"])
@idempotent
def change(request: Request, key: str) -> Response:
    """Do one thing to several incidents; those that refuse are named with the reason and stay as they were."""
    period = period_or_404(person(request), key)
    permissions.rights_in(person(request), period).require_work()
    data = validate_input(BulkIncidentsIn, request, period=period)
    return _answer(bulk.apply(period.pk, **data, by=person(request), at=timezone.now(), via=VIA))


@extend_schema(request=UndoIncidentsIn, responses=OutcomeOut, operation_id="incidents_undo_bulk")
@api_view(["POST"])
def undo_bulk(request: Request, key: str) -> Response:
    """Take back what was done to each, by the number of its journal entry."""
    period = period_or_404(person(request), key)
    permissions.rights_in(person(request), period).require_work()
    entries = [
        (one["number"], one["seq"]) for one in validate_input(UndoIncidentsIn, request, period=period)["entries"]
    ]
    return _answer(bulk.undo_all(period.pk, entries=entries, by=person(request), at=timezone.now(), via=VIA))


def _answer(outcome: bulk.BulkOutcome) -> Response:
    changed = [{"key": one.key, "number": one.number, "seq": seq} for one, seq in outcome.done]
    refused = [{"key": key, "reason": reason} for key, reason in outcome.refused]
    return Response(OutcomeOut({"done": changed, "refused": refused}).data)
