"""The API of hand-offs: list, write, accept."""

from __future__ import annotations

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.handoffs import handoffs
from contributors.models import Handoff, Shift
from contributors.people.web.serializers import PersonInZone
from hypercare.api import PAGING, VIA, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, StrictSerializer, require_no_input, validate_input
from periods.access.access import period_or_404
from periods.models import Period


class PartOut(serializers.Serializer[Any]):
    """A part of the note; a line a thing."""

    code = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()


class HandoffOut(serializers.ModelSerializer[Handoff]):
    """A duty on its way to the next person."""

    role = serializers.CharField(source="role.name", read_only=True)
    outgoing = PersonInZone(read_only=True)
    incoming = PersonInZone(read_only=True)
    accepted_by = PersonInZone(read_only=True, allow_null=True)
    sections = PartOut(many=True, read_only=True)

    class Meta:
        model = Handoff
        fields: ClassVar = [
            "id",
            "role",
            "outgoing",
            "incoming",
            "due_at",
            "sections",
            "version",
            "created_at",
            "written_at",
            "accepted_at",
            "accepted_by",
            "escalated_at",
        ]


class HandoffIn(StrictSerializer):
    """The note by its parts: overall, open, watch, changes, silences, promises, cover."""

    texts = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=handoffs.LONGEST_PART, trim_whitespace=False)
    )
    version = serializers.IntegerField(min_value=0, help_text="The version you read; 0 while nothing is written.")


@extend_schema(
    parameters=[OpenApiParameter("q", str, description="Words of the note, a person or a duty."), *PAGING],
    responses=HandoffOut(many=True),
    operation_id="handoffs_list",
)
@api_view(["GET"])
def list_handoffs(request: Request, key: str) -> Answer:
    """The hand-off notes of a period, newest first. For those who work in it."""
    period = period_or_404(person(request), key, may="notes.view")
    found = handoffs.handoffs_of_period(period, query=query.read_text(request, "q"))
    return list_response(found, request, ("-due_at", "-id"), lambda page: HandoffOut(page, many=True))


@extend_schema(responses=HandoffOut, operation_id="handoffs_read")
@api_view(["GET"])
def show_handoff(request: Request, key: str, pk: int) -> Response:
    """One note."""
    return _shown(_period(request, key), pk)


@extend_schema(request=NothingIn, responses=HandoffOut, operation_id="shifts_hand_over")
@api_view(["POST"])
def begin(request: Request, key: str, pk: int) -> Response:
    """Open the note of a running shift before its time, or the one that is open. For its holder and whoever plans."""
    require_no_input(request)
    period = _period(request, key)
    shift = get_object_or_404(Shift, role__period=period, pk=pk)
    handoff = handoffs.begin(shift.pk, by=person(request), at=timezone.now())
    return _shown(period, handoff.pk)


@extend_schema(request=HandoffIn, responses=HandoffOut, operation_id="handoffs_write")
@api_view(["POST"])
def write_handoff(request: Request, key: str, pk: int) -> Response:
    """Send the note; the next person gets a link. 409 when it was accepted, or written since `version`."""
    period = _period(request, key)
    handoff = get_object_or_404(handoffs.handoffs_of_period(period), pk=pk)
    data = validate_input(HandoffIn, request)
    handoffs.write(handoff.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return _shown(period, pk)


@extend_schema(request=NothingIn, responses=HandoffOut, operation_id="handoffs_accept")
@api_view(["POST"])
def accept(request: Request, key: str, pk: int) -> Response:
    """Take over. 409 names who was first, or says that the note is not written yet."""
    require_no_input(request)
    period = _period(request, key)
    found = get_object_or_404(handoffs.handoffs_of_period(period), pk=pk)
    handoffs.accept(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return _shown(period, pk)


def _shown(period: Period, pk: int) -> Response:
    return Response(HandoffOut(get_object_or_404(handoffs.handoffs_of_period(period), pk=pk)).data)


def _period(request: Request, key: str) -> Period:
    return period_or_404(person(request), key, may="notes.view")
