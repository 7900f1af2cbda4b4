"""API tokens of a person: made, shown once, ended. Only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed
from hypercare.models import ApiToken, User

LASTS: Final = timedelta(days=90)
LONGEST_NAME: Final = 80


def hash_token(text: str) -> str:
    """SHA-256 of a token, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def living_tokens(user: User) -> QuerySet[ApiToken]:
    """A person's tokens that were not ended, the newest first."""
    return ApiToken.objects.filter(user=user, revoked_at__isnull=True).order_by("-created_at", "-id")


def make_token(
    user: User, *, name: str, may_write: bool, at: datetime, maker: ApiToken | None = None
) -> tuple[ApiToken, str]:
    """A new token and its text, which nobody can read again.

    One made by another token may do no more and lasts no longer than that. Raises NotAllowed, and Invalid for a name
    nobody would recognise it by.
    """
    if maker is not None and may_write and not maker.may_write:
        raise NotAllowed("A token that only reads makes none that may change things.")
    ends_at = at + LASTS
    if maker is not None and maker.expires_at is not None:
        ends_at = min(ends_at, maker.expires_at)
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid({"name": f"Say in 1 to {LONGEST_NAME} characters what it is for."})
    text = f"hc_{secrets.token_urlsafe(32)}"
    made = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=text[:10],
        token_hash=hash_token(text),
        may_write=may_write,
        created_at=at,
        expires_at=ends_at,
    )
    return made, text


def revoke(token_id: int, *, at: datetime) -> ApiToken:
    """End a token at once. Raises AlreadyDone for one that has ended."""
    ended = ApiToken.objects.filter(pk=token_id, revoked_at__isnull=True).update(revoked_at=at)
    token = ApiToken.objects.get(pk=token_id)
    if not ended:
        raise AlreadyDone(f"“{token.name}” was ended before.")
    return token
