"""The API of planning: which cover roles need, gaps that are let stand, fatigue limits, and a proposed roster."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.models import AcceptedGap, Role, Shift
from contributors.people.web.serializers import InPeriod, PersonInZone
from contributors.shifts import accepted_gaps as gap_acceptance
from contributors.shifts import coverage, roles, roster_generator, work_time_limits
from contributors.shifts.web.duty_shapes import HoursShape, find_role
from hypercare.api import IDEMPOTENCY, VIA, idempotent, person
from hypercare.api.strict import NothingIn, Strict, StrictSerializer, require_no_input, validate_input
from periods.access.access import period_or_404

WEEK_OR_DAY = r"^(mon|tue|wed|thu|fri|sat|sun|\d{4}-\d{2}-\d{2})$"


# --- Gaps that are let stand --------------------------------------------------------------------


class AcceptedGapOut(serializers.ModelSerializer[AcceptedGap]):
    """A gap that stands, and why."""

    role = serializers.CharField(source="role.name")
    accepted_by = PersonInZone()

    class Meta:
        model = AcceptedGap
        fields: ClassVar = [
            "id",
            "role",
            "kind",
            "starts_at",
            "ends_at",
            "missing",
            "reason",
            "accepted_by",
            "accepted_at",
        ]


class AcceptedGapIn(InPeriod):
    """Which gap is let stand, and why nobody is needed then."""

    role = serializers.CharField(max_length=60, help_text="Name of a duty role.")
    kind = serializers.ChoiceField(choices=Shift.Kind.choices, default=Shift.Kind.PRIMARY)
    starts_at = serializers.DateTimeField(help_text="Where the gap begins.")
    reason = serializers.CharField(max_length=gap_acceptance.LONGEST_REASON)

    def validate_role(self, name: str) -> Role:
        """The role of this name."""
        return find_role(self, name)


@extend_schema(methods=["GET"], responses=AcceptedGapOut(many=True), operation_id="accepted_gaps_list")
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=AcceptedGapIn,
    responses={201: AcceptedGapOut},
    operation_id="accepted_gaps_add",
)
@api_view(["GET", "POST"])
@idempotent
def accepted_gaps(request: Request, key: str) -> Response:
    """The gaps that are let stand, or one more: nobody is alerted about it until it becomes another gap."""
    if request.method == "POST":
        period = period_or_404(person(request), key, may="shifts.manage")
        data = validate_input(AcceptedGapIn, request, period=period)
        made = gap_acceptance.accept(
            period.pk, role_id=data.pop("role").pk, **data, by=person(request), at=timezone.now(), via=VIA
        )
        return Response(AcceptedGapOut(made).data, status=201)
    found = coverage.accepted_gaps_of(period_or_404(person(request), key))
    return Response(AcceptedGapOut(found, many=True).data)


@extend_schema(responses={204: None}, operation_id="accepted_gaps_take_back")
@api_view(["DELETE"])
def accepted_gap(request: Request, key: str, pk: int) -> Response:
    """The gap counts again."""
    period = period_or_404(person(request), key, may="shifts.manage")
    found = get_object_or_404(AcceptedGap, role__period=period, pk=pk)
    gap_acceptance.take_back(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


# --- The cover of roles -------------------------------------------------------------------------


class WeekShape(HoursShape):
    """Hours of a week, and how many people they need."""

    people = serializers.IntegerField(min_value=1, max_value=roles.MOST_PEOPLE, required=False)


class PhaseShape(StrictSerializer):
    """What holds after the first phase; the last has no `until`."""

    cover = serializers.ChoiceField(choices=Role.Cover.choices)
    until = serializers.DateTimeField(default=None, allow_null=True)
    headcount = serializers.IntegerField(min_value=1, max_value=roles.MOST_PEOPLE, required=False)


class CoverShape(Strict, serializers.ModelSerializer[Role]):
    """When a role must be covered, and by how many. What is left out stays."""

    week = WeekShape(many=True, required=False)
    later_phases = PhaseShape(many=True, required=False)
    headcount_on = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=roles.MOST_PEOPLE),
        required=False,
        help_text="`mon` to `sun`, or a day such as 2026-11-23.",
    )

    class Meta:
        model = Role
        fields: ClassVar = [
            "cover",
            "headcount",
            "cover_until",
            "later_phases",
            "week",
            "headcount_on",
            "zone_name",
            "country",
            "on_call",
            "needs_deputy",
            "overlap_minutes",
            "swaps_need_lead",
        ]

    def validate_headcount_on(self, days: dict[str, int]) -> dict[str, int]:
        """Weekdays and dates only."""
        named = serializers.RegexField(
            WEEK_OR_DAY, error_messages={"invalid": "Use mon to sun, or a day such as 2026-11-23."}
        )
        for day in days:
            named.run_validation(day)
            if day[0].isdigit():
                serializers.DateField().run_validation(day)
        return days

    def validate_later_phases(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As a role keeps them."""
        return [{**row, "until": row["until"].isoformat() if row["until"] else None} for row in rows]


class DutyRoleOut(CoverShape):
    """A duty role and the cover it needs."""

    class Meta(CoverShape.Meta):
        fields: ClassVar = ["id", "name", "code", "required", "answers_pages", *CoverShape.Meta.fields]


class DutyRoleIn(StrictSerializer):
    """One more duty. Which cover it needs hour by hour is said afterwards."""

    name = serializers.CharField(max_length=roles.LONGEST_NAME)
    code = serializers.CharField(max_length=4, default="EN", help_text="The letters of an owner, such as EN.")
    cover = serializers.ChoiceField(choices=Role.Cover.choices, default=Role.Cover.BUSINESS)
    headcount = serializers.IntegerField(min_value=1, max_value=roles.MOST_PEOPLE, default=1)
    answers_pages = serializers.BooleanField(default=False)

    def get_fields(self) -> dict[str, Any]:
        """`required` is a word of every field, so it is added by name."""
        return {**super().get_fields(), "required": serializers.BooleanField(default=True)}


@extend_schema(methods=["GET"], responses=DutyRoleOut(many=True), operation_id="duty_roles_list")
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=DutyRoleIn,
    responses={201: DutyRoleOut},
    operation_id="duty_roles_add",
)
@api_view(["GET", "POST"])
@idempotent
def duty_roles(request: Request, key: str) -> Response:
    """The duty roles of a period in their order, or one more."""
    if request.method == "POST":
        period = period_or_404(person(request), key, may="members.manage")
        sent = validate_input(DutyRoleIn, request)
        made = roles.add_role(period.pk, **sent, by=person(request), at=timezone.now(), via=VIA)
        return Response(DutyRoleOut(made).data, status=201)
    return Response(DutyRoleOut(coverage.roles_of(period_or_404(person(request), key)), many=True).data)


@extend_schema(request=NothingIn, responses=DutyRoleOut(many=True), operation_id="duty_roles_add_suggested")
@api_view(["POST"])
def suggested_roles(request: Request, key: str) -> Response:
    """Add the duties that the answers to the risk questions suggest and that are not there yet; all duties."""
    require_no_input(request)
    period = period_or_404(person(request), key, may="members.manage")
    roles.add_suggested_roles(period.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(DutyRoleOut(coverage.roles_of(period), many=True).data)


@extend_schema(methods=["GET"], responses=DutyRoleOut, operation_id="duty_roles_read")
@extend_schema(
    methods=["PATCH"], request=CoverShape(partial=True), responses=DutyRoleOut, operation_id="duty_roles_change"
)
@api_view(["GET", "PATCH"])
def duty_role(request: Request, key: str, pk: int) -> Response:
    """One role; PATCH changes which cover it needs."""
    may = "members.manage" if request.method == "PATCH" else "period.view"
    role = get_object_or_404(Role, period=period_or_404(person(request), key, may=may), pk=pk)
    if request.method == "PATCH":
        sent = CoverShape(role, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        fields = {name: getattr(role, name) for name in CoverShape.Meta.fields} | dict(sent.validated_data)
        lists = {name: tuple(fields[name]) for name in ("later_phases", "week")}
        wanted = roles.CoverSpec(**{**fields, **lists})
        role = roles.change_cover(role.pk, wanted, by=person(request), at=timezone.now(), via=VIA)
    return Response(DutyRoleOut(role).data)


# --- Limits -------------------------------------------------------------------------------------


class LimitShape(StrictSerializer):
    """A number, and what happens beyond it."""

    limit = serializers.FloatField(min_value=0.5, max_value=168)
    level = serializers.ChoiceField(choices=[(level, level) for level in work_time_limits.LEVELS])


class LimitOut(LimitShape):
    """A limit as it holds."""

    unit = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """`label` is a word of every field, so it is added by name."""
        return {**super().get_fields(), "label": serializers.CharField()}


LIMITS = inline_serializer("FatigueLimits", {rule: LimitOut() for rule in work_time_limits.USUAL})
FatigueLimitsIn = type(
    "FatigueLimitsIn", (StrictSerializer,), {rule: LimitShape(required=False) for rule in work_time_limits.USUAL}
)


@extend_schema(methods=["GET"], responses=LIMITS, operation_id="fatigue_limits_read")
@extend_schema(methods=["PUT"], request=FatigueLimitsIn, responses=LIMITS, operation_id="fatigue_limits_set")
@api_view(["GET", "PUT"])
def limits(request: Request, key: str) -> Response:
    """The limits on duty; PUT sets them, and those left out are the usual ones."""
    if request.method == "PUT":
        period = period_or_404(person(request), key, may="shifts.manage")
        sent = validate_input(FatigueLimitsIn, request)
        held = work_time_limits.set_limits(period.pk, sent, by=person(request), at=timezone.now(), via=VIA)
    else:
        held = work_time_limits.limits_of(period_or_404(person(request), key))
    return Response({rule: LimitOut(one).data for rule, one in held.items()})


# --- A proposed roster --------------------------------------------------------------------------


class ProposedShift(serializers.Serializer[Any]):
    """A shift that is not in the plan yet."""

    role = serializers.CharField(source="role.name")
    user = PersonInZone()
    kind = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class UnmetOut(serializers.Serializer[Any]):
    """What nobody can take, and why."""

    role = serializers.CharField(source="piece.role.name")
    kind = serializers.CharField(source="piece.duty")
    starts_at = serializers.DateTimeField(source="piece.start")
    ends_at = serializers.DateTimeField(source="piece.end")
    reasons = serializers.ListField(child=serializers.CharField())


class ShareOut(serializers.Serializer[Any]):
    """Hours of one person, planned shifts included."""

    user = PersonInZone()
    hours = serializers.FloatField()
    nights = serializers.FloatField()
    weekends = serializers.FloatField()


class ProposalOut(serializers.Serializer[Any]):
    """A fair roster for what nobody covers; `version` accepts exactly this one."""

    version = serializers.IntegerField()
    shifts = ProposedShift(many=True)
    unmet = UnmetOut(many=True)
    loads = ShareOut(many=True)


class RosterAcceptIn(StrictSerializer):
    """Which proposal is accepted."""

    version = serializers.IntegerField(min_value=0)


BATCH = inline_serializer("RosterBatch", {"batch": serializers.UUIDField(), "shifts": serializers.IntegerField()})


@extend_schema(responses=ProposalOut, operation_id="roster_proposal_read")
@api_view(["GET"])
def proposed(request: Request, key: str) -> Response:
    """A roster for what nobody covers from now on. Nothing is planned by it."""
    period = period_or_404(person(request), key, may="shifts.manage")
    return Response(ProposalOut(roster_generator.propose(period, at=timezone.now())).data)


@extend_schema(request=RosterAcceptIn, responses={201: BATCH}, operation_id="roster_proposal_accept")
@api_view(["POST"])
def accept_roster(request: Request, key: str) -> Response:
    """Put the proposal in the plan; 409 when the plan has changed since it was shown."""
    period = period_or_404(person(request), key, may="shifts.manage")
    data = validate_input(RosterAcceptIn, request)
    batch, many = roster_generator.accept(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response({"batch": batch, "shifts": many}, status=201)


@extend_schema(request=NothingIn, responses=BATCH, operation_id="roster_proposal_undo")
@api_view(["POST"])
def undo_roster(request: Request, key: str, batch: uuid.UUID) -> Response:
    """Take the coming shifts of an accepted proposal out again."""
    require_no_input(request)
    period = period_or_404(person(request), key, may="shifts.manage")
    many = roster_generator.undo(period.pk, batch, by=person(request), at=timezone.now(), via=VIA)
    return Response({"batch": batch, "shifts": many})
