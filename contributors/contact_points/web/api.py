"""The API of one's own ways to be reached: points, rules by urgency, quiet hours. Nobody sees anybody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors import contact_points
from contributors.channels import every_channel
from contributors.messaging import categories, preferences
from contributors.models import ContactPoint, ContactRule, QuietHours
from hypercare.api import IDEMPOTENCY, idempotent, person
from hypercare.api.strict import NothingIn, Strict, StrictSerializer, require_no_input, validate_input


class PointOut(serializers.ModelSerializer[ContactPoint]):
    """A way. Its address is masked: secrets never come back."""

    works = serializers.BooleanField(read_only=True)

    class Meta:
        model = ContactPoint
        fields: ClassVar = ["id", "kind", "label", "shown", "works", "created_at", "verified_at", "disabled_why"]


class PointIn(Strict, serializers.ModelSerializer[ContactPoint]):
    """A new way; it counts once its code came back."""

    class Meta:
        model = ContactPoint
        fields: ClassVar = ["kind", "label", "target"]

    def get_fields(self) -> dict[str, Any]:
        """The channels that there are say what their addresses are."""
        channels = every_channel()
        asks = (f"`{name}`: {channel.asks}" for name, channel in channels.items())
        target = serializers.CharField(
            max_length=max(channel.longest for channel in channels.values()),
            help_text=f"Its address, by kind. {'; '.join(asks)}.",
        )
        return {**super().get_fields(), "target": target}


class CodeIn(StrictSerializer):
    """The code that arrived there."""

    code = serializers.CharField(max_length=20)


class KeyOut(serializers.Serializer[Any]):
    """A signing key, shown this once."""

    signing_key = serializers.CharField()


class StepShape(StrictSerializer):
    """A way after a wait; no point is the account's e-mail."""

    point = serializers.IntegerField(allow_null=True, default=None)
    wait_s = serializers.IntegerField(min_value=0, max_value=3600, default=0)


class RuleOut(serializers.Serializer[Any]):
    """Which ways in which order for an urgency, as it is in force."""

    urgency = serializers.ChoiceField(choices=ContactRule.Urgency.choices)
    steps = StepShape(many=True)


class RuleIn(StrictSerializer):
    """The new rule; no step at all returns to the default."""

    steps = StepShape(many=True)


class QuietShape(StrictSerializer):
    """Wall-clock times of one's own zone; both null for none."""

    starts = serializers.TimeField(allow_null=True, format="%H:%M")
    ends = serializers.TimeField(allow_null=True, format="%H:%M")


class TopicOut(serializers.Serializer[Any]):
    """A class of messages, and whether it is sent to me."""

    name = serializers.CharField()
    title = serializers.CharField()
    words = serializers.CharField()
    on = serializers.BooleanField()


class TopicsIn(StrictSerializer):
    """The classes I want; every other one is turned off."""

    on = serializers.ListField(child=serializers.CharField(max_length=20), max_length=50, help_text="Names.")


@extend_schema(methods=["GET"], responses=PointOut(many=True), operation_id="contact_points_list")
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=PointIn,
    responses={201: PointOut},
    operation_id="contact_points_add",
)
@api_view(["GET", "POST"])
@idempotent
def points(request: Request) -> Response:
    """My ways, at most ten; or a new one, whose code is then on its way."""
    if request.method == "GET":
        return Response(PointOut(contact_points.points_of(person(request)), many=True).data)
    data = validate_input(PointIn, request)
    made = contact_points.add(person(request), **data, at=timezone.now())
    return Response(PointOut(made).data, status=201)


@extend_schema(request=CodeIn, responses=PointOut, operation_id="contact_points_verify")
@api_view(["POST"])
def verify(request: Request, pk: int) -> Response:
    """The code came back: the way counts. 422 for a wrong or late code."""
    code = validate_input(CodeIn, request)["code"]
    point = contact_points.verify(_mine(request, pk), code=code, by=person(request), at=timezone.now())
    return Response(PointOut(point).data)


@extend_schema(request=NothingIn, responses=PointOut, operation_id="contact_points_resend")
@api_view(["POST"])
def resend(request: Request, pk: int) -> Response:
    """Another code; the one before no longer works."""
    require_no_input(request)
    return Response(
        PointOut(contact_points.resend_code(_mine(request, pk), by=person(request), at=timezone.now())).data
    )


@extend_schema(request=NothingIn, responses={204: None}, operation_id="contact_points_remove")
@api_view(["POST"])
def remove(request: Request, pk: int) -> Response:
    """Forget a way, its address and its keys."""
    require_no_input(request)
    contact_points.remove(_mine(request, pk), by=person(request), at=timezone.now())
    return Response(status=204)


@extend_schema(request=NothingIn, responses=KeyOut, operation_id="contact_points_rotate_key")
@api_view(["POST"])
def rotate_key(request: Request, pk: int) -> Response:
    """A new signing key, where messages are signed; the old one signs as well for a day. 409 where they are not."""
    require_no_input(request)
    key = contact_points.rotate_key(_mine(request, pk), by=person(request), at=timezone.now())
    return Response({"signing_key": key})


@extend_schema(responses=RuleOut(many=True), operation_id="contact_rules_list")
@api_view(["GET"])
def rules(request: Request) -> Response:
    """My rules by urgency, as they are in force."""
    return Response([_rule(request, urgency) for urgency in ContactRule.Urgency.values])


@extend_schema(methods=["PUT"], request=RuleIn, responses=RuleOut, operation_id="contact_rules_set")
@api_view(["PUT"])
def rule(request: Request, urgency: str) -> Response:
    """Replace the rule of an urgency. 422 names the step that can't stand."""
    steps = [
        contact_points.RuleStep(step["point"], timedelta(seconds=step["wait_s"]))
        for step in validate_input(RuleIn, request)["steps"]
    ]
    contact_points.set_rule(person(request), urgency, steps)
    return Response(_rule(request, urgency))


@extend_schema(methods=["GET"], responses=QuietShape, operation_id="quiet_hours_read")
@extend_schema(methods=["PUT"], request=QuietShape, responses=QuietShape, operation_id="quiet_hours_set")
@api_view(["GET", "PUT"])
def quiet_hours(request: Request) -> Response:
    """When only pages may reach me."""
    if request.method == "PUT":
        contact_points.set_quiet_hours(person(request), **validate_input(QuietShape, request))
    found = QuietHours.objects.filter(user=person(request)).first()
    shown = {"starts": found.starts, "ends": found.ends} if found else {"starts": None, "ends": None}
    return Response(QuietShape(shown).data)


@extend_schema(methods=["GET"], responses=TopicOut(many=True), operation_id="my_messages_list")
@extend_schema(methods=["PUT"], request=TopicsIn, responses=TopicOut(many=True), operation_id="my_messages_choose")
@api_view(["GET", "PUT"])
def my_messages(request: Request) -> Response:
    """Which classes of messages reach me. Pages, invitations and codes are in none: they always come.

    What is turned off is not queued any more, and what waits is cancelled. 422 for a class nobody knows.
    """
    me = person(request)
    if request.method == "PUT":
        preferences.choose_categories(me, set(validate_input(TopicsIn, request)["on"]), at=timezone.now())
    off = preferences.turned_off_categories(me)
    rows = [
        {"name": category.name, "title": category.title, "words": category.words, "on": category.name not in off}
        for category in categories.CATEGORIES
    ]
    return Response(TopicOut(rows, many=True).data)


def _rule(request: Request, urgency: str) -> Any:
    steps = [
        {"point": route.point.pk if route.point else None, "wait_s": int(route.wait.total_seconds())}
        for route in contact_points.routes_in_force(person(request), urgency)
    ]
    return RuleOut({"urgency": urgency, "steps": steps}).data


def _mine(request: Request, pk: int) -> int:
    """Somebody else's way does not exist for this person."""
    if not any(point.pk == pk for point in contact_points.points_of(person(request))):
        raise Http404("No such way.")
    return pk
