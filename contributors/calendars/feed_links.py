"""The addresses of calendar feeds: made, replaced, ended, and opened.

Each address belongs to one person, also that of a role, so it ends with their part in the period and can be replaced
without breaking anybody else's calendar.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from contributors.calendars import feeds
from contributors.links import links
from contributors.models import Link, Role
from hypercare.exceptions import LinkEnded
from hypercare.models import User
from periods.access.access import is_allowed
from periods.models import Period

ENDED = "Its owner ended this calendar feed."


def feed_link_of(user: User, role: Role | None = None) -> Link | None:
    """The person's living address of their own feed, or of a role's, if they made one."""
    return _living(user, role).first()


def feed_links_by_role(user: User, period: Period) -> dict[int, Link]:
    """The person's addresses of the roles of a period, by role. One query."""
    living = Link.objects.filter(user=user, period=period, purpose=Link.Purpose.CALENDAR, revoked_at__isnull=True)
    return {int(link.subject.removeprefix("role:")): link for link in living if link.subject}


@transaction.atomic
def ensure_link(user: User, *, at: datetime, role: Role | None = None) -> Link:
    """The person's address of their feed, or of a role's; made when there is none."""
    User.objects.select_for_update().get(pk=user.pk)
    return feed_link_of(user, role) or links.make(
        Link.Purpose.CALENDAR,
        user=user,
        period=role.period if role else None,
        at=at,
        expires_at=None,
        subject=_subject(role),
    )


@transaction.atomic
def replace_link(user: User, *, at: datetime, role: Role | None = None) -> Link:
    """A new address; the old one ends at once."""
    User.objects.select_for_update().get(pk=user.pk)
    revoke_link(user, at=at, role=role)
    return ensure_link(user, at=at, role=role)


def revoke_link(user: User, *, at: datetime, role: Role | None = None) -> bool:
    """End the address; False when there was none."""
    return _living(user, role).update(revoked_at=at, outcome=ENDED) > 0


def open_feed(token: str, *, at: datetime, alarm: int | None = None) -> bytes:
    """The calendar behind an address. Raises LinkEnded, also for a role of a period one is no longer part of."""
    link = links.find(token, Link.Purpose.CALENDAR, at=at)
    if not link.subject:
        return feeds.render_personal_feed(link.user, at=at, alarm=alarm)
    role = Role.objects.select_related("period").filter(pk=link.subject.removeprefix("role:")).first()
    if role is None or not is_allowed(link.user, role.period, "period.view"):
        raise LinkEnded("This calendar has ended: its owner is no longer part of the period.")
    return feeds.render_role_feed(role, at=at, alarm=alarm)


def _living(user: User, role: Role | None) -> QuerySet[Link]:
    return Link.objects.filter(
        user=user, purpose=Link.Purpose.CALENDAR, revoked_at__isnull=True, subject=_subject(role)
    ).order_by("created_at", "id")


def _subject(role: Role | None) -> str:
    return f"role:{role.pk}" if role else ""
