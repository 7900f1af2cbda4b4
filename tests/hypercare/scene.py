"""A live period with a bit of everything, as large as a test wants it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from hypercare.models import User
from periods.models import ExitCriterion, Period
from tests.factories import (
    days_later,
    make_check,
    make_debrief,
    make_incident,
    make_member,
    make_period,
    make_role,
    make_shift,
    make_user,
)

CODES = ("no_open_p1", "open_p2_planned", "sla_attainment", "open_low_within_cap", "rate_back_to_baseline")


def live_period(lead: User, key: str = "BILL", **fields: Any) -> Period:
    """Live for four days, ten to go."""
    start = days_later(timezone.now(), -4)
    return make_period(key=key, lead=lead, **{"go_live_at": start, "ends_at": days_later(start, 14), **fields})


def coming_period(lead: User, key: str = "NEXT", **fields: Any) -> Period:
    """Getting ready, live in five days."""
    start = days_later(timezone.now(), 5)
    days = {"go_live_at": start, "ends_at": days_later(start, 14)}
    return make_period(Period.Status.READINESS, key=key, lead=lead, **{**days, **fields})


def fill(period: Period, rows: int) -> None:
    """`rows` of everything the pages list: incidents, checks, people on duty, debriefs."""
    now = timezone.now()
    for number in range(rows):
        person = make_user(f"Person {period.key} {number}")
        role = make_role(period, f"Team {period.key} {number} {period.next_incident_number}")
        make_member(period, person, role=role, invited_at=now)
        make_shift(role, person, starts_at=now - timedelta(hours=2))
        make_shift(role, person, starts_at=now + timedelta(hours=6))
        level = {"severity": f"P{number % 4 + 1}", "owner": person if number % 2 else None}
        make_incident(period, title=f"Failure {number}", reported_at=now - timedelta(hours=number + 1), **level)
        make_check(period, owner=period.lead if number % 2 else person, due_at=now - timedelta(hours=number))
        make_debrief(period, starts_at=now + timedelta(hours=1, minutes=period.debriefs.count()))


def criteria(period: Period) -> None:
    """Five criteria the data decides."""
    for position, code in enumerate(CODES):
        ExitCriterion.objects.create(
            period=period, position=position, code=code, title=f"Criterion {code}", mandatory=position < 2
        )


def signed_in(user: User) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(user)
    return client


def words(response: Any) -> str:
    """The page with its white space folded."""
    return " ".join(response.content.decode().split())
