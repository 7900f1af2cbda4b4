"""A notification in a browser that subscribed (RFC 8030, encrypted and signed by `webpush.py`)."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Final

from contributors.channels import Gone, Message, Permanent, Temporary, parse_retry_after
from contributors.channels.push import webpush
from contributors.models import Delivery
from hypercare.security import outgoing_http

LONGEST_TEXT: Final = 600  # characters; a notification shows less
HOUR, DAY = 3600, 24 * 3600
# How long the push service keeps a message for a browser that is away, and whether it wakes a sleeping phone.
_LIVES_S: Final = {Delivery.Urgency.PAGE: HOUR, Delivery.Urgency.NORMAL: DAY, Delivery.Urgency.QUIET: DAY}
_URGENCY: Final = {Delivery.Urgency.PAGE: "high", Delivery.Urgency.NORMAL: "normal", Delivery.Urgency.QUIET: "low"}
_ENDED: Final = (404, 410)


def send(delivery: Delivery, message: Message) -> None:
    """Hand the message to the push service. Raises Temporary, Permanent, or Gone when the browser unsubscribed."""
    if delivery.point is None or not delivery.point.target:
        raise Permanent("The way was removed.")
    now = int(time.time())
    try:
        subscription = webpush.parse_subscription(delivery.point.target)
        body = webpush.encrypt(subscription, build_payload(delivery, message))
        sent = build_headers(delivery, message, webpush.authorization_header(subscription, at_s=now), now)
        answer = outgoing_http.send_request("POST", subscription.endpoint, body=body, headers=sent)
    except (ValueError, outgoing_http.Forbidden) as error:
        raise Permanent(str(error)) from error
    except outgoing_http.Unreachable as error:
        raise Temporary(str(error), no_answer=True) from error
    _judge(answer, subscription.host)


def build_payload(delivery: Delivery, message: Message) -> bytes:
    """What the service worker shows (static/js/push-worker.js). One with the same `tag` takes the other's place."""
    document = {
        "title": message.subject,
        "body": message.brief[:LONGEST_TEXT],
        "url": message.url,
        "tag": message.thread or str(delivery.pk),
        "urgent": delivery.urgency == Delivery.Urgency.PAGE,
    }
    return json.dumps(document, ensure_ascii=False).encode()


def build_headers(delivery: Delivery, message: Message, authorization: str, now: int) -> dict[str, str]:
    """Who sends, how long it is worth keeping and how much it matters; never longer than `not_after`."""
    urgency = Delivery.Urgency(delivery.urgency)
    lives = _LIVES_S[urgency]
    if delivery.not_after is not None:
        lives = max(0, min(lives, int(delivery.not_after.timestamp()) - now))
    found = {
        "Authorization": authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(lives),
        "Urgency": _URGENCY[urgency],
        "User-Agent": "Hypercare",
    }
    return found | ({"Topic": _topic(message.thread)} if message.thread else {})


def _topic(thread: str) -> str:
    """At most 32 characters of base64: of several that wait, the service keeps the newest (RFC 8030 section 5.4)."""
    return base64.urlsafe_b64encode(hashlib.sha256(thread.encode()).digest())[:32].decode()


def _judge(answer: outgoing_http.OutgoingResponse, host: str) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    said = f"{host} answered {status}."
    if status in _ENDED:
        raise Gone(f"The browser no longer takes notifications: {said}")
    if status in (408, 425, 429) or status >= 500:
        raise Temporary(said, wait=parse_retry_after(answer.headers.get("retry-after", "")))
    raise Permanent(said)
