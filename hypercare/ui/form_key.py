"""The key of a form: made anew each time the form is shown, so that sending it twice can be told from two forms."""

from __future__ import annotations

import secrets
from typing import Final

FIELD: Final = "form_key"


def new_form_key() -> str:
    """What nobody guesses and no other form has."""
    return secrets.token_urlsafe(12)
