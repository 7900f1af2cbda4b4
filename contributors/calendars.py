"""A person's shifts and debriefs as an iCalendar feed that calendar programs subscribe to.

Times are UTC, so no program needs a zone of ours. An event keeps its UID for life; what is cancelled stays in
the feed as cancelled with a higher SEQUENCE, because a program keeps what merely disappears.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from icalendar import Calendar, Event

from contributors import links
from contributors.models import Link, Shift
from hypercare.models import User
from periods.models import Debrief, Period

KEPT = timedelta(days=30)
MOST = 1000
REFRESH = timedelta(hours=1)


def feed(user: User, *, at: datetime) -> bytes:
    """The calendar of one person: from 30 days back, cancelled ones included. Two queries."""
    calendar = Calendar()
    calendar.add("prodid", "-//Hypercare//Duty calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Hypercare duties")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for shift in _shifts(user, at):
        calendar.add_component(_shift_event(shift, at))
    for debrief in _debriefs(user, at):
        calendar.add_component(_debrief_event(debrief, at))
    text: bytes = calendar.to_ical()
    return text


def _shifts(user: User, at: datetime) -> list[Shift]:
    """Shifts of periods the person is part of; those cancelled because they left stay, as cancelled."""
    mine = Shift.objects.filter(user=user, ends_at__gt=at - KEPT).select_related("role__period")
    return list(mine.order_by("starts_at", "id")[:MOST])


def _debriefs(user: User, at: datetime) -> list[Debrief]:
    visible = Period.objects.visible_to(user)
    found = Debrief.objects.filter(period__in=visible, starts_at__gt=at - KEPT).select_related("period")
    return list(found.order_by("starts_at", "id")[:MOST])


def _shift_event(shift: Shift, at: datetime) -> Event:
    period = shift.role.period
    role = f"{shift.role.name}, deputy" if shift.kind == Shift.Kind.DEPUTY else shift.role.name
    return _event(
        uid=f"{shift.uid}@{_host()}", summary=f"{role}: {period.name}", start=shift.starts_at, end=shift.ends_at,
        at=at, sequence=shift.revision, cancelled=shift.cancelled_at is not None,
        url=settings.BASE_URL + reverse("period_coverage", kwargs={"key": period.key}),
        description="\n".join(_where_to_look(period)),
    )  # fmt: skip


def _where_to_look(period: Period) -> list[str]:
    found = [("War room", period.war_room_url), ("Runbook", period.runbook_url), ("Period", period.full_url)]
    return [f"{words}: {url}" for words, url in found if url]


def _debrief_event(debrief: Debrief, at: datetime) -> Event:
    skipped = debrief.status == Debrief.Status.SKIPPED
    return _event(
        uid=f"debrief-{debrief.pk}@{_host()}", summary=f"Debrief {debrief.number}: {debrief.period.name}",
        start=debrief.starts_at, end=debrief.ends_at, at=at, sequence=int(skipped), cancelled=skipped,
        url=settings.BASE_URL + debrief.get_absolute_url(),
        description="\n".join(_where_to_look(debrief.period)),
    )  # fmt: skip


def _event(
    *, uid: str, summary: str, start: datetime, end: datetime, at: datetime, sequence: int, cancelled: bool, url: str,
    description: str,
) -> Event:  # fmt: skip
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", start.astimezone(UTC))
    event.add("dtend", end.astimezone(UTC))
    event.add("summary", _plain(summary))
    event.add("description", description)
    event.add("url", url)
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    return event


def _plain(text: str) -> str:
    """One line without control characters, whatever somebody called a period or a role."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _host() -> str:
    return urlsplit(settings.BASE_URL).hostname or "hypercare"


# --- The address of a feed ----------------------------------------------------------------------


def link_of(user: User) -> Link | None:
    """The person's living feed address, if they made one."""
    return _living(user).first()


@transaction.atomic
def ensure_link(user: User, *, at: datetime) -> Link:
    """The person's feed address; made when there is none."""
    User.objects.select_for_update().get(pk=user.pk)
    return link_of(user) or links.make(Link.Purpose.CALENDAR, user=user, period=None, at=at, expires_at=None)


@transaction.atomic
def replace_link(user: User, *, at: datetime) -> Link:
    """A new address; the old one ends at once."""
    revoke_link(user, at=at)
    return ensure_link(user, at=at)


def revoke_link(user: User, *, at: datetime) -> bool:
    """End the feed address; False when there was none."""
    return _living(user).update(revoked_at=at, outcome="Its owner ended this calendar feed.") > 0


def _living(user: User) -> QuerySet[Link]:
    return Link.objects.filter(user=user, purpose=Link.Purpose.CALENDAR, revoked_at__isnull=True).order_by(
        "created_at", "id"
    )
