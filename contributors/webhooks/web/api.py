"""The API of a period's outgoing webhooks: add, change, test, new keys, deliveries and replay."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors import webhooks
from contributors.models import Delivery, DeliveryAttempt, Webhook
from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, StrictSerializer, require_no_input, validate_input
from periods.access.access import period_or_404
from periods.models import Period

RIGHT = "webhooks.manage"


class HookOut(serializers.ModelSerializer[Webhook]):
    """A webhook. Its address is masked and its key never comes back."""

    address = serializers.CharField(source="shown", read_only=True)
    events = serializers.ListField(child=serializers.CharField(), read_only=True)
    works = serializers.BooleanField(read_only=True)

    class Meta:
        model = Webhook
        fields: ClassVar = [
            "id",
            "name",
            "address",
            "events",
            "works",
            "disabled_at",
            "disabled_why",
            "old_key_until",
            "created_at",
        ]


class HookMadeOut(HookOut):
    """A new webhook with its signing key, shown this once."""

    signing_key = serializers.CharField(read_only=True)

    class Meta(HookOut.Meta):
        fields: ClassVar = [*HookOut.Meta.fields, "signing_key"]


class HookIn(StrictSerializer):
    """What is posted where."""

    name = serializers.CharField(max_length=60)
    url = serializers.CharField(max_length=2000, help_text="https:// address of the receiver.")
    events = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=100,
        help_text="“*”, an area such as “incidents”, “incident.*”, “incident.reported”.",
    )


class HookChangeIn(HookIn):
    """What to change; the rest stays."""

    name = serializers.CharField(max_length=60, required=False)
    url = serializers.CharField(max_length=2000, required=False)
    events = serializers.ListField(child=serializers.CharField(max_length=60), max_length=100, required=False)


class HookKeyOut(serializers.Serializer[Any]):
    """A signing key, shown this once."""

    signing_key = serializers.CharField()


class TryOut(serializers.ModelSerializer[DeliveryAttempt]):
    """What one attempt came to: the response, or why there was none."""

    class Meta:
        model = DeliveryAttempt
        fields: ClassVar = ["at", "outcome", "detail"]


class HookDeliveryOut(serializers.ModelSerializer[Delivery]):
    """An event on its way to a webhook, and what became of it."""

    webhook_id = serializers.SerializerMethodField(help_text="The header that receivers tell repeats by.")
    event = serializers.SerializerMethodField()
    tries = TryOut(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields: ClassVar = [
            "id",
            "webhook_id",
            "event",
            "state",
            "attempts",
            "intended_at",
            "next_at",
            "sent_at",
            "last_error",
            "tries",
        ]

    def get_webhook_id(self, row: Delivery) -> str:
        """The same for an event and its replays."""
        return str(row.context.get("id", row.pk))

    def get_event(self, row: Delivery) -> dict[str, Any]:
        """The document as it is posted."""
        event: dict[str, Any] = row.context.get("event", {})
        return event


class SinceIn(StrictSerializer):
    """From when on."""

    since = serializers.DateTimeField()


class ReplayedOut(serializers.Serializer[Any]):
    """How many were queued again; `more` says that the call is to be repeated."""

    count = serializers.IntegerField()
    more = serializers.BooleanField()


@extend_schema(methods=["GET"], responses=HookOut(many=True), operation_id="webhooks_list")
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=HookIn,
    responses={201: HookMadeOut},
    operation_id="webhooks_add",
)
@api_view(["GET", "POST"])
@idempotent
def hooks(request: Request, key: str) -> Response:
    """A period's webhooks, at most ten; or a new one, with its signing key this once."""
    period = _period(request, key)
    if request.method == "GET":
        return Response(HookOut(webhooks.webhooks_of(period), many=True).data)
    data = validate_input(HookIn, request)
    made = webhooks.add(
        period.pk,
        name=data["name"],
        url=data["url"],
        patterns=data["events"],
        by=person(request),
        at=timezone.now(),
        via=VIA,
    )
    return Response(HookMadeOut(made).data, status=201)


@extend_schema(methods=["GET"], responses=HookOut, operation_id="webhooks_read")
@extend_schema(methods=["PATCH"], request=HookChangeIn, responses=HookOut, operation_id="webhooks_change")
@api_view(["GET", "PATCH"])
def hook(request: Request, key: str, pk: int) -> Response:
    """One webhook; PATCH changes its name, address or events."""
    found = _hook(request, key, pk)
    if request.method == "PATCH":
        data = validate_input(HookChangeIn, request)
        found = webhooks.change(
            found.pk,
            name=data.get("name"),
            url=data.get("url"),
            patterns=data.get("events"),
            by=person(request),
            at=timezone.now(),
            via=VIA,
        )
    return Response(HookOut(found).data)


@extend_schema(request=NothingIn, responses=HookKeyOut, operation_id="webhooks_rotate_key")
@api_view(["POST"])
def rotate_key(request: Request, key: str, pk: int) -> Response:
    """A new signing key; for a day the old one signs as well."""
    require_no_input(request)
    fresh = webhooks.rotate_key(_hook(request, key, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response({"signing_key": fresh})


@extend_schema(request=NothingIn, responses={202: HookDeliveryOut}, operation_id="webhooks_test")
@api_view(["POST"])
def send_test(request: Request, key: str, pk: int) -> Response:
    """Post an event of the kind `webhook.test`; read what became of it under its deliveries."""
    require_no_input(request)
    row = webhooks.send_test(_hook(request, key, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(HookDeliveryOut(row).data, status=202)


@extend_schema(request=NothingIn, responses=HookOut, operation_id="webhooks_turn_off")
@api_view(["POST"])
def turn_off(request: Request, key: str, pk: int) -> Response:
    """Post nothing more; what waits is cancelled and can be replayed."""
    require_no_input(request)
    found = webhooks.turn_off(_hook(request, key, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(HookOut(found).data)


@extend_schema(request=NothingIn, responses=HookOut, operation_id="webhooks_turn_on")
@api_view(["POST"])
def turn_on(request: Request, key: str, pk: int) -> Response:
    """Post again, from the next entry on."""
    require_no_input(request)
    found = webhooks.turn_on(_hook(request, key, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(HookOut(found).data)


@extend_schema(request=NothingIn, responses={204: None}, operation_id="webhooks_remove")
@api_view(["POST"])
def remove(request: Request, key: str, pk: int) -> Response:
    """Forget a webhook, its address and its keys."""
    require_no_input(request)
    webhooks.remove(_hook(request, key, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


@extend_schema(
    parameters=[OpenApiParameter("state", str, description="due, sending, sent, dead, cancelled or expired."), *PAGING],
    responses=HookDeliveryOut(many=True),
    operation_id="webhooks_deliveries",
)
@api_view(["GET"])
def deliveries(request: Request, key: str, pk: int) -> Answer:
    """What was posted to a webhook and what became of it, newest first, with every try."""
    tries = Prefetch("tries", DeliveryAttempt.objects.order_by("id"))
    rows = Delivery.objects.filter(hook=_hook(request, key, pk)).prefetch_related(tries)
    if state := query.read_choice(request, "state", Delivery.State.values):
        rows = rows.filter(state=state)
    return list_response(rows, request, ("-created_at", "-id"), lambda page: HookDeliveryOut(page, many=True))


@extend_schema(request=NothingIn, responses={202: HookDeliveryOut}, operation_id="webhooks_replay_one")
@api_view(["POST"])
def replay(request: Request, key: str, pk: int, delivery: uuid.UUID) -> Response:
    """Post one event again, under the same `webhook-id`. 409 while it is on its way, or sent again before."""
    require_no_input(request)
    try:
        row = webhooks.replay(_hook(request, key, pk).pk, delivery, by=person(request), at=timezone.now(), via=VIA)
    except Delivery.DoesNotExist as error:
        raise Http404("No such delivery.") from error
    return Response(HookDeliveryOut(row).data, status=202)


@extend_schema(request=SinceIn, responses={202: ReplayedOut}, operation_id="webhooks_replay")
@api_view(["POST"])
def replay_since(request: Request, key: str, pk: int) -> Response:
    """Post again everything since a moment that did not arrive, 500 in a call. 409 when there is nothing."""
    hook, since = _hook(request, key, pk), validate_input(SinceIn, request)["since"]
    done = webhooks.replay_since(hook.pk, since=since, by=person(request), at=timezone.now(), via=VIA)
    return Response(ReplayedOut(done).data, status=202)


def _period(request: Request, key: str) -> Period:
    return period_or_404(person(request), key, may=RIGHT)


def _hook(request: Request, key: str, pk: int) -> Webhook:
    """A webhook of this period. Raises Http404 for another's, and for a removed one."""
    return get_object_or_404(webhooks.webhooks_of(_period(request, key)), pk=pk)
