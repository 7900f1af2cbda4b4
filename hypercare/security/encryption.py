"""Secrets at rest: what must be read again (keys, paging addresses) is kept encrypted.

The keys come from `ENCRYPTION_KEYS`, the first encrypts, all decrypt; without them one is derived from the secret
key. `manage.py rotate_secrets` writes everything anew with the first key, so an old one can be taken out.
"""

from __future__ import annotations

import base64
import logging
from functools import lru_cache
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

logger = logging.getLogger(__name__)
LOST: Final = "This secret was written with another key. Add that key to ENCRYPTION_KEYS."


class UnreadableSecret(Exception):
    """No key of this installation opens the secret: the keys were changed, or the row comes from elsewhere."""


def encrypt(text: str) -> str:
    """Text as a token that only this installation's keys open."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text of a token. Raises Unreadable when no key fits."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecret(LOST) from error


def encrypt_anew(token: str) -> str:
    """The same secret, encrypted with the newest key. Raises Unreadable when no key fits."""
    try:
        return _keys().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecret(LOST) from error


def mask(text: str, *, shown: int = 4) -> str:
    """The last few characters after dots; all dots when there are too few to hide the rest."""
    return "••••" + (text[-shown:] if len(text) >= 2 * shown else "")


def _keys() -> MultiFernet:
    return _opened(tuple(settings.ENCRYPTION_KEYS), settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _opened(keys: tuple[str, ...], secret_key: str) -> MultiFernet:
    return MultiFernet([*map(Fernet, keys), Fernet(_derived(secret_key))])


def _derived(secret_key: str) -> bytes:
    """The key that follows from the secret key, so that a bare installation encrypts too."""
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hypercare secrets at rest")
    return base64.urlsafe_b64encode(derive.derive(secret_key.encode()))


class SecretField(models.TextField):  # type: ignore[type-arg]  # the stubs' two parameters say nothing here
    """Text that the database holds encrypted. It can't be searched or ordered by: the same text differs each time."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way in; empty stays empty."""
        return encrypt(str(value)) if value not in (None, "") else value

    def from_db_value(
        self,
        value: str | None,
        expression: Expression,  # noqa: ARG002  Django's signature
        connection: BaseDatabaseWrapper,  # noqa: ARG002  Django's signature
    ) -> str | None:
        """Decrypt on the way out. Raises Unreadable when no key fits."""
        return decrypt(value) if value else value


class OptionalSecretField(SecretField):
    """A secret that its row can do without: unreadable, it reads as empty and the log says so.

    For rows that must load even when a key is lost, such as the person who signs in to put it back.
    """

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> str | None:
        """Decrypt on the way out; empty when no key fits."""
        try:
            return super().from_db_value(value, expression, connection)
        except UnreadableSecret:
            logger.warning("A %s can't be read: its key is missing from ENCRYPTION_KEYS", self.name)
            return ""
