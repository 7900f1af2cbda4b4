"""Mails to people who have no account: subscribers and those who reported something.

They are rows like any other message, under a key of their own. None is urgent, so pages always go first, and an address
that does not exist is nobody's alarm. The links in them are derived from an id when they are sent and never stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from contributors.links import links
from contributors.models import Delivery
from hypercare.engine.hints import hint_after_commit
from periods.models import Period

BATCH: Final = 500


@dataclass(frozen=True)
class OutgoingMail:
    """One mail: where it goes, its key, and what it says as a JSON snapshot.

    `leave` in the snapshot is the id that the link to stop these mails is derived from.
    """

    address: str
    key: str
    context: Mapping[str, Any]


def queue_mails(
    period: Period,
    kind: str,
    subject: str,
    envelopes: Iterable[OutgoingMail],
    *,
    at: datetime,
    meant_for: datetime | None = None,
) -> None:
    """Queue mails in the caller's transaction; a key that is known queues nothing again.

    `meant_for` is when what they tell happened, where that was before: an address hears things in their order.
    """
    due_at = meant_for or at
    rows = [
        Delivery(
            dedupe_key=envelope.key,
            period=period,
            subject=subject,
            kind=kind,
            address=envelope.address,
            context=dict(envelope.context),
            urgency=Delivery.Urgency.QUIET,
            intended_at=due_at,
            next_at=due_at,
            created_at=at,
        )
        for envelope in envelopes
    ]
    Delivery.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    hint_after_commit()


def leave_url(context: Mapping[str, Any]) -> str:
    """Where somebody stops the mails a snapshot is of; empty for one that comes once."""
    if context.get("receipt"):
        return receipt_url(context)
    return _derived("subscription", context["leave"]) if context.get("leave") else ""


def receipt_url(context: Mapping[str, Any]) -> str:
    """Where somebody sees what became of their report, and stops its mails."""
    return _derived("receipt", context["receipt"])


def subscription_url(context: Mapping[str, Any]) -> str:
    """Where a subscription is confirmed."""
    return _derived("subscription", context["confirm"])


def status_url(context: Mapping[str, Any]) -> str:
    """The status page a snapshot names by `page_secret` or `page_slug`; empty when it names none."""
    if context.get("page_secret"):
        slug = links.token_of(uuid.UUID(context["page_secret"]))
    else:
        slug = context.get("page_slug") or ""
    return f"{settings.BASE_URL}{reverse('status_page', kwargs={'slug': slug})}" if slug else ""


def plus_tag_of(pk: int, secret: uuid.UUID) -> str:
    """What stands behind the plus of a form's mail address, in small letters: some mail servers fold them."""
    return f"{pk}-{salted_hmac('hypercare.mailbox', secret.bytes, algorithm='sha256').hexdigest()[:20]}"


def tag_matches(tag: str, pk: int, secret: uuid.UUID) -> bool:
    """Whether a tag is the one of a form."""
    return constant_time_compare(tag, plus_tag_of(pk, secret))


def plus_address(pk: int, secret: uuid.UUID) -> str:
    """The mail address of a form; empty while no mailbox is named."""
    local, at, domain = settings.MAILBOX_ADDRESS.partition("@")
    return f"{local}+{plus_tag_of(pk, secret)}@{domain}" if at else ""


def reply_address(context: Mapping[str, Any]) -> str:
    """Where an answer to a mail goes; empty for one that is not answered."""
    form = context.get("form")
    return plus_address(int(form[0]), uuid.UUID(form[1])) if form else ""


def _derived(view: str, secret: str) -> str:
    token = links.token_of(uuid.UUID(secret))
    return f"{settings.BASE_URL}{reverse(view, kwargs={'token': token})}"
