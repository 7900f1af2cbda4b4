"""Web push: the key browsers know this installation by, subscriptions, and messages only that browser can read.

A browser's subscription is an address of its maker's push service and two keys. What is sent there is encrypted for
the browser (RFC 8291) and signed by us (VAPID, RFC 8292), so that the service can neither read nor forge it.
"""

from __future__ import annotations

import base64
import json
import os
import struct
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction
from py_vapid import Vapid02

from contributors.models import PushKey
from hypercare.security import outgoing_http

CURVE: Final = ec.SECP256R1()
POINT_BYTES, SECRET_BYTES, SALT_BYTES, RECORD_BYTES = 65, 16, 16, 4096
LONGEST: Final = RECORD_BYTES - SALT_BYTES - 4 - 1 - POINT_BYTES - 16 - 1  # header, authentication tag, delimiter
TOKEN_LIVES_S: Final = 12 * 3600
NOT_A_SUBSCRIPTION: Final = "This is not a browser's subscription. Use the button “This browser” to add it."


@dataclass(frozen=True)
class Subscription:
    """Where a browser takes messages: the service's address, its public key, its secret, and the key we sign with."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    private_key: str = ""

    @property
    def host(self) -> str:
        """The push service's name."""
        return urlsplit(self.endpoint).hostname or ""

    def stored(self) -> str:
        """As text for an encrypted field."""
        keys = {"p256dh": _text(self.p256dh), "auth": _text(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys, "private_key": self.private_key})


def parse_subscription(text: str) -> Subscription:
    """A subscription as browsers write it in JSON, or as it was stored. Raises ValueError, outgoing.Forbidden."""
    try:
        found = json.loads(text)
        keys = found["keys"]
        subscription = Subscription(
            str(found["endpoint"]), _bytes(keys["p256dh"]), _bytes(keys["auth"]), str(found.get("private_key", ""))
        )
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, subscription.p256dh)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(NOT_A_SUBSCRIPTION) from error
    if len(subscription.p256dh) != POINT_BYTES or len(subscription.auth) != SECRET_BYTES:
        raise ValueError(NOT_A_SUBSCRIPTION)
    outgoing_http.check_url(subscription.endpoint)
    return subscription


# --- Our key ------------------------------------------------------------------------------------


@transaction.atomic
def public_key() -> str:
    """What a browser subscribes with, in base64 without padding; the pair is made on first use."""
    return _public(_pair())


@transaction.atomic
def with_own_key(subscription: Subscription) -> Subscription:
    """The subscription with the key it was made for: it keeps working should there ever be another one."""
    return Subscription(subscription.endpoint, subscription.p256dh, subscription.auth, _pair().private_key)


def _pair() -> PushKey:
    private = ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big")
    pair, _ = PushKey.objects.get_or_create(pk=1, defaults={"private_key": _text(private)})
    return pair


def _public(pair: PushKey) -> str:
    key = Vapid02.from_raw(pair.private_key.encode()).public_key
    return _text(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def authorization_header(subscription: Subscription, *, at_s: int) -> str:
    """The header that says who sends (RFC 8292): signed, for this push service alone, for half a day."""
    parts = urlsplit(subscription.endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": at_s + TOKEN_LIVES_S,
        "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
    }
    signed: dict[str, str] = Vapid02.from_raw(subscription.private_key.encode()).sign(claims)
    return signed["Authorization"]


# --- What only the browser can read -------------------------------------------------------------


def encrypt(
    subscription: Subscription,
    text: bytes,
    *,
    salt: bytes | None = None,
    ours: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """One record of `aes128gcm` (RFC 8188) under the browser's keys (RFC 8291 section 3.4).

    `salt` and `ours` are fresh for every message; the RFC's own example gives them. Raises ValueError when the
    text does not fit into one record.
    """
    if len(text) > LONGEST:
        raise ValueError(f"A push message has at most {LONGEST} bytes.")
    salt, ours = salt or os.urandom(SALT_BYTES), ours or ec.generate_private_key(CURVE)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, subscription.p256dh)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    both = b"WebPush: info\x00" + subscription.p256dh + point
    secret = _derived(ours.exchange(ec.ECDH(), theirs), salt=subscription.auth, info=both, length=32)
    key = _derived(secret, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derived(secret, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    header = salt + struct.pack("!LB", RECORD_BYTES, len(point)) + point
    return header + AESGCM(key).encrypt(nonce, text + b"\x02", None)


def _derived(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
