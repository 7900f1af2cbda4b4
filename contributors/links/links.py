"""One-tap links: made, found, ended.

The text of a link is an HMAC of its row's id under the secret key: it can be written into a mail again
on every retry, yet the database holds only its hash. Opening a link changes nothing; its button does,
once, and a repeat says what was done before.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from contributors.models import Link
from hypercare.exceptions import LinkEnded
from hypercare.models import User
from periods.models import Period

PATHS = {
    Link.Purpose.ACKNOWLEDGE: "/a/{}/",
    Link.Purpose.PAGE: "/page/{}/",
    Link.Purpose.CALENDAR: "/calendar/{}.ics",
    Link.Purpose.COVER: "/cover/{}/",
    Link.Purpose.HANDOFF: "/handoff/{}/",
}


def token_of(link_id: uuid.UUID) -> str:
    """The secret text of a link: 32 URL-safe characters."""
    mac = salted_hmac("hypercare.links", link_id.bytes, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac[:24]).decode()


def hash_of(token: str) -> str:
    """What the database stores of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make(
    purpose: Link.Purpose,
    *,
    user: User,
    period: Period | None,
    at: datetime,
    expires_at: datetime | None,
    subject: str = "",
) -> Link:
    """A new link for one person and one thing. `expires_at` None only for revocable feeds."""
    link = unsaved_link(purpose, user=user, period=period, at=at, expires_at=expires_at, subject=subject)
    link.save(force_insert=True)
    return link


def unsaved_link(
    purpose: Link.Purpose,
    *,
    user: User,
    period: Period | None,
    at: datetime,
    expires_at: datetime | None,
    subject: str = "",
) -> Link:
    """The same, to be stored together with others."""
    link_id = uuid.uuid4()
    return Link(
        id=link_id,
        purpose=purpose,
        user=user,
        period=period,
        subject=subject,
        token_hash=hash_of(token_of(link_id)),
        created_at=at,
        expires_at=expires_at,
    )


def url_of(link: Link) -> str:
    """The full address to send to the person."""
    base: str = settings.BASE_URL
    return base + PATHS[Link.Purpose(link.purpose)].format(token_of(link.pk))


def find(token: str, purpose: Link.Purpose, *, at: datetime) -> Link:
    """The living link behind a token. Raises LinkEnded with what became of it, also for unknown tokens."""
    link = Link.objects.select_related("user", "period").filter(token_hash=hash_of(token), purpose=purpose).first()
    if link is None or not link.user.is_active:
        raise LinkEnded("This link does not work. Check that you copied all of it, or sign in.")
    if link.revoked_at or (link.expires_at and link.expires_at <= at):
        raise LinkEnded("This link has ended." + (f" {link.outcome}" if link.outcome else ""))
    return link


def mark_used(link: Link, *, at: datetime, outcome: str) -> bool:
    """Record the first use; False when it was used before (a repeat changes nothing)."""
    return Link.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=at, outcome=outcome[:200]) == 1
