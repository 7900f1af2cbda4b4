"""Which rows a request reads: every text that comes out of the database is compared with those of one period.

A text is the period's own when it stands in a row that belongs to the period, directly or through others, and in no
other row of the database. So it shows whatever was read, as rows, values or a search, also where nothing is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models.sql.compiler import SQLCompiler

from periods.models import Lesson, Period
from tests.edges import APPS

SHORTEST = 6  # what is shorter may be the same by chance


def our_models() -> list[type[models.Model]]:
    """The models of the product, in the order of their names."""
    found = [model for model in apps.get_models() if model.__module__.partition(".")[0] in APPS]
    return sorted(found, key=lambda model: model.__name__)


@cache
def way_to_period(model: type[models.Model]) -> str | None:
    """How a row leads to its period, as the name of a lookup; None where it leads to none."""
    seen, open_ = {model}, [(model, "")]
    while open_:
        here, way = open_.pop(0)
        for field in here._meta.concrete_fields:
            other = field.related_model
            if other is Period:
                return f"{way}{field.name}"
            if isinstance(other, type) and other not in seen:
                seen.add(other)
                open_.append((other, f"{way}{field.name}__"))
    return None


def texts_of(rows: models.QuerySet[Any]) -> set[str]:
    """Every text in these rows."""
    return {value for row in rows.values_list() for value in row if isinstance(value, str) and len(value) >= SHORTEST}


def own_texts(period: Period) -> set[str]:
    """The texts that stand in rows of this period and nowhere else. Published lessons are everybody's."""
    own: set[str] = set()
    others: set[str] = set()
    for model in our_models():
        rows: Any = model._default_manager.all()
        if model is Period:
            mine = rows.filter(pk=period.pk)
        elif model is Lesson or "lesson" in {field.name for field in model._meta.concrete_fields}:
            others |= texts_of(rows)
            continue
        elif way := way_to_period(model):
            mine = rows.filter(**{way: period.pk})
        else:
            mine = rows.none()
        own |= texts_of(mine)
        others |= texts_of(rows.exclude(pk__in=mine.values("pk")))
    return own - others


@contextmanager
def read(texts: set[str]) -> Iterator[set[str]]:
    """Which of these texts the database was asked for, while inside."""
    found: set[str] = set()
    execute = SQLCompiler.execute_sql

    def look(row: Any) -> None:
        found.update(value for value in row if isinstance(value, str) and value in texts)

    def executed(self: SQLCompiler, *args: Any, **options: Any) -> Any:
        result = execute(self, *args, **options)
        if isinstance(result, tuple):
            look(result)
        elif result is not None and not isinstance(result, int) and not hasattr(result, "fetchone"):
            result = [list(chunk) for chunk in result]
            for chunk in result:
                for row in chunk:
                    look(row)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLCompiler, "execute_sql", executed)
        yield found
