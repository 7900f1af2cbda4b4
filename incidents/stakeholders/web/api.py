"""The API of updates, subscribers and the status page: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import require_no_input, validate_input
from incidents.models import Subscriber, Update
from incidents.stakeholders import status_pages, subscribers, updates
from incidents.stakeholders.web import serializers
from incidents.triage.web import update_serializers
from periods.access.access import period_or_404


@extend_schema(
    methods=["GET"], parameters=PAGING, responses=update_serializers.UpdateOut(many=True), operation_id="updates_list"
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=serializers.UpdateIn,
    responses={201: update_serializers.UpdateOut},
    operation_id="updates_post",
)
@api_view(["GET", "POST"])
@idempotent
def update_list(request: Request, key: str) -> Answer:
    """What people outside were told, the newest first; or tell them something."""
    if request.method == "GET":
        period = period_or_404(person(request), key)
        found = Update.objects.filter(notice__period=period)
        found = found.select_related("notice__incident", "notice__period", "by")
        return list_response(found, request, ("-id",), lambda page: update_serializers.UpdateOut(page, many=True))
    period = period_or_404(person(request), key, may="updates.post")
    sent = serializers.UpdateIn(data=request.data, context={"period": period})
    sent.is_valid(raise_exception=True)
    update = updates.post(
        period.pk,
        sent.words(),
        notice_id=sent.validated_data["notice"],
        incident_id=sent.validated_data["incident"],
        by=person(request),
        at=timezone.now(),
        via=VIA,
    )
    return Response(update_serializers.UpdateOut(update).data, status=201)


@extend_schema(parameters=PAGING, responses=serializers.SubscriberOut(many=True), operation_id="subscribers_list")
@api_view(["GET"])
def subscriber_list(request: Request, key: str) -> Answer:
    """Who gets every update by mail, the newest first. Followers of single notices are not among them."""
    period = period_or_404(person(request), key, may="outside.manage")
    found = subscribers.confirmed_subscribers(period)
    return list_response(found, request, ("-id",), lambda page: serializers.SubscriberOut(page, many=True))


@extend_schema(responses={204: None}, operation_id="subscribers_remove")
@api_view(["DELETE"])
def subscriber(request: Request, key: str, pk: int) -> Response:
    """Take one off the list; the address is forgotten."""
    period = period_or_404(person(request), key, may="outside.manage")
    row = get_object_or_404(Subscriber, period=period, pk=pk, left_at__isnull=True)
    subscribers.end_subscription(row.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


@extend_schema(methods=["GET"], responses=serializers.StatusPageOut, operation_id="status_page_read")
@extend_schema(
    methods=["PUT"],
    request=serializers.StatusPageIn,
    responses=serializers.StatusPageOut,
    operation_id="status_page_change",
)
@api_view(["GET", "PUT"])
def status_page(request: Request, key: str) -> Response:
    """The page for people outside, with its address; PUT says who may see it and what it is called."""
    period = period_or_404(person(request), key, may="outside.manage")
    if request.method == "PUT":
        said = validate_input(serializers.StatusPageIn, request)
        status_pages.configure(period.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    page = status_pages.status_page_of(period)
    if page is None:
        raise Http404
    return Response(serializers.StatusPageOut(page).data)


@extend_schema(request=None, responses=serializers.StatusPageOut, operation_id="status_page_renew")
@api_view(["POST"])
def renew_link(request: Request, key: str) -> Response:
    """Give the page another secret address; the old one ends at once. 409 while it has no secret link."""
    require_no_input(request)
    period = period_or_404(person(request), key, may="outside.manage")
    page = status_pages.renew_link(period.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(serializers.StatusPageOut(page).data)
