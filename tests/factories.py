"""Least valid objects. A test states what matters to it and leaves the rest to these."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contributors.messaging.paging import PageBatch
from contributors.models import Delivery, Membership, Role, Shift
from hypercare.models import User
from incidents.models import Incident, StatusChange
from periods.calendar.wallclock import instant
from periods.checklist import due_dates
from periods.models import ChecklistItem, Debrief, Evidence, Period

GO_LIVE = datetime(2026, 11, 14, 6, 0, tzinfo=UTC)  # Saturday 07:00 in Copenhagen
NOW = datetime(2026, 11, 18, 13, 12, tzinfo=UTC)  # day 5, Wednesday 14:12 in Copenhagen
_count = itertools.count(1)


def days_later(moment: datetime, days: int, timezone: str = "Europe/Copenhagen") -> datetime:
    """The same time of day so many days later (earlier below 0), also where the clocks change in between."""
    zone = ZoneInfo(timezone)
    wall = moment.astimezone(zone)
    return instant(wall.date() + timedelta(days=days), wall.time(), zone)


def make_user(name: str = "", **fields: Any) -> User:
    """A person who can sign in with the password `pass-phrase-9`."""
    n = next(_count)
    name = name or f"Person {n}"
    fields.setdefault("email", f"{name.lower().replace(' ', '.')}.{n}@example.test")
    return User.objects.create_user(password=fields.pop("password", "pass-phrase-9"), name=name, **fields)


def make_period(status: str = Period.Status.ACTIVE, **fields: Any) -> Period:
    """A 14-day period in Copenhagen time with lead, sponsor and BAU owner; active unless told otherwise.

    Every other date follows from its go-live: no row says that a period began on another day than it went live.
    """
    lead = fields.pop("lead", None) or make_user("Lead")
    go_live = fields.get("go_live_at", GO_LIVE)
    zone = fields.get("timezone", "Europe/Copenhagen")
    end = fields.get("ends_at", days_later(go_live, 14, zone))
    defaults: dict[str, Any] = {
        "key": f"PER{next(_count)}",
        "name": "Billing cut-over",
        "systems": ["Billing engine", "Payments"],
        "status": status,
        "status_since": go_live,
        "timezone": zone,
        "go_live_at": go_live,
        "ends_at": end,
        "planned_ends_at": end,
        "went_live_at": go_live if status in Period.LIVE else None,
        "lead": lead,
        "sponsor": fields.pop("sponsor", None) or make_user("Sponsor"),
        "bau_owner": fields.pop("bau_owner", None) or make_user("Bau Owner"),
        "created_by": lead,
        "created_at": go_live - timedelta(days=30),
    }
    period: Period = Period.objects.create(**{**defaults, **fields})
    for person in {period.lead, period.sponsor, period.bau_owner}:
        make_member(period, person, right="owner")
    return period


def make_role(period: Period, name: str = "Billing engineering", **fields: Any) -> Role:
    """A duty role; the first of a period answers pages."""
    first = not Role.objects.filter(period=period, answers_pages=True).exists()
    defaults = {"position": next(_count), "code": "EN", "cover": "24x7", "answers_pages": first}
    return Role.objects.create(period=period, name=name, **{**defaults, **fields})


def make_member(period: Period, user: User | None = None, *, right: str = "contributor", **fields: Any) -> Membership:
    """A membership; the person is made when none is given."""
    joined = {"joined_at": period.go_live_at - timedelta(days=20), **fields}
    return Membership.objects.create(period=period, user=user or make_user(), right=right, **joined)


def make_shift(role: Role, user: User, *, starts_at: datetime = NOW, hours: float = 8, **fields: Any) -> Shift:
    """A shift of `hours` for somebody in a role; a stranger becomes a member first."""
    if not Membership.objects.filter(period=role.period, user=user).exists():
        make_member(role.period, user)
    return Shift.objects.create(
        role=role, user=user, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours), **fields
    )


def make_check(period: Period, **fields: Any) -> ChecklistItem:
    """An open, blocking check due at go-live."""
    n = next(_count)
    defaults = {
        "position": n,
        "category": "Monitoring",
        "title": f"Check {n}",
        "blocking": True,
        "due_at": period.go_live_at,
    }
    values = {**defaults, **fields}
    due = due_dates.due_date_of(values["due_at"], period.go_live_at, period.zone)
    evidence = values.pop("evidence", "")
    item = ChecklistItem.objects.create(period=period, due_days=due.days, due_time=due.time, **values)
    if evidence:
        Evidence.objects.create(item=item, kind="note", text=evidence, added_at=NOW)
    return item


def make_incident(period: Period, **fields: Any) -> Incident:
    """An open P3, as a row without journal or timers (domain tests use `triage.report`)."""
    number = period.next_incident_number
    Period.objects.filter(pk=period.pk).update(next_incident_number=number + 1)
    period.next_incident_number = number + 1
    defaults: dict[str, Any] = {
        "number": number,
        "title": "Invoices issued twice",
        "impact": "medium",
        "urgency": "medium",
        "severity": "P3",
        "reported_at": NOW,
        "updated_at": NOW,
    }
    incident: Incident = Incident.objects.create(period=period, **{**defaults, **fields})
    StatusChange.objects.create(incident=incident, period=period, to_status="new", opens=1, at=incident.reported_at)
    if incident.resolved_at:
        StatusChange.objects.create(
            incident=incident,
            period=period,
            from_status="new",
            to_status=incident.status,
            opens=-1,
            at=incident.resolved_at,
        )
    return incident


def make_debrief(period: Period, **fields: Any) -> Debrief:
    """A scheduled debrief this afternoon."""
    n = next(_count)
    return Debrief.objects.create(period=period, **{"number": n, "starts_at": NOW + timedelta(minutes=n), **fields})


def make_page(*, at: datetime, key: str, **what: Any) -> Delivery | None:
    """Queue one page (`PageBatch.add` names the rest); its first row, or None when there was nobody to page."""
    pages = PageBatch(at=at)
    pages.add(key=key, **what)
    pages.write()
    return Delivery.objects.filter(dedupe_key=key).first()
