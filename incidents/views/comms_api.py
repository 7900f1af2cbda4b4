"""The API of updates, subscribers and the status page: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, idempotent, person
from hypercare.api.lists import Answer, listed
from incidents.models import Subscriber, Update
from incidents.outside import status_pages, subscribers, updates
from incidents.views import comms_shapes as shapes
from periods.access import period_or_404

VIA = "api"
LARGEST_ID = 2**62


@extend_schema(methods=["GET"], parameters=PAGING, responses=shapes.UpdateOut(many=True),
               operation_id="updates_list")  # fmt: skip
@extend_schema(methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.UpdateIn, responses={201: shapes.UpdateOut},
               operation_id="updates_post")  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def update_list(request: Request, key: str) -> Answer:
    """What people outside were told, the newest first; or tell them something."""
    if request.method == "GET":
        period = period_or_404(person(request), key)
        found = Update.objects.filter(notice__period=period)
        found = found.select_related("notice__incident", "notice__period", "by")
        return listed(found, request, ("-id",), lambda page: shapes.UpdateOut(page, many=True))
    period = period_or_404(person(request), key, may="updates.post")
    sent = shapes.UpdateIn(data=request.data, context={"period": period})
    sent.is_valid(raise_exception=True)
    update = updates.post(
        period.pk, sent.words(), notice_id=sent.validated_data["notice"],
        incident_id=sent.validated_data["incident"], by=person(request), at=timezone.now(), via=VIA,
    )  # fmt: skip
    return Response(shapes.UpdateOut(update).data, status=201)


@extend_schema(parameters=PAGING, responses=shapes.SubscriberOut(many=True), operation_id="subscribers_list")
@api_view(["GET"])
def subscriber_list(request: Request, key: str) -> Answer:
    """Who gets every update by mail, the newest first. Followers of single notices are not among them."""
    period = period_or_404(person(request), key, may="outside.manage")
    found = subscribers.confirmed(period)
    return listed(found, request, ("-id",), lambda page: shapes.SubscriberOut(page, many=True))


@extend_schema(responses={204: None}, operation_id="subscribers_remove")
@api_view(["DELETE"])
def subscriber(request: Request, key: str, pk: int) -> Response:
    """Take one off the list; the address is forgotten."""
    period = period_or_404(person(request), key, may="outside.manage")
    row = get_object_or_404(Subscriber, period=period, pk=min(pk, LARGEST_ID), left_at__isnull=True)
    subscribers.leave(row.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


@extend_schema(methods=["GET"], responses=shapes.StatusPageOut, operation_id="status_page_read")
@extend_schema(methods=["PUT"], request=shapes.StatusPageIn, responses=shapes.StatusPageOut,
               operation_id="status_page_change")  # fmt: skip
@api_view(["GET", "PUT"])
def status_page(request: Request, key: str) -> Response:
    """The page for people outside, with its address; PUT says who may see it and what it is called."""
    period = period_or_404(person(request), key, may="outside.manage")
    if request.method == "PUT":
        sent = shapes.StatusPageIn(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        status_pages.configure(period.pk, **said, by=person(request), at=timezone.now(), via=VIA)
    page = status_pages.of(period)
    if page is None:
        raise Http404
    return Response(shapes.StatusPageOut(page).data)
