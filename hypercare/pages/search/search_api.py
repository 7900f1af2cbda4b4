"""Search for scripts: the same results as the page, as one list."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import person
from hypercare.exceptions import Invalid
from hypercare.pages.search import search
from hypercare.pages.search.search import KINDS, STATUSES, SearchQuery


class HitOut(serializers.Serializer[Any]):
    """One thing that was found."""

    type = serializers.ChoiceField(choices=list(KINDS))
    title = serializers.CharField()
    note = serializers.CharField()
    excerpt = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class SearchOut(serializers.Serializer[Any]):
    """What was found, and where the next page begins (null: nowhere, or several types were asked for)."""

    next = serializers.CharField(allow_null=True)
    results = HitOut(many=True)


@extend_schema(
    parameters=[
        OpenApiParameter("q", str, required=True, description="At most 100 characters; all words must stand there."),
        OpenApiParameter("type", str, enum=list(KINDS), description="One type, in pages of 20; 5 of each without."),
        OpenApiParameter("period", str, description="The key of a period."),
        OpenApiParameter("status", str, enum=list(STATUSES), description="Of incidents and what is written on them."),
        OpenApiParameter("page", int, description="1 to 50, with a type."),
    ],
    responses=SearchOut,
    operation_id="search",
)
@api_view(["GET"])
def api_search(request: Request) -> Response:
    """Incidents, what was written on them, pages, lessons, periods and people, as far as the caller may see them."""
    params = request.query_params.dict()
    asked = SearchQuery.read(params, person(request))
    unknown = {
        name: f"Choose from {', '.join(known)}."
        for name, known in (("type", KINDS), ("status", STATUSES))
        if params.get(name) and params[name] not in known
    }
    if not asked.words:
        unknown["q"] = "Say what to look for, in words."
    if params.get("period") and asked.period is None:
        unknown["period"] = "There is no such period, or you are not part of it."
    if unknown:
        raise Invalid(unknown)
    groups = search.search_everything(person(request), asked)
    hits = [{"type": group.kind, **_plain(hit)} for group in groups for hit in group.hits]
    following = groups[0].more if asked.kind and groups else ""
    return Response(SearchOut({"next": following.partition("?")[2] or None, "results": hits}).data)


def _plain(hit: search.SearchHit) -> dict[str, Any]:
    return {name: getattr(hit, name) for name in ("title", "note", "excerpt", "at", "url")}
