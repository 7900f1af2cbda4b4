"""Input that is taken as it was meant: what nobody reads is named, rather than ignored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

UNKNOWN = "This can't be set here."


class Strict:
    """For a serializer: each field it does not know is an error beside those of the fields it knows."""

    fields: Any  # a serializer's

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """What was sent. Raises ValidationError."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        wrong: dict[str, Any] = dict.fromkeys(unknown, UNKNOWN)
        try:
            value: dict[str, Any] = super().to_internal_value(data)  # type: ignore[misc]  # a serializer's
        except serializers.ValidationError as error:
            if not unknown or not isinstance(error.detail, dict):
                raise
            wrong = {**error.detail, **wrong}
        if wrong:
            raise serializers.ValidationError(wrong)
        return value


class StrictSerializer(Strict, serializers.Serializer[Any]):
    """Refuses fields it does not know."""


class IdField(serializers.IntegerField):
    """The id of a row: where several are looked for at once, a number that no column holds breaks the question."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)


class NothingIn(StrictSerializer):
    """An action without input."""


def validate_input(
    shape: type[serializers.BaseSerializer[Any]], request: Request, *, partial: bool = False, **context: Any
) -> dict[str, Any]:
    """What was sent, validated: a 422 names each field that is wrong. Raises DRF's ValidationError."""
    sent = shape(data=request.data, partial=partial, context={"request": request, **context})
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def require_no_input(request: Request) -> None:
    """An action takes no input. Raises ValidationError that names what was sent all the same.

    A body of a kind that is not read, such as an empty form, was always let be.
    """
    with suppress(UnsupportedMediaType):
        validate_input(NothingIn, request)
