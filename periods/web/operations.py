"""The shape of a row in the tables of operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.serializers import Serializer

from hypercare.web.operations import Operation

Shape = type[Serializer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodOperation(Operation):
    """Something done to one thing of a period: the heading of its form, and what is said of the thing afterwards."""

    shape: Shape | None = None
    heading: str = ""
    said: str = ""
