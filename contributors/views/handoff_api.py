"""The API of hand-offs: list, write, accept."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors import handoffs
from contributors.models import Handoff
from contributors.serializers import NothingIn, PersonOut
from hypercare.api import PAGING, person
from hypercare.api.lists import Answer, listed
from hypercare.api.strict import StrictSerializer, nothing
from periods.access import period_or_404
from periods.models import Period

VIA = "api"
LARGEST_ID = 2**62


class PartOut(serializers.Serializer[Any]):
    """A part of the note; a line a thing."""

    code = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()


class HandoffOut(serializers.ModelSerializer[Handoff]):
    """A duty on its way to the next person."""

    role = serializers.CharField(source="role.name", read_only=True)
    outgoing = PersonOut(read_only=True)
    incoming = PersonOut(read_only=True)
    accepted_by = PersonOut(read_only=True, allow_null=True)
    sections = PartOut(many=True, read_only=True)

    class Meta:
        model = Handoff
        fields: ClassVar = [
            "id", "role", "outgoing", "incoming", "due_at", "sections", "version", "created_at", "written_at",
            "accepted_at", "accepted_by", "escalated_at",
        ]  # fmt: skip


class HandoffIn(StrictSerializer):
    """The note by its parts: overall, open, watch, changes, silences, promises, cover."""

    texts = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=handoffs.LONGEST_PART, trim_whitespace=False)
    )
    version = serializers.IntegerField(
        min_value=0, help_text="The version you read; 0 while nothing is written."
    )


@extend_schema(
    parameters=[
        OpenApiParameter("q", str, description="Words of the note, a person or a duty."),
        *PAGING,
    ],
    responses=HandoffOut(many=True),
    operation_id="handoffs_list",
)
@api_view(["GET"])
def listing(request: Request, key: str) -> Answer:
    """The hand-off notes of a period, newest first. For those who work in it."""
    period = period_or_404(person(request), key, may="notes.view")
    found = handoffs.of_period(period, query=request.query_params.get("q", "")[:100])
    return listed(found, request, ("-due_at", "-id"), lambda page: HandoffOut(page, many=True))


@extend_schema(responses=HandoffOut, operation_id="handoffs_read")
@api_view(["GET"])
def one(request: Request, key: str, pk: int) -> Response:
    """One note."""
    return _shown(_period(request, key), pk)


@extend_schema(request=HandoffIn, responses=HandoffOut, operation_id="handoffs_write")
@api_view(["POST"])
def write(request: Request, key: str, pk: int) -> Response:
    """Send the note; the next person gets a link. 409 when it was accepted, or written since `version`."""
    period = _period(request, key)
    handoff = _or_404(period, pk)
    sent = HandoffIn(data=request.data)
    sent.is_valid(raise_exception=True)
    handoffs.write(handoff.pk, **sent.validated_data, by=person(request), at=timezone.now(), via=VIA)
    return _shown(period, pk)


@extend_schema(request=NothingIn, responses=HandoffOut, operation_id="handoffs_accept")
@api_view(["POST"])
def accept(request: Request, key: str, pk: int) -> Response:
    """Take over. 409 names who was first, or says that the note is not written yet."""
    nothing(request)
    period = _period(request, key)
    handoffs.accept(_or_404(period, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return _shown(period, pk)


def _shown(period: Period, pk: int) -> Response:
    return Response(HandoffOut(_or_404(period, pk)).data)


def _period(request: Request, key: str) -> Period:
    return period_or_404(person(request), key, may="notes.view")


def _or_404(period: Period, pk: int) -> Handoff:
    found: Handoff | None = handoffs.of_period(period).filter(pk=min(pk, LARGEST_ID)).first()
    if found is None:
        raise Http404("No such hand-off.")
    return found
