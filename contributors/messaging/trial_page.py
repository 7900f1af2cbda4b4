"""Test pages: does a page reach a person, before it has to?"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from contributors import contact_points
from contributors.models import Delivery, Membership
from hypercare.engine.hints import hint_after_commit
from hypercare.exceptions import Refused
from hypercare.models import User
from periods.journal import journal
from periods.models import Period

KIND = "test"
PAUSE = timedelta(minutes=1)  # between two test pages to the same person
WORTH = timedelta(minutes=10)  # a test page that comes later tells nothing


@transaction.atomic
def send_to_self(user: User, *, at: datetime) -> list[Delivery]:
    """Queue one by each way that a page would take. Raises Refused within a minute of the one before."""
    if Delivery.objects.filter(recipient=user, period=None, kind=KIND, created_at__gt=at - PAUSE).exists():
        raise Refused("A test page went out less than a minute ago. Wait for what becomes of it.")
    hint_after_commit()
    return _queue(user, None, by=None, at=at)


@transaction.atomic
def send_to_everyone(period: Period, *, by: User, at: datetime, via: str = "") -> int:
    """Queue them for every member; how many people. Raises Refused within a minute of the round before."""
    Period.objects.locked().get(pk=period.pk)
    if Delivery.objects.filter(period=period, kind=KIND, created_at__gt=at - PAUSE).exists():
        raise Refused("Test pages went out less than a minute ago. Wait for what becomes of them.")
    members = Membership.objects.filter(period=period, left_at__isnull=True, user__is_active=True)
    people = [member.user for member in members.select_related("user").order_by("id")]
    for person in people:
        _queue(person, period, by=by, at=at)
    journal.record(period, "message.tested", by=by, at=at, via=via, count=len(people))
    hint_after_commit()
    return len(people)


def _queue(user: User, period: Period | None, *, by: User | None, at: datetime) -> list[Delivery]:
    """All at once: a test does not wait as the steps of a page do."""
    key = f"test:{period.pk if period else ''}:{user.pk}:{at.timestamp():.0f}"
    ways = contact_points.plan_routes(user, urgency=Delivery.Urgency.PAGE, at=at)
    return [
        Delivery.objects.create(
            dedupe_key=contact_points.route_key(key, route) if number else key,
            period=period,
            recipient=user,
            channel=route.channel,
            address=route.address,
            point=route.point,
            kind=KIND,
            urgency=Delivery.Urgency.PAGE,
            context={"by": by.name if by else "", "asked_at": at.isoformat()},
            intended_at=at,
            next_at=at,
            created_at=at,
            not_after=at + WORTH,
        )
        for number, (route, *_) in enumerate(ways)
    ]


def latest_round(period: Period) -> list[Delivery]:
    """The newest round of test pages, by name: recipients loaded; empty when there was none. Two queries."""
    tests = Delivery.objects.filter(period=period, kind=KIND)
    newest = tests.order_by("-created_at").values_list("created_at", flat=True).first()
    if newest is None:
        return []
    rows = tests.filter(created_at=newest).select_related("recipient")
    return list(rows.order_by("recipient__name", "id"))
