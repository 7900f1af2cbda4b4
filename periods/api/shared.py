"""What the views of the period API share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY as IDEMPOTENCY
from hypercare.api import IF_MATCH as IF_MATCH
from hypercare.api import PAGING as PAGING
from hypercare.api import etag_of, moment_of, person
from hypercare.errors import Invalid
from periods import serializers as shapes
from periods.access import PEOPLE, period_or_404
from periods.models import Period

VIA = "api"
Shape = type[serializers.Serializer[Any]]


def periods(found: QuerySet[Period] | None = None) -> QuerySet[Any]:
    """Periods with their people and when something last happened in them."""
    start: Any = Period.objects.all() if found is None else found
    rows: QuerySet[Any] = start.select_related(*PEOPLE).annotate(updated_at=Max("journal__at"))
    return rows


def shown(pk: int, *, status: int = 200) -> Response:
    """One period as it is now, with its ETag."""
    period = periods().get(pk=pk)
    data = shapes.PeriodOut(period, context={"at": timezone.now()}).data
    return Response(data, status=status, headers={"ETag": etag(period)})


def etag(period: Period) -> str:
    """Changes with everything that happens in the period."""
    return etag_of("period", period.pk, period.journal_seq)


def valid(shape: Shape, request: Request, *, partial: bool = False) -> dict[str, Any]:
    """What was sent, or a 422 that names each field."""
    sent = shape(data=request.data, partial=partial)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def chosen(request: Request, field: str, allowed: tuple[str, ...]) -> list[str]:
    """Comma-separated values of a filter. Raises Invalid for one that can't be meant."""
    values = [value.strip() for value in request.query_params.get(field, "").split(",") if value.strip()]
    if unknown := [value for value in values if value not in allowed]:
        raise Invalid({field: f"“{unknown[0]}” is not known. Choose from {', '.join(allowed)}."})
    return values


def ordering(request: Request, allowed: dict[str, tuple[str, ...]], usual: str) -> tuple[str, ...]:
    """The order asked for, from a list of known ones."""
    name = request.query_params.get("ordering", usual)
    if name not in allowed:
        raise Invalid({"ordering": f"Choose from {', '.join(allowed)}."})
    return allowed[name]


def moment(request: Request, field: str) -> datetime | None:
    """A moment of the query string, None when it is left out. Raises Invalid for one without zone."""
    text = request.query_params.get(field, "").strip()
    if not text:
        return None
    found = moment_of(text)
    if found is None:
        raise Invalid({field: "Give a moment with its zone, such as 2026-11-18T13:12:00Z."})
    return found


def period_action(name: str, shape: Shape, function: Callable[..., Any], *, operation: str) -> Any:
    """The view of one POST sub-resource of a period that answers the period as it is afterwards.

    The domain function authorises: who may take a step is a row of its table.
    """

    @extend_schema(
        request=shape, responses=shapes.PeriodOut, operation_id=operation.replace("-", "_"),
        description=str(shape.__doc__), tags=["periods"],
    )  # fmt: skip
    @api_view(["POST"])
    def view(request: Request, key: str) -> Response:
        me = person(request)
        period = period_or_404(me, key)
        function(period.pk, **valid(shape, request), by=me, at=timezone.now(), via=VIA)
        return shown(period.pk)

    view.__doc__ = f"{name.replace('-', ' ').capitalize()} a period."
    return view
