"""REST: oneself, what waits and the next duties."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.models import Membership
from contributors.profile.web import serializers as shapes
from contributors.readiness import acknowledgements
from contributors.shifts import roster
from contributors.shifts.web.shift_api import NEXT_DUTIES
from hypercare.api import person


@extend_schema(responses=shapes.MeOut, operation_id="me_read")
@api_view(["GET"])
def show_my_duties(request: Request) -> Response:
    """My duties now and next in every period, and the acknowledgements that wait for me."""
    user, now = person(request), timezone.now()
    duties = roster.duties_of(user, at=now)[: 2 * NEXT_DUTIES]
    answer = {
        "user": user,
        "on_now": [shift for shift in duties if shift.covers(now)],
        "next": [shift for shift in duties if shift.starts_at > now][:NEXT_DUTIES],
        "needs": [_need(member) for member in acknowledgements.unanswered_by(user)],
    }
    return Response(shapes.MeOut(answer).data)


def _need(member: Membership) -> dict[str, Any]:
    period = member.period
    return {
        "kind": "acknowledgement",
        "period": period.key,
        "title": f"Say whether you are ready for {period.name}",
        "due_at": period.go_live_at,
        "url": reverse("contributors:acknowledge", kwargs={"key": period.key}),
    }
