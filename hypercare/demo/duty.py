"""The part of the cut-over story that is about who is on duty: an absence, what it leaves open, a request for cover."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contributors.models import Role, Shift
from contributors.shifts import absences, roster
from contributors.swaps import cover_requests
from hypercare.demo.people import CPH
from hypercare.demo.script import Timeline
from hypercare.models import User
from periods.calendar import wallclock

ZONE = ZoneInfo(CPH)
DAY = timedelta(days=1)


def lose_cover(script: Timeline, period_id: int, people: dict[str, User], today: date, at: datetime) -> None:
    """Daniel is away in three days: his shifts go, Marcus stands in for a part of one, eight hours have nobody."""
    begins = wallclock.instant(today + 3 * DAY, time(16, 45), ZONE)
    one, end = (wallclock.instant(today + 4 * DAY, time(hour), ZONE) for hour in (1, 5))
    absences.add(
        people["daniel"], starts_at=begins - timedelta(hours=2), ends_at=end + timedelta(hours=7), note="Family", at=at
    )
    his = Shift.objects.filter(role__period=period_id, user=people["daniel"], starts_at=begins)
    for shift in his.order_by("pk"):
        roster.cancel_shift(shift.pk, by=people["maja"], at=at)
    role = Role.objects.get(period=period_id, name="Platform")
    script.at(
        at + timedelta(minutes=3),
        lambda when: roster.assign_shift(
            role.pk, user=people["marcus"], starts_at=one, ends_at=end, is_override=True, by=people["maja"], at=when
        ),
    )


def ask_for_cover(script: Timeline, period_id: int, people: dict[str, User], today: date, at: datetime) -> None:
    """Tomasz is at the dentist's the day after tomorrow; Freja would take his first hours, if Maja agrees."""
    begins = wallclock.instant(today + 2 * DAY, time(8, 45), ZONE)
    shift = Shift.objects.select_related("role").get(
        role__period=period_id, role__name="Billing engineering", user=people["tomasz"], starts_at=begins
    )
    Role.objects.filter(pk=shift.role_id).update(swaps_need_lead=True)
    wanted = cover_requests.WantedCover(
        shift.role, begins, wallclock.instant(today + 2 * DAY, time(11), ZONE), shift=shift
    )
    asked = cover_requests.ask(
        wanted, users=[people["freja"], people["ingrid"]], reason="Dentist", by=people["tomasz"], at=at
    )
    script.at(at + timedelta(hours=2), lambda when: cover_requests.accept(asked.pk, by=people["freja"], at=when))
