"""Shifts and debriefs as iCalendar feeds that calendar programs subscribe to: one of a person, one of a role.

Times are those of the reader's zone (a person's own, a period's for its roles) with the zone described beside them.
An event keeps its UID for life and counts its changes in SEQUENCE. What is cancelled stays for 30 days as cancelled,
because a program keeps what merely disappears. A feed reaches from 30 days back to a year ahead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import CharField, Exists, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.urls import reverse
from icalendar import Alarm, Calendar, Event

from contributors.calendars import vtimezone
from contributors.models import Membership, Role, Shift
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Debrief, JournalEntry, Period

KEPT: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=366)
MOST: Final = 1000
REFRESH: Final = timedelta(hours=1)
LONGEST_ALARM: Final = 7 * 24 * 60
ALARMS: Final = (15, 60, 720, 1440)
MOVES: Final = ("debrief.moved", "debrief.skipped")
STAMP: Final = re.compile(rb"DTSTAMP:[0-9TZ]+\r\n")


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event of a feed."""

    uid: str
    summary: str
    start: datetime
    end: datetime
    sequence: int
    cancelled: bool
    url: str
    description: str


def render_personal_feed(user: User, *, at: datetime, alarm: int | None = None) -> bytes:
    """The calendar of one person over all periods, in their zone. Two queries.

    `alarm` is how many minutes before each shift the calendar reminds; None is not at all.
    """
    mine = Shift.objects.filter(user=user).annotate(is_inside=Exists(_part_in(user)))
    entries = [
        _own_shift(shift) if getattr(shift, "is_inside", True) else _former_shift(shift, at)
        for shift in _shifts(mine, at)
    ]
    entries += [_debrief(debrief) for debrief in _debriefs(user, at)]
    return _calendar("Hypercare duties", user.zone, entries, at, alarm)


def render_role_feed(role: Role, *, at: datetime, alarm: int | None = None) -> bytes:
    """Who is on for one role, in the zone of its period, which is loaded. One query."""
    entries = [_role_shift(shift) for shift in _shifts(Shift.objects.filter(role=role), at)]
    return _calendar(f"{role.name}: {role.period.name}", role.period.zone, entries, at, alarm)


def read_alarm(text: str) -> int | None:
    """Minutes before a shift, as an address asks for them. Raises Invalid."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > LONGEST_ALARM:
        raise Invalid({"alarm": f"Give minutes before a shift, from 0 to {LONGEST_ALARM}."})
    return int(text)


def content_tag_of(body: bytes) -> str:
    """What a feed's content is known by; when it was written does not count."""
    return f'W/"{hashlib.sha256(STAMP.sub(b"", body)).hexdigest()[:32]}"'


# --- What is in it ------------------------------------------------------------------------------


def _shifts(of: QuerySet[Shift], at: datetime) -> list[Shift]:
    """Shifts in the feed's window; what was cancelled stays for a while, as cancelled."""
    near = of.filter(ends_at__gt=at - KEPT, starts_at__lt=at + AHEAD)
    known = near.filter(Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=at - KEPT))
    return list(known.select_related("role__period", "user").order_by("starts_at", "id")[:MOST])


def _debriefs(user: User, at: datetime) -> list[Debrief]:
    subject = Concat(Value("debrief:"), Cast(OuterRef("number"), CharField()))
    changes = JournalEntry.objects.filter(period=OuterRef("period"), subject=subject, kind__in=MOVES)
    last = changes.order_by().values("period").annotate(last=Max("seq")).values("last")
    found = Debrief.objects.filter(
        period__in=Period.objects.visible_to(user), starts_at__gt=at - KEPT, starts_at__lt=at + AHEAD
    )
    sequenced = found.annotate(sequence=Coalesce(Subquery(last), 0))
    return list(sequenced.select_related("period").order_by("starts_at", "id")[:MOST])


def _own_shift(shift: Shift) -> FeedEvent:
    return _shift(shift, f"{_duty(shift)}: {shift.role.period.name}")


def _part_in(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, period=OuterRef("role__period"), left_at__isnull=True)


def _former_shift(shift: Shift, at: datetime) -> FeedEvent:
    """Of a period one is no longer part of: when one was on duty stays, what became of the period isn't told."""
    entry = _own_shift(shift)
    gone = entry.cancelled or shift.ends_at > at
    return replace(entry, summary=f"Duty, {shift.role.period.key}", cancelled=gone, url="", description="")


def _role_shift(shift: Shift) -> FeedEvent:
    return _shift(shift, f"{shift.user.name}: {_duty(shift)}")


def _duty(shift: Shift) -> str:
    return f"{shift.role.name}, deputy" if shift.kind == Shift.Kind.DEPUTY else shift.role.name


def _shift(shift: Shift, summary: str) -> FeedEvent:
    period = shift.role.period
    return FeedEvent(
        uid=f"{shift.uid}@{_host()}",
        summary=summary,
        start=shift.starts_at,
        end=shift.ends_at,
        sequence=shift.revision,
        cancelled=shift.cancelled_at is not None,
        url=settings.BASE_URL + reverse("period_coverage", kwargs={"key": period.key}),
        description="\n".join(_where_to_look(period)),
    )


def _debrief(debrief: Debrief) -> FeedEvent:
    return FeedEvent(
        uid=debrief_uid(debrief.pk),
        summary=f"Debrief {debrief.number}: {debrief.period.name}",
        start=debrief.starts_at,
        end=debrief.ends_at,
        sequence=getattr(debrief, "sequence", 0),
        cancelled=debrief.status == Debrief.Status.SKIPPED,
        url=settings.BASE_URL + debrief.get_absolute_url(),
        description="\n".join(_where_to_look(debrief.period)),
    )


def debrief_uid(pk: int) -> str:
    """The identity of a debrief, in feeds and in invitations."""
    return f"debrief-{pk}@{_host()}"


def _where_to_look(period: Period) -> list[str]:
    found = [("War room", period.war_room_url), ("Runbook", period.runbook_url), ("Period", period.full_url)]
    return [f"{words}: {url}" for words, url in found if url]


def _host() -> str:
    return urlsplit(settings.BASE_URL).hostname or "hypercare"


# --- How it is written --------------------------------------------------------------------------


def _calendar(name: str, zone: ZoneInfo, entries: Sequence[FeedEvent], at: datetime, alarm: int | None) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Hypercare//Duty calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _plain(name))
    calendar.add("x-wr-timezone", zone.key)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    if not _is_utc(zone):
        calendar.add_component(vtimezone.build_timezone(zone, *_years(entries, at)))
    for entry in entries:
        calendar.add_component(_event(entry, zone, at, alarm))
    text: bytes = calendar.to_ical()
    return text


def _years(entries: Iterable[FeedEvent], at: datetime) -> tuple[int, int]:
    """The years in which the feed's zone is described: whole ones, so that the text rests for a year."""
    times = [moment for entry in entries for moment in (entry.start, entry.end)] or [at]
    return min(times).year - 1, max(times).year + 1


def _event(entry: FeedEvent, zone: ZoneInfo, at: datetime, alarm: int | None) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", at.astimezone(UTC).replace(microsecond=0))
    for name, moment in zip(("dtstart", "dtend"), _local(entry, zone), strict=True):
        event.add(name, moment)
    event.add("summary", _plain(entry.summary))
    if entry.url:
        event.add("description", entry.description)
        event.add("url", entry.url)
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    if alarm is not None and not entry.cancelled:
        event.add_component(_alarm(entry, alarm))
    return event


def _local(entry: FeedEvent, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end on the zone's clocks. An hour that the clocks repeat can't be told there: UTC says it."""
    start, end = entry.start.astimezone(zone), entry.end.astimezone(zone)
    if _is_utc(zone) or start.fold or end.fold:
        return entry.start.astimezone(UTC), entry.end.astimezone(UTC)
    return start, end


def _is_utc(zone: ZoneInfo) -> bool:
    return zone.key in {"UTC", "Etc/UTC"}


def _alarm(entry: FeedEvent, minutes: int) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _plain(entry.summary))
    alarm.add("trigger", timedelta(minutes=-minutes))
    return alarm


def _plain(text: str) -> str:
    """One line without control characters, whatever somebody called a period or a role."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
