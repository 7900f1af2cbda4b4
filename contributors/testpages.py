"""Test pages: does a page reach a person, before it has to?"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from contributors.models import Delivery, Membership
from hypercare.errors import Refused
from hypercare.models import User
from hypercare.queue import later
from periods import journal
from periods.models import Period

KIND = "test"
PAUSE = timedelta(minutes=1)  # between two test pages to the same person
WORTH = timedelta(minutes=10)  # a test page that comes later tells nothing


def to_myself(user: User, *, at: datetime) -> Delivery:
    """Queue one to oneself. Raises Refused within a minute of the one before."""
    return _queue(user, None, by=None, at=at)


@transaction.atomic
def to_everyone(period: Period, *, by: User, at: datetime) -> int:
    """Queue one to every member; how many. Raises Refused within a minute of the round before."""
    Period.objects.locked().get(pk=period.pk)
    if Delivery.objects.filter(period=period, kind=KIND, created_at__gt=at - PAUSE).exists():
        raise Refused("Test pages went out less than a minute ago. Wait for what becomes of them.")
    members = Membership.objects.filter(period=period, left_at__isnull=True, user__is_active=True)
    people = [member.user for member in members.select_related("user").order_by("id")]
    for person in people:
        _queue(person, period, by=by, at=at)
    journal.record(period, "message.tested", by=by, at=at, count=len(people))
    return len(people)


def _queue(user: User, period: Period | None, *, by: User | None, at: datetime) -> Delivery:
    recent = Delivery.objects.filter(recipient=user, period=period, kind=KIND, created_at__gt=at - PAUSE)
    if recent.exists():
        raise Refused("A test page went out less than a minute ago. Wait for what becomes of it.")
    row = Delivery.objects.create(
        dedupe_key=f"test:{period.pk if period else ''}:{user.pk}:{at.isoformat()}",
        period=period, recipient=user, address=user.email, kind=KIND, urgency=Delivery.Urgency.PAGE,
        context={"by": by.name if by else "", "asked_at": at.isoformat()},
        intended_at=at, next_at=at, created_at=at, not_after=at + WORTH,
    )  # fmt: skip
    later()
    return row


def latest_round(period: Period) -> list[Delivery]:
    """The newest round of test pages, by name: recipients loaded; empty when there was none."""
    tests = Delivery.objects.filter(period=period, kind=KIND)
    newest = tests.order_by("-created_at").values_list("created_at", flat=True).first()
    if newest is None:
        return []
    rows = tests.filter(created_at=newest).select_related("recipient")
    return list(rows.order_by("recipient__name", "id"))
