"""REST: acknowledging, declining, answering what was asked."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.models import Acknowledgement
from contributors.people.web import serializers
from contributors.people.web.api import _member
from contributors.readiness import acknowledgements, invitations
from contributors.readiness.web import serializers as shapes
from contributors.web.loading import member_or_404
from hypercare.api import VIA, person
from hypercare.api.strict import validate_input
from hypercare.exceptions import Refused
from periods.access.access import period_or_404
from periods.models import Period


@extend_schema(
    request=shapes.AcknowledgeIn, responses=serializers.ContributorOut, operation_id="contributors_acknowledge"
)
@api_view(["POST"])
def acknowledge(request: Request, key: str, pk: int) -> Response:
    """I am ready. Only the person themself; 422 names the statement that is missing.

    After a change only the statements it concerns are needed. With `seen`, 409 says that something changed since.
    """
    period = period_or_404(person(request), key, may="readiness.acknowledge")
    data = validate_input(shapes.AcknowledgeIn, request, period=period)
    seen = shapes.read_seen(data.pop("seen", None))
    return _answer(request, period, pk, state=Acknowledgement.State.READY, note="", seen=seen, **data)


@extend_schema(request=shapes.DeclineIn, responses=serializers.ContributorOut, operation_id="contributors_decline")
@api_view(["POST"])
def decline(request: Request, key: str, pk: int) -> Response:
    """Something is missing. Only the person themself; the lead is told."""
    period = period_or_404(person(request), key, may="readiness.acknowledge")
    return _answer(
        request,
        period,
        pk,
        state=Acknowledgement.State.PROBLEM,
        **validate_input(shapes.DeclineIn, request, period=period),
    )


def _answer(request: Request, period: Period, pk: int, **answer: Any) -> Response:
    member = member_or_404(period, pk)
    acknowledgements.acknowledge(member.pk, **answer, by=person(request), at=timezone.now(), via=VIA)
    return Response(_member(request, period, pk))


@extend_schema(request=shapes.ReplyIn, responses=serializers.ContributorOut, operation_id="contributors_reply")
@api_view(["POST"])
def reply(request: Request, key: str, pk: int) -> Response:
    """Answer what somebody misses; they are asked to confirm. For the lead and those who manage people."""
    period = period_or_404(person(request), key)
    standing = acknowledgements.standing_answer(member_or_404(period, pk))
    if standing is None:
        raise Refused("This person has not said that something is missing.")
    data = validate_input(shapes.ReplyIn, request, period=period)
    invitations.reply(standing.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(_member(request, period, pk))
