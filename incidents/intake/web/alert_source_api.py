"""REST: alert sources of a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import PAGING, VIA, person
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import validate_input
from incidents.intake import alert_sources
from incidents.intake.web import serializers
from incidents.models import AlertSource
from periods.access.access import period_or_404


@extend_schema(
    methods=["GET"],
    parameters=PAGING,
    responses=serializers.AlertSourceOut(many=True),
    operation_id="alert_sources_list",
)
@extend_schema(
    methods=["POST"],
    request=serializers.AlertSourceIn,
    responses={201: serializers.AlertSourceMade},
    operation_id="alert_sources_create",
)
@api_view(["GET", "POST"])
def sources(request: Request, key: str) -> Answer:
    """The monitoring tools that may push alerts, or a new one with its token (shown this once)."""
    period = period_or_404(person(request), key, may="sources.manage")
    if request.method == "GET":
        found = AlertSource.objects.filter(period=period)
        return list_response(found, request, ("id",), _sources_out)
    data = validate_input(serializers.AlertSourceIn, request, period=period)
    source, token = alert_sources.create(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    made = {"token": token, "hook_url": alert_sources.hook_url(source, token)}
    return Response({**_sources_out([source]).data[0], **made}, status=201)


def _sources_out(page: Sequence[AlertSource]) -> Any:
    return serializers.AlertSourceOut(alert_sources.mark_unknown_levels(page), many=True)


@extend_schema(
    methods=["PATCH"],
    request=serializers.AlertSourceChange,
    responses=serializers.AlertSourceOut,
    operation_id="alert_sources_map",
)
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="alert_sources_revoke")
@api_view(["PATCH", "DELETE"])
def source(request: Request, key: str, pk: int) -> Response:
    """Say what its severity words count as, or revoke it; its token then stops working at once."""
    period = period_or_404(person(request), key, may="sources.manage")
    found = get_object_or_404(AlertSource, period=period, pk=pk)
    if request.method == "PATCH":
        words = validate_input(serializers.AlertSourceChange, request, period=period)["levels"]
        changed = alert_sources.map_levels(found.pk, words=words, by=person(request), at=timezone.now(), via=VIA)
        return Response(_sources_out([changed]).data[0])
    alert_sources.revoke(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)
