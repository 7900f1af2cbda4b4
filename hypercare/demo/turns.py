"""The cut-over's roster: who takes turns in which duty, at three sites, with days off.

Duties that are handed over are handed over together: the next person begins fifteen minutes earlier.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, NamedTuple

from contributors.models import Role
from contributors.shifts import rotation_store, work_time_limits
from hypercare.demo.people import CPH
from hypercare.models import User
from periods.models import Period

WEEKDAYS = (0, 1, 2, 3, 4)
# Both sites of Platform work twelve hours, and meet for fifteen minutes at either end.
LIMITS = {"shift": {"limit": 12.5, "level": "block"}, "week": {"limit": 50, "level": "warn"}}


class DutySeat(NamedTuple):
    """Hours of a duty at one site; each name is a day of whoever is on then, and they begin again after the last."""

    role: str
    name: str
    opens: time
    closes: time
    days: str
    kind: str = "primary"
    weekdays: tuple[int, ...] = ()


EARLY, DAY, LATE = (time(1), time(9)), (time(9), time(17)), (time(17), time(1))
BY_DAY, BY_NIGHT = (time(5), time(17)), (time(17), time(5))
TOGETHER = 15  # minutes
SEATS = (
    DutySeat("Incident lead", "Lead from Bengaluru", *EARLY, "priya priya nikhil nikhil priya priya priya"),
    DutySeat("Incident lead", "Lead from Copenhagen", *DAY, "freja freja maja maja maja maja maja"),
    DutySeat("Incident lead", "Lead from New York", *LATE, "rachel rachel rachel rachel rachel dana dana"),
    DutySeat("Billing engineering", "Billing from Bengaluru", *EARLY, "priya priya nikhil nikhil priya priya priya"),
    DutySeat("Billing engineering", "Billing from Copenhagen", *DAY, "tomasz tomasz freja freja tomasz tomasz tomasz"),
    DutySeat("Billing engineering", "Billing from New York", *LATE, "marcus dana dana marcus marcus marcus marcus"),
    DutySeat("Billing engineering", "Behind Bengaluru", *EARLY, "arjun arjun devika devika", "deputy"),
    DutySeat("Billing engineering", "Behind Copenhagen", *DAY, "ingrid", "deputy"),
    DutySeat("Billing engineering", "Behind New York", *LATE, "daniel luis luis daniel", "deputy"),
    DutySeat("Platform", "Platform from Bengaluru", *BY_DAY, "arjun arjun devika devika"),
    DutySeat("Platform", "Platform from New York", *BY_NIGHT, "daniel luis luis daniel"),
    DutySeat("Support desk", "Desk", time(8), time(20), "kavya kavya meera meera"),
    DutySeat("Database", "Database", time(9), time(17), "ingrid", weekdays=WEEKDAYS),
    DutySeat("Finance ops", "Finance", time(14), time(19), "rachel", weekdays=WEEKDAYS),
)


def plan_rotations(period: Period, people: dict[str, User], *, first_on: date, until: datetime, at: datetime) -> None:
    """Every seat as a rotation, within limits that the period sets for itself."""
    work_time_limits.set_limits(period.pk, LIMITS, by=people["maja"], at=at)
    Role.objects.filter(period=period, cover=Role.Cover.ALWAYS).update(overlap_minutes=TOGETHER)
    roles = {role.name: role for role in Role.objects.filter(period=period)}
    for seat in SEATS:
        hours: dict[str, Any] = {"from": f"{seat.opens:%H:%M}", "to": f"{seat.closes:%H:%M}"}
        if seat.weekdays:
            hours["days"] = list(seat.weekdays)
        spec = rotation_store.RotationSpec(
            role=roles[seat.role],
            name=seat.name,
            people=tuple(people[key] for key in seat.days.split()),
            first_on=first_on,
            hand_off_at=seat.opens,
            zone_name=CPH,
            kind=seat.kind,
            until_at=until,
            hours=(hours,),
        )
        rotation_store.save(spec, by=people["maja"], at=at)
