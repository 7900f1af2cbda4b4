"""The API of what was sent to whom: a period's deliveries, dead letters sent again, test pages."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.messaging import trial_page
from contributors.messaging.delivery import history
from contributors.messaging.message_templates import names
from contributors.models import Delivery
from contributors.people.web.serializers import PersonInZone
from hypercare import registry
from hypercare.api import PAGING, VIA, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, require_no_input
from periods.access.access import period_or_404

SEE, RUN = "contacts.view", "period.run"


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    """A message to one recipient by one channel, and what became of it."""

    what = serializers.SerializerMethodField(help_text="The kind in words.")
    recipient = PersonInZone(read_only=True, allow_null=True)
    late_s = serializers.SerializerMethodField(help_text="From when it was meant to go until it was accepted.")

    class Meta:
        model = Delivery
        fields: ClassVar = [
            "id",
            "kind",
            "what",
            "subject",
            "recipient",
            "channel",
            "address",
            "state",
            "attempts",
            "uncertain",
            "intended_at",
            "next_at",
            "sent_at",
            "late_s",
            "last_error",
            "retried_at",
        ]

    def get_what(self, row: Delivery) -> str:
        """As the page calls it."""
        return names.name_of(row)

    def get_late_s(self, row: Delivery) -> float | None:
        """None while it was not accepted."""
        late = history.lateness_of(row)
        return None if late is None else late.total_seconds()


class TestedOut(serializers.Serializer[Any]):
    """How many people a test page is on its way to."""

    people = serializers.IntegerField()


@extend_schema(
    parameters=[
        OpenApiParameter("group", str, enum=[name for name in history.GROUPS if name]),
        OpenApiParameter("channel", str, enum=list(registry.CHANNELS)),
        OpenApiParameter("q", str, description="Part of a name, an address or a kind."),
        *PAGING,
    ],
    responses=DeliveryOut(many=True),
    operation_id="deliveries_list",
)
@api_view(["GET"])
def list_deliveries(request: Request, key: str) -> Answer:
    """What a period sent, newest first. For those who may see how people are reached."""
    period = period_or_404(person(request), key, may=SEE)
    asked = {
        "group": query.read_choice(request, "group", history.GROUPS),
        "channel": query.read_choice(request, "channel", registry.CHANNELS),
        "q": query.read_text(request, "q"),
    }
    found = history.filter_deliveries(period, **asked)
    return list_response(found, request, ("-created_at", "-id"), lambda page: DeliveryOut(page, many=True))


@extend_schema(request=NothingIn, responses={202: DeliveryOut}, operation_id="deliveries_retry")
@api_view(["POST"])
def retry(request: Request, key: str, pk: uuid.UUID) -> Response:
    """Send a message again that could not be sent, as one of its own. 409 when it is not one, or was sent again."""
    require_no_input(request)
    period = period_or_404(person(request), key, may=RUN)
    try:
        row = history.retry(period, pk, by=person(request), at=timezone.now(), via=VIA)
    except Delivery.DoesNotExist as error:
        raise Http404("No such message.") from error
    return Response(DeliveryOut(row).data, status=202)


@extend_schema(request=NothingIn, responses={202: TestedOut}, operation_id="deliveries_test")
@api_view(["POST"])
def test_everyone(request: Request, key: str) -> Response:
    """A test page to everybody in the period; `?q=test` lists what became of them. 409 within a minute of the last."""
    require_no_input(request)
    period = period_or_404(person(request), key, may=RUN)
    count = trial_page.send_to_everyone(period, by=person(request), at=timezone.now(), via=VIA)
    return Response({"people": count}, status=202)


@extend_schema(request=NothingIn, responses={202: DeliveryOut(many=True)}, operation_id="my_test_page")
@api_view(["POST"])
def test_me(request: Request) -> Response:
    """A test page to myself, by every way that a page would take. 409 within a minute of the last."""
    require_no_input(request)
    rows = trial_page.send_to_self(person(request), at=timezone.now())
    return Response(DeliveryOut(rows, many=True).data, status=202)
