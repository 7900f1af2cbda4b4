"""Codes of an authenticator app (RFC 6238: six digits of SHA-1, a new one every 30 seconds)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from datetime import datetime
from typing import Final

STEP_S: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1  # steps by which a phone's clock, or a slow hand, may be off


def new_secret() -> str:
    """160 random bits, written in base 32 as apps read them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of a step: how many times 30 seconds have passed since 1970."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    start = mac[-1] & 0x0F
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, code: str, *, at: datetime) -> int | None:
    """The step a code belongs to, at most `DRIFT` from now; None for a wrong one."""
    now, typed = int(at.timestamp()) // STEP_S, "".join(code.split()).encode()
    near = (now, *(now + way * far for far in range(1, DRIFT + 1) for way in (-1, 1)))
    return next((step for step in near if hmac.compare_digest(code_at(secret, step).encode(), typed)), None)
