"""Many incidents for load work: rows without journal or timers, in batches."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from contributors.people import members
from hypercare.demo.people import address_of
from hypercare.models import User
from incidents.models import Incident, StatusChange
from periods.journal import journal
from periods.models import Period

BATCH = 2000
WINDOW = timedelta(days=60)
LEVELS = (("P1", "high", "high"), ("P2", "high", "medium"), ("P3", "medium", "medium"), ("P4", "low", "low"))


@transaction.atomic
def make_incidents(size: int, *, at: datetime, still_open: int = 0) -> int:
    """A live period LOAD1 with `size` incidents; how many were made (0 when it is there).

    still_open: how many of the newest are open; one in 200 when left out.
    """
    if Period.objects.filter(key="LOAD1").exists():
        return 0
    owner = User.objects.filter(email=address_of("maja")).first() or User.objects.order_by("id").first()
    if owner is None:
        owner = User.objects.create_user(address_of("maja"), name="Maja Lindqvist", may_plan=True)
    period = _period(owner, size, at)
    is_open = range(size - still_open, size) if still_open else range(199, size, 200)
    for first in range(0, size, BATCH):
        last = min(first + BATCH, size)
        _store(period, [_incident(period, owner, n, size, at, is_open=n in is_open) for n in range(first, last)])
    return size


def _period(owner: User, size: int, at: datetime) -> Period:
    period: Period = Period.objects.create(
        key="LOAD1",
        name="Load period",
        status=Period.Status.ACTIVE,
        status_since=at - WINDOW,
        timezone="UTC",
        go_live_at=at - WINDOW,
        went_live_at=at - WINDOW,
        ends_at=at + WINDOW,
        planned_ends_at=at + WINDOW,
        lead=owner,
        created_by=owner,
        created_at=at - WINDOW,
        next_incident_number=size + 1,
        baseline_issues=56,
        baseline_days=28,
    )
    journal.record(period, "period.created", by=owner, at=at, title=period.name, key=period.key)
    members.add_member(period.pk, user=owner, right="owner", role=None, by=owner, at=at)
    return period


def _store(period: Period, incidents: list[Incident]) -> None:
    rows = Incident.objects.bulk_create(incidents)
    changes = [StatusChange(incident=row, period=period, to_status="new", opens=1, at=row.reported_at) for row in rows]
    changes += [
        StatusChange(incident=row, period=period, from_status="new", to_status="resolved", opens=-1, at=row.resolved_at)
        for row in rows
        if row.resolved_at
    ]
    StatusChange.objects.bulk_create(changes)


def _incident(period: Period, owner: User, n: int, size: int, at: datetime, *, is_open: bool) -> Incident:
    """Resolved after 1 to 30 hours; where that is still ahead, halfway to now: no hour has more than its share."""
    severity, impact, urgency = LEVELS[min(3, (n * 7) % 20 // 4)]
    reported = at - WINDOW + WINDOW * (n / size)
    resolved = None if is_open else reported + min(timedelta(hours=1 + n % 30), (at - reported) / 2)
    return Incident(
        period=period,
        number=n + 1,
        title=f"Load incident {n + 1}",
        impact=impact,
        urgency=urgency,
        severity=severity,
        status="investigating" if is_open else "resolved",
        reported_at=reported,
        reported_by=owner,
        owner=owner,
        acknowledged_at=reported + timedelta(minutes=5),
        acknowledged_by=owner,
        resolved_at=resolved,
        resolved_by=None if is_open else owner,
        ending="" if is_open else "fixed",
        updated_at=resolved or reported,
    )
