"""What the views of the period API share."""

from __future__ import annotations

from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from hypercare.api import etag_of
from periods.access.access import PEOPLE
from periods.models import Period
from periods.web import serializers as periods_serializers

Shape = type[serializers.Serializer[Any]]


def periods_with_people(found: QuerySet[Period] | None = None) -> QuerySet[Any]:
    """Periods with their people and when something last happened in them."""
    start: Any = Period.objects.all() if found is None else found
    rows: QuerySet[Any] = start.select_related(*PEOPLE).annotate(updated_at=Max("journal__at"))
    return rows


def period_response(pk: int, *, status: int = 200) -> Response:
    """One period as it is now, with its ETag."""
    period = periods_with_people().get(pk=pk)
    data = periods_serializers.PeriodOut(period, context={"at": timezone.now()}).data
    return Response(data, status=status, headers={"ETag": period_etag(period)})


def period_etag(period: Period) -> str:
    """Changes with everything that happens in the period."""
    return etag_of("period", period.pk, period.journal_seq)
