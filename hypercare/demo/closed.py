"""Periods that are over: what a new plan can be compared with. Rows, for nobody acts in a past that long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from contributors.models import Membership
from hypercare.demo.people import CPH
from hypercare.models import User
from incidents.models import Incident, StatusChange
from periods.calendar import wallclock
from periods.journal import journal
from periods.models import Period
from periods.planning import complexity

DAY = timedelta(days=1)


@dataclass(frozen=True)
class ClosedPeriod:
    """A closed period: how long ago it went live, what was planned, what it took, and what came first."""

    key: str
    name: str
    systems: tuple[str, ...]
    ago: int
    planned: int
    took: int
    extensions: int
    answers: tuple[int, ...]
    first: tuple[tuple[str, str], ...]


PAST = (
    ClosedPeriod(
        "BILL25",
        "Billing platform pilot",
        ("Billing engine", "Payments"),
        240,
        14,
        12,
        0,
        (1, 3, 2, 1, 2, 2, 1, 1, 1),
        (("P2", "Pilot invoices lack the VAT line"), ("P3", "Refund needs two clicks")),
    ),
    ClosedPeriod(
        "CRM91",
        "CRM upgrade 9.1",
        ("CRM", "Customer portal"),
        205,
        14,
        14,
        0,
        (2, 2, 2, 2, 1, 2, 1, 2, 1),
        (("P2", "Agents can't open old cases"), ("P3", "Search is slow in the morning"), ("P4", "Logo is blurred")),
    ),
    ClosedPeriod(
        "PAY31",
        "Payment gateway change",
        ("Payments", "ERP connector"),
        170,
        14,
        19,
        1,
        (2, 3, 2, 2, 1, 2, 2, 0, 2),
        (("P1", "Card payments time out"), ("P2", "Settlement file is empty"), ("P3", "Receipts arrive late")),
    ),
    ClosedPeriod(
        "ERP12",
        "ERP finance release 12",
        ("ERP", "ERP connector"),
        140,
        21,
        21,
        0,
        (2, 3, 2, 3, 2, 2, 1, 3, 2),
        (("P2", "Postings wait for approval twice"), ("P2", "Month-end report stops")),
    ),
    ClosedPeriod(
        "PORT5",
        "Customer portal 5",
        ("Customer portal",),
        110,
        14,
        9,
        0,
        (3, 2, 2, 1, 0, 1, 1, 1, 1),
        (("P3", "Sign-in asks for the code twice"), ("P4", "French text is cut off")),
    ),
    ClosedPeriod(
        "DATA8",
        "Customer data merge",
        ("CRM", "Billing engine"),
        80,
        14,
        12,
        0,
        (2, 2, 2, 1, 3, 3, 1, 1, 1),
        (("P2", "Two customers share one account"), ("P3", "Old addresses on letters")),
    ),
    ClosedPeriod(
        "INV40",
        "Invoice layout 4",
        ("Billing engine",),
        55,
        10,
        10,
        0,
        (2, 3, 1, 1, 1, 1, 1, 1, 1),
        (("P3", "Totals are right-aligned twice"),),
    ),
)


def add_closed_periods(people: dict[str, User], *, now: datetime) -> None:
    """All of them, the oldest first."""
    for over in PAST:
        _tell(over, people, now)


def _tell(over: ClosedPeriod, people: dict[str, User], now: datetime) -> None:
    zone, maja = ZoneInfo(CPH), people["maja"]
    go_live = wallclock.instant(now.astimezone(zone).date() - over.ago * DAY, time(7), zone)
    ended, planned = (
        wallclock.instant(go_live.astimezone(zone).date() + n * DAY, time(15), zone) for n in (over.took, over.planned)
    )
    answers = dict(zip((factor.key for factor in complexity.FACTORS), over.answers, strict=True))
    found = complexity.assess(answers)
    period: Period = Period.objects.create(
        key=over.key,
        name=over.name,
        systems=list(over.systems),
        status=Period.Status.CLOSED,
        status_since=ended,
        timezone=CPH,
        country="DK",
        go_live_at=go_live,
        went_live_at=go_live,
        ends_at=max(ended, planned),
        planned_ends_at=planned,
        extensions=over.extensions,
        ended_at=ended,
        smoke_test="Passed.",
        lead=maja,
        sponsor=people["rachel"],
        bau_owner=people["kavya"],
        rollback_authority=people["rachel"],
        answers=answers,
        score=found.score,
        band=found.band,
        recommended_days=found.days,
        debrief_cadence=found.cadence,
        cover=found.cover,
        baseline_issues=28,
        baseline_days=28,
        created_by=maja,
        created_at=go_live - 40 * DAY,
        next_incident_number=len(over.first) + 1,
        days_override_reason="" if found.days == over.planned else "As long as the release before it took.",
        days_override_by=None if found.days == over.planned else maja,
        days_override_at=None if found.days == over.planned else go_live - 30 * DAY,
    )
    journal.record(period, "period.created", by=maja, at=period.created_at, title=period.name, key=period.key)
    for key, right in (("maja", "owner"), ("rachel", "contributor"), ("kavya", "support"), ("tomasz", "contributor")):
        Membership.objects.create(period=period, user=people[key], right=right, joined_at=period.created_at)
    journal.record(period, "period.started", by=maja, at=go_live, title=period.name)
    for number, (severity, title) in enumerate(over.first, 1):
        _incident(period, number, severity, title, people["kavya"])
    journal.record(period, "period.closed", by=maja, at=ended, title=period.name)


LEVELS = {"P1": ("high", "high"), "P2": ("high", "medium"), "P3": ("medium", "medium"), "P4": ("low", "low")}


def _incident(period: Period, number: int, severity: str, title: str, by: User) -> None:
    reported = period.starts_at + timedelta(hours=5 + 17 * number)
    solved, (impact, urgency) = reported + timedelta(hours=6), LEVELS[severity]
    row = Incident.objects.create(
        period=period,
        number=number,
        title=title,
        impact=impact,
        urgency=urgency,
        severity=severity,
        status="resolved",
        reported_at=reported,
        reported_by=by,
        owner=by,
        acknowledged_by=by,
        resolved_by=by,
        acknowledged_at=reported + timedelta(minutes=9),
        resolved_at=solved,
        ending="fixed",
        updated_at=solved,
    )
    StatusChange.objects.create(incident=row, period=period, to_status="new", opens=1, at=reported)
    StatusChange.objects.create(
        incident=row, period=period, from_status="new", to_status="resolved", opens=-1, at=solved
    )
