"""Claimed rows with what their message needs: recipient, period, way, and two facts, all in one statement.

Written by hand because it runs for every few messages: the ORM takes longer to build this statement than the database
takes to answer it. Values pass through the fields' own converters, so secrets are open and rows are what the ORM makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, models

from contributors.models import ContactPoint, Delivery, Webhook
from hypercare.models import User
from periods.models import Period

_RELATED: tuple[tuple[str, type[models.Model]], ...] = (
    ("recipient", User),
    ("period", Period),
    ("point", ContactPoint),
    ("hook", Webhook),
)
# `{rows}` is the table, or what the claim gave back under the same column names.
_LOAD = """
    SELECT {columns},
        EXISTS (SELECT 1 FROM contributors_membership m WHERE m.user_id = d.recipient_id
                AND m.period_id = d.period_id AND m.left_at IS NULL AND recipient.is_active),
        EXISTS (SELECT 1 FROM contributors_breaker k WHERE k.address = d.address)
    FROM {rows} d {joins} {where}
"""

_Converters = Sequence[tuple[int, Any, list[Callable[..., Any]]]]


@dataclass(frozen=True)
class _ModelColumns:
    """The columns of one model in a row, and how their values become the fields'."""

    model: type[models.Model]
    first: int
    names: tuple[str, ...]
    converters: _Converters

    def build(self, values: Sequence[Any]) -> Any:
        """The instance; None where the join found nothing."""
        mine = list(values[self.first : self.first + len(self.names)])
        if mine[0] is None:
            return None
        for index, column, converters in self.converters:
            for convert in converters:
                mine[index] = convert(mine[index], column, connection)
        return self.model.from_db(connection.alias, self.names, mine)


def select_statement(rows: str, where: str = "") -> str:
    """The SELECT over `rows`, a table or a CTE with all columns of a delivery."""
    return _LOAD.format(columns=_columns(), joins=_joins(), rows=rows, where=where)


def build_deliveries(found: Sequence[Sequence[Any]]) -> list[Delivery]:
    """Deliveries from what the statement gave, in no order: relations loaded, `is_member` and `was_silent` set."""
    return list(_build(found))


def _build(found: Sequence[Sequence[Any]]) -> Iterator[Delivery]:
    own, *parts = _parts(connection.vendor)
    fields: list[Any] = [Delivery._meta.get_field(name) for name, _ in _RELATED]
    known: list[dict[Any, Any]] = [{} for _ in _RELATED]  # A burst is about few periods: each is made once.
    for values in found:
        row: Any = own.build(values)
        for field, part, made in zip(fields, parts, known, strict=True):
            key = values[part.first]
            if key not in made:
                made[key] = part.build(values)
            field.set_cached_value(row, made[key])
        row.is_member, row.was_silent = bool(values[-2]), bool(values[-1])
        yield row


@cache
def _columns() -> str:
    aliases: list[tuple[str, type[models.Model]]] = [("d", Delivery), *_RELATED]
    return ", ".join(f'{alias}."{field.column}"' for alias, model in aliases for field in model._meta.concrete_fields)


@cache
def _joins() -> str:
    return " ".join(f"LEFT JOIN {model._meta.db_table} {name} ON {name}.id = d.{name}_id" for name, model in _RELATED)


@cache
def _parts(vendor: str) -> tuple[_ModelColumns, ...]:  # noqa: ARG001  converters are the database's
    parts: list[_ModelColumns] = []
    first = 0
    models_: list[type[models.Model]] = [Delivery, *(model for _, model in _RELATED)]
    for model in models_:
        fields = model._meta.concrete_fields
        parts.append(_ModelColumns(model, first, tuple(field.attname for field in fields), _converters(fields)))
        first += len(fields)
    return tuple(parts)


def _converters(fields: Sequence[models.Field[Any, Any]]) -> _Converters:
    columns = [field.get_col(field.model._meta.db_table) for field in fields]
    found = [
        (index, column, connection.ops.get_db_converters(column) + column.get_db_converters(connection))
        for index, column in enumerate(columns)
    ]
    return [row for row in found if row[2]]
