"""Queueing pages: messages with a one-tap link that acknowledges the incident.

An outage makes many due at one instant, to few people. They are therefore queued together: each person is looked up
once, and all rows are written in a few statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from contributors import contacts, links, notifications
from contributors.models import ContactRule, Delivery, Link
from hypercare.models import User
from hypercare.queue import later
from periods.models import Period

LINK_LIVES: Final = timedelta(hours=24)


@dataclass(frozen=True)
class _Page:
    """One page: its link, and a row for each of the person's ways."""

    link: Link
    rows: list[Delivery]


class Pages:
    """Pages queued together in the caller's transaction; nothing is stored until `write`."""

    def __init__(self, *, at: datetime) -> None:
        """All are queued at one instant."""
        self._at = at
        self._waiting: dict[str, _Page] = {}
        self._may_be_told = cache(notifications.may_be_told)
        self._ways = cache(lambda user: contacts.rule(user, ContactRule.Urgency.PAGE))

    def add(
        self,
        *,
        user: User | None,
        period: Period,
        subject: str,
        context: Mapping[str, Any],
        key: str,
        goes_to: str = "",
        goes_at: datetime | None = None,
        intended_at: datetime | None = None,
    ) -> bool:
        """Queue a page by each of the person's ways; False when nobody is there to be paged.

        `subject` is `incident:36`. `context` says `key`, `title`, `severity`, and may say `component`, `description`,
        `reported_at` (ISO) and `note`. `goes_to` and `goes_at`: who is paged next unless this is acknowledged.
        `intended_at` is when it should have been queued, where that is not now. Nobody turns pages off or sleeps
        through them: they know neither quiet hours nor a limit.
        """
        if user is None or not self._may_be_told(user, period):
            return False
        link = links.unsaved(
            Link.Purpose.PAGE,
            user=user,
            period=period,
            subject=subject,
            at=self._at,
            expires_at=self._at + LINK_LIVES,
        )
        said = {
            **context, "goes_to": goes_to, "goes_at": goes_at.isoformat() if goes_at else None,
            "link": notifications.link_snapshot(link),
        }  # fmt: skip
        rows = [
            Delivery(
                dedupe_key=contacts.way_key(key, way) if number else key, recipient=user, period=period,
                subject=subject, kind="page", context=said, urgency=Delivery.Urgency.PAGE, created_at=self._at,
                channel=way.channel, address=way.address, point=way.point, next_at=goes, intended_at=meant,
            )
            for number, (way, goes, meant) in enumerate(
                contacts.planned(self._ways(user), at=self._at, meant_at=intended_at)
            )
        ]  # fmt: skip
        self._waiting.setdefault(key, _Page(link, rows))
        return True

    def write(self) -> None:
        """Store what was queued. A page whose key is known stands already, and is left as it is."""
        waiting, self._waiting = self._waiting, {}
        known = set(
            Delivery.objects.filter(dedupe_key__in=list(waiting)).values_list("dedupe_key", flat=True)
            if waiting
            else ()
        )
        if pages := [page for key, page in waiting.items() if key not in known]:
            Link.objects.bulk_create([page.link for page in pages])
            # Two who queue the same at once store it once.
            Delivery.objects.bulk_create([row for page in pages for row in page.rows], ignore_conflicts=True)
            later()
