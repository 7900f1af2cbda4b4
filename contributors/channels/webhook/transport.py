"""A signed request to an address of the recipient's, or of a period's webhook (Standard Webhooks 1.0)."""

from __future__ import annotations

import json
import time

from contributors.channels import Gone, Message, Permanent, Temporary, parse_retry_after
from contributors.channels.webhook import signatures
from contributors.models import ContactPoint, Delivery, Webhook
from hypercare.security import outgoing_http
from hypercare.security.outgoing_http import OutgoingResponse


def send(delivery: Delivery, message: Message) -> None:
    """Post the message once. Raises Temporary, Permanent, or Gone when the address ended for good (410)."""
    place = delivery.hook or delivery.point
    if place is None or not place.target:
        raise Permanent("The way was removed.")
    # An event keeps its identity when it is replayed.
    body, stamp, message_id = (
        build_payload(delivery, message),
        int(time.time()),
        str(delivery.context.get("id", delivery.pk)),
    )
    try:
        answer = outgoing_http.send_request(
            "POST", place.target, body=body, headers=build_headers(place, message_id, stamp, body)
        )
    except outgoing_http.Forbidden as error:
        raise Permanent(str(error)) from error
    except outgoing_http.Unreachable as error:
        raise Temporary(str(error), no_answer=error.late, unknown=error.asked) from error
    _judge(answer)


def build_payload(delivery: Delivery, message: Message) -> bytes:
    """What is sent: an event as it is, or the kind, when it was meant to be sent, and the message in words."""
    if delivery.hook_id is not None:
        return json.dumps(delivery.context["event"], ensure_ascii=False).encode()
    document = {
        "type": delivery.kind,
        "timestamp": delivery.intended_at.isoformat(),
        "data": {
            "subject": message.subject,
            "text": message.text,
            "urgency": delivery.get_urgency_display().lower(),
            "period": delivery.period.key if delivery.period else None,
            "about": delivery.subject or None,
        },
    }
    return json.dumps(document, ensure_ascii=False).encode()


def build_headers(place: ContactPoint | Webhook, message_id: str, stamp: int, body: bytes) -> dict[str, str]:
    """Identity, time and signatures; while a key is being replaced both sign."""
    keys = [place.signing_key]
    if place.old_signing_key and place.old_key_until and place.old_key_until.timestamp() > stamp:
        keys.append(place.old_signing_key)
    signed = " ".join(signatures.sign(key, message_id=message_id, timestamp=stamp, body=body) for key in keys if key)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Hypercare",
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signed,
    }


def _judge(answer: OutgoingResponse) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    said = f"The receiver answered {status}."
    if status == 410:
        raise Gone(said)
    if status in (408, 425, 429) or status >= 500:
        raise Temporary(said, wait=parse_retry_after(answer.headers.get("retry-after", "")))
    raise Permanent(said)
