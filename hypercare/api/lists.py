"""Lists of the API: a page as JSON or every row as CSV, and no filter that nobody reads.

An operation takes the query parameters that the OpenAPI document names for it, and no others: both read one
declaration, so a new list is guarded as soon as it is described.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions, serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import Answer as Answer
from hypercare.api import CursorPages, UnknownQuery
from hypercare.exceptions import Invalid
from hypercare.web import csvfile

if TYPE_CHECKING:  # it loads this module for its defaults
    from rest_framework.views import APIView

CHUNK: Final = 500
FORMAT: Final = "format"
Path = tuple[str, ...]


class CsvRenderer(BaseRenderer):
    """Comma-separated values. `list_response` streams the rows; what else is answered, a refusal, stays JSON."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, media_type: str | None = None, context: Any = None) -> bytes:  # noqa: ARG002  DRF's signature
        """A problem document."""
        rendered: bytes = JSONRenderer().render(data, "application/json", context)
        return rendered


class Negotiation(DefaultContentNegotiation):
    """JSON everywhere, and CSV where the operation says that it answers so."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer and its media type. Raises NotAcceptable for a kind that is not offered."""
        view = request.parser_context["view"]
        offered = [*renderers, *([CsvRenderer()] if FORMAT in declared_parameters(view, request.method) else [])]
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, offered, format_suffix)
        return chosen

    def filter_renderers(self, renderers: Iterable[BaseRenderer], format: str) -> list[BaseRenderer]:  # noqa: A002  DRF's signature
        """Those of the format that the address asks for."""
        found = [one for one in renderers if one.format == format]
        if not found:
            names = ", ".join(str(one.format) for one in renderers)
            raise exceptions.NotAcceptable(f"This answers as {names}.")
        return found


class KnownQuery(BasePermission):
    """Whoever misspells a filter is told, rather than given the whole list."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True. Raises UnknownQuery (400) for a parameter that the operation does not take."""
        if request.method in ("GET", "HEAD"):
            known = declared_parameters(view, request.method)
            if unknown := [name for name in request.query_params if name not in known]:
                raise UnknownQuery(unknown, known)
        return True


def declared_parameters(view: APIView, method: str | None) -> tuple[str, ...]:
    """The query parameters that the document names for an operation of a view."""
    name = "GET" if method in (None, "HEAD") else str(method)
    shape = getattr(getattr(view, name.lower(), None), "kwargs", {}).get("schema")
    if shape is None:
        return ()
    schema = shape()
    schema.view, schema.method = view, name
    said = schema.get_override_parameters()
    return tuple(sorted(one.name for one in said if one.location == OpenApiParameter.QUERY))


def list_response(found: Any, request: Request, ordering: tuple[str, ...], shape: Callable[[Any], Any]) -> Answer:
    """One page of a queryset as JSON, or all of it as CSV, in an order that ends in a unique column.

    `shape` makes the serializer of some rows. Raises Invalid for a page that there is not.
    """
    if request.accepted_renderer.format == CsvRenderer.format:
        return _file(found, request, ordering, shape)
    pages: Any = CursorPages()
    pages.ordering = ordering
    answer: Response = pages.get_paginated_response(shape(pages.paginate_queryset(found, request)).data)
    return answer


def _file(
    found: Any, request: Request, ordering: tuple[str, ...], shape: Callable[[Any], Any]
) -> StreamingHttpResponse:
    for page in ("cursor", "page_size"):
        if page in request.query_params:
            raise Invalid({page: "A CSV file has every row. Leave this out."})
    columns = list(_columns(shape([]).child.fields))
    rows = _rows(found.order_by(*ordering).iterator(chunk_size=CHUNK), shape, columns)
    response = StreamingHttpResponse(
        csvfile.csv_lines([".".join(path) for path in columns], rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{_name(request.path)}.csv"'
    return response


def _name(path: str) -> str:
    """`/api/v1/periods/BILL26/incidents/` → `BILL26-incidents`."""
    parts = path.strip("/").split("/")[2:]
    return "-".join(parts[1:] if parts[0] == "periods" and len(parts) > 1 else parts)


def _columns(fields: Mapping[str, Any], before: Path = ()) -> Iterator[Path]:
    """A column for each field; those of an object inside follow its name and a dot."""
    for name, field in fields.items():
        if isinstance(field, serializers.Serializer):
            yield from _columns(field.fields, (*before, name))
        elif not field.write_only:
            yield (*before, name)


def _rows(found: Iterator[Any], shape: Callable[[Any], Any], columns: list[Path]) -> Iterator[list[Any]]:
    while chunk := list(islice(found, CHUNK)):
        for row in shape(chunk).data:
            yield [_cell(row, path) for path in columns]


def _cell(row: Any, path: Path) -> Any:
    for name in path:
        row = row.get(name) if row is not None else None
    if isinstance(row, list) and not any(isinstance(one, dict | list) for one in row):
        return "; ".join(map(str, row))
    return json.dumps(row, default=str, ensure_ascii=False) if isinstance(row, dict | list) else row
