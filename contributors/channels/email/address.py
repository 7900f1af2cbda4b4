"""Addresses of mails."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def show_address(target: str) -> str:
    """All of it: an e-mail address is no secret. Raises ValueError."""
    try:
        validate_email(target)
    except ValidationError as error:
        raise ValueError("Give an e-mail address such as name@example.com.") from error
    return target
