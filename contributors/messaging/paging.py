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

from contributors import contact_points
from contributors.links import links
from contributors.messaging import outbox
from contributors.models import ContactRule, Delivery, Link
from hypercare.engine.hints import hint_after_commit
from hypercare.models import User
from periods.models import Period

LINK_LIVES: Final = timedelta(hours=24)


@dataclass(frozen=True)
class _QueuedPage:
    """One page: its link, and a row for each of the person's ways."""

    link: Link
    rows: list[Delivery]


class PageBatch:
    """Pages queued together in the caller's transaction; nothing is stored until `write`."""

    def __init__(self, *, at: datetime) -> None:
        """All are queued at one instant."""
        self._at = at
        self._waiting: dict[str, _QueuedPage] = {}
        self._may_be_told = cache(outbox.can_be_notified)
        self._ways = cache(lambda user: contact_points.routes_in_force(user, ContactRule.Urgency.PAGE))

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
        tried_until: datetime | None = None,
    ) -> bool:
        """Queue a page by each of the person's ways; False when nobody is there to be paged.

        `subject` is `incident:36`. `context` says `key`, `title`, `severity`, and may say `component`, `description`,
        `reported_at` (ISO) and `note`. `goes_to` and `goes_at`: who is paged next unless this is acknowledged.
        `intended_at` is when it should have been queued, where that is not now; `tried_until` how long it is tried at
        least, which its link outlives. Nobody turns pages off or sleeps
        through them: they know neither quiet hours nor a limit.
        """
        if user is None or not self._may_be_told(user, period):
            return False
        link = links.unsaved_link(
            Link.Purpose.PAGE, user=user, period=period, subject=subject, at=self._at, expires_at=self._at + LINK_LIVES
        )
        said = {
            **context,
            "goes_to": goes_to,
            "goes_at": goes_at.isoformat() if goes_at else None,
            "link": outbox.link_snapshot(link),
        }
        rows = [
            Delivery(
                dedupe_key=contact_points.route_key(key, way) if number else key,
                recipient=user,
                period=period,
                subject=subject,
                kind="page",
                context=said,
                urgency=Delivery.Urgency.PAGE,
                created_at=self._at,
                channel=way.channel,
                address=way.address,
                point=way.point,
                next_at=goes,
                intended_at=meant,
                tried_until=min(tried_until, link.expires_at) if tried_until and link.expires_at else None,
            )
            for number, (way, goes, meant) in enumerate(
                contact_points.schedule_routes(self._ways(user), at=self._at, meant_at=intended_at)
            )
        ]
        self._waiting.setdefault(key, _QueuedPage(link, rows))
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
            hint_after_commit()
