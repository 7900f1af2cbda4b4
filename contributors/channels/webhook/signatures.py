"""Signatures of webhooks (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

KEY_PREFIX: Final = "whsec_"


def new_signing_key() -> str:
    """A secret of Standard Webhooks 1.0: `whsec_` and 32 random bytes in base64."""
    return KEY_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(key: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>`: HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks 1.0, symmetric signatures)."""
    secret = base64.b64decode(key.removeprefix(KEY_PREFIX))
    digest = hmac.new(secret, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
