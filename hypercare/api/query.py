"""What a query string asks the API for: one reader for each kind of value, one sentence for what can't be meant.

Which names an operation takes is declared for its document; `lists.KnownQuery` refuses the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from rest_framework.request import Request

from hypercare.api import parse_moment
from hypercare.exceptions import Invalid

LONGEST_TEXT: Final = 100
MOST_TEXTS: Final = 20
LARGEST: Final = 999_999_999  # nine digits fit every column


def read_text(request: Request, field: str, *, longest: int = LONGEST_TEXT) -> str:
    """A text to look for, cut to `longest`; empty when it is left out. Without NUL, which PostgreSQL can't look for."""
    return _clean(request.query_params.get(field, ""), longest)


def read_texts(request: Request, field: str, *, longest: int) -> list[str]:
    """Every text given for a field, the first 20."""
    return [_clean(text, longest) for text in request.query_params.getlist(field)[:MOST_TEXTS] if text]


def read_choice(request: Request, field: str, allowed: Collection[str]) -> str:
    """One of some values, empty when it is left out. Raises Invalid for another."""
    value = request.query_params.get(field, "")
    if value and value not in allowed:
        raise _unknown(field, allowed)
    return value


def read_choices(request: Request, field: str, allowed: Collection[str]) -> list[str]:
    """Comma-separated values of a filter. Raises Invalid for one that can't be meant."""
    values = [value.strip() for value in request.query_params.get(field, "").split(",") if value.strip()]
    if unknown := [value for value in values if value not in allowed]:
        raise _unknown(field, allowed, unknown[0])
    return values


def read_ordering(request: Request, allowed: Mapping[str, tuple[str, ...]], usual: str) -> tuple[str, ...]:
    """The order asked for, from a list of known ones. Raises Invalid for another."""
    return allowed[read_choice(request, "ordering", allowed) or usual]


def read_moment(request: Request, field: str) -> datetime | None:
    """A moment in UTC, None when it is left out. Raises Invalid for one without zone or that can't be read."""
    text = request.query_params.get(field, "").strip()
    if not text:
        return None
    found = parse_moment(text)
    if found is None:
        raise Invalid({field: "Give a moment with its zone, such as 2026-11-18T13:12:00Z."})
    return found


def read_number(request: Request, field: str, *, usual: int, low: int = 1, high: int = LARGEST) -> int:
    """A whole number, cut to what is allowed; `usual` when it is left out. Raises Invalid for what is no number."""
    text = request.query_params.get(field, "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid({field: f"Give a whole number from {low} to {high}."})
    return min(max(int(text or usual), low), high)


def _clean(text: str, longest: int) -> str:
    return text.replace("\x00", "").strip()[:longest]


def _unknown(field: str, allowed: Collection[str], value: str = "") -> Invalid:
    named = f"“{value}” is not known. " if value else ""
    return Invalid({field: f"{named}Choose from {', '.join(one for one in allowed if one)}."})
