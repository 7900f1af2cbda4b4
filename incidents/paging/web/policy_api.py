"""The REST side of what a period promises about incidents: targets, covered hours, ladders, asking for a rollback."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import VIA, check_match, etag_of, person
from hypercare.api.strict import StrictSerializer, validate_input
from incidents.paging import escalation_policies, escalation_targets, sla_clock
from incidents.paging.escalation_policies import EscalationLadder, EscalationStep, RollbackTimes
from incidents.paging.sla_clock import CoveredHours, SlaTarget
from incidents.shared.severity import SEVERITIES
from periods.access.access import period_or_404
from periods.models import Period

MEASURES: Final = ["elapsed", "covered", "business"]
LONGEST_S: Final = escalation_policies.LONGEST_MINUTES * 60
WHO: Final = ["on_shift", "deputy", "lead", "sponsor", "role", "everyone", "round_robin", "person"]


class TargetShape(StrictSerializer):
    """How long, counted around the clock, in covered hours or in business hours (a day has eight)."""

    seconds = serializers.IntegerField(min_value=60, max_value=LONGEST_S)
    measure = serializers.ChoiceField(choices=MEASURES)


class TargetsShape(StrictSerializer):
    """The four promises about one severity."""

    acknowledge = TargetShape()
    update = TargetShape()  # type: ignore[assignment]  # a clock of the domain; the base class has a method of that name
    mitigate = TargetShape()
    resolve = TargetShape()


class TargetHoursShape(StrictSerializer):
    """When the period is covered, in its own zone: days from 0 (Monday) to 6."""

    days = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=6), max_length=7)
    opens = serializers.TimeField()
    closes = serializers.TimeField()
    on_holidays = serializers.BooleanField(default=False)


class LadderStepShape(StrictSerializer):
    """Who is paged, so many minutes after the start. Some kinds name a role or a person by id."""

    who = serializers.ChoiceField(choices=WHO)
    after = serializers.IntegerField(min_value=0, max_value=escalation_policies.LONGEST_MINUTES)
    role = serializers.IntegerField(required=False, allow_null=True, default=None)
    person = serializers.IntegerField(required=False, allow_null=True, default=None)


class LadderShape(StrictSerializer):
    """Steps in order, how many people must answer, and how often all of it starts again."""

    steps = LadderStepShape(many=True)
    answers = serializers.IntegerField(default=1)
    repeat = serializers.IntegerField(default=0)


class RollbackShape(StrictSerializer):
    """When a P1 that is not mitigated asks whether to roll back, and how long the answer may take."""

    after_s = serializers.IntegerField(min_value=60, max_value=LONGEST_S)
    answer_s = serializers.IntegerField(min_value=60, max_value=LONGEST_S)


class FindingShape(serializers.Serializer[Any]):
    """A step that would page nobody, and what to do about it."""

    severity = serializers.ChoiceField(choices=SEVERITIES)
    step = serializers.IntegerField()
    text = serializers.CharField()


class PolicyOut(serializers.Serializer[Any]):
    """Everything a period promises about incidents. `covered` null is around the clock."""

    is_own = serializers.BooleanField()
    version = serializers.IntegerField()
    targets = serializers.DictField(child=TargetsShape(), help_text="Severity → the four promises.")
    covered = TargetHoursShape(allow_null=True)
    ladders = serializers.DictField(child=LadderShape(), help_text="Severity → steps.")
    rollback = RollbackShape()
    findings = FindingShape(many=True)


class PolicyIn(StrictSerializer):
    """What is to change; what is left out stays. Targets and covered hours go together where both are sent."""

    targets = serializers.DictField(child=TargetsShape(), required=False)
    covered = TargetHoursShape(required=False, allow_null=True)
    ladders = serializers.DictField(child=LadderShape(), required=False)
    rollback = RollbackShape(required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Only severities there are."""
        for name in ("targets", "ladders"):
            if unknown := sorted(set(data.get(name, {})) - set(SEVERITIES)):
                raise serializers.ValidationError({name: f"“{unknown[0]}” is no severity. Use P1 to P4."})
        return data


@extend_schema(methods=["GET"], responses=PolicyOut, operation_id="policies_read")
@extend_schema(methods=["PATCH"], request=PolicyIn, responses=PolicyOut, operation_id="policies_change")
@extend_schema(methods=["DELETE"], request=None, responses={200: PolicyOut}, operation_id="policies_reset")
@api_view(["GET", "PATCH", "DELETE"])
def policy(request: Request, key: str) -> Response:
    """Read targets, hours, ladders and findings; change them; or go back to the standard ones (DELETE)."""
    now = timezone.now()
    if request.method != "GET":
        period = period_or_404(person(request), key, may="period.plan")
        check_match(request, _etag(period))
        if request.method == "DELETE":
            escalation_policies.reset_policy(period.pk, by=person(request), at=now, via=VIA)
        else:
            changes = _changes(validate_input(PolicyIn, request, period=period))
            escalation_policies.change_policy(period.pk, **changes, by=person(request), at=now, via=VIA)
    period = period_or_404(person(request), key)
    return Response(PolicyOut(_shown(period, now)).data, headers={"ETag": _etag(period)})


def _changes(data: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as the domain takes it."""
    changes: dict[str, Any] = {}
    if "targets" in data:
        changes["targets"] = {
            severity: {kind: SlaTarget(**table[kind]) for kind in sla_clock.KINDS}
            for severity, table in data["targets"].items()
        }
    if "covered" in data:
        changes["covered"] = _hours(data["covered"])
    if "ladders" in data:
        changes["ladders"] = {severity: _ladder(sent) for severity, sent in data["ladders"].items()}
    if "rollback" in data:
        lengths = (timedelta(seconds=data["rollback"][name]) for name in ("after_s", "answer_s"))
        changes["rollback"] = RollbackTimes(*lengths)
    return changes


def _ladder(sent: dict[str, Any]) -> EscalationLadder:
    return EscalationLadder(tuple(EscalationStep(**step) for step in sent["steps"]), sent["answers"], sent["repeat"])


def _hours(sent: dict[str, Any] | None) -> CoveredHours | None:
    if sent is None:
        return None
    days = tuple(sorted(set(sent["days"])))
    return CoveredHours(days, sent["opens"], sent["closes"], on_holidays=sent["on_holidays"])


def _etag(period: Period) -> str:
    return etag_of("policy", period.pk, escalation_policies.policy_of(period).version)


def _shown(period: Period, now: datetime) -> dict[str, Any]:
    found = escalation_policies.policy_of(period)
    asking = found.rollback
    return {
        "is_own": found.is_own,
        "version": found.version,
        "targets": {severity: dict(table) for severity, table in found.targets.items()},
        "covered": found.covered,
        "ladders": {severity: escalation_targets.ladder_for_severity(period, severity) for severity in SEVERITIES},
        "rollback": {"after_s": int(asking.after.total_seconds()), "answer_s": int(asking.answer.total_seconds())},
        "findings": escalation_targets.find_unreachable_steps(period, at=now),
    }
