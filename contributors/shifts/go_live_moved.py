"""What a moved go-live means to people: shifts move by the same days. Who said they are ready is asked again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from contributors.models import Override, Role, Rotation, Shift
from contributors.shifts import roster
from periods.calendar import wallclock
from periods.journal import journal
from periods.models import JournalEntry, Period


def on_entry(entry: JournalEntry, *, at: datetime) -> None:  # noqa: ARG001  one shape for all consumers
    """Journal consumer; a replay changes nothing. Before readiness go-live moves in the plan, later by postponing."""
    if _moved_go_live(entry) is None:
        return
    move_shifts(entry)


def _moved_go_live(entry: JournalEntry) -> tuple[datetime, datetime] | None:
    """Go-live before and after, of an entry that moved it."""
    if entry.kind == "period.postponed":
        moved = {"old": entry.data["old_go_live_at"], "new": entry.data["new_go_live_at"]}
    elif entry.kind == "period.changed":
        moved = entry.data["changes"].get("go_live_at", {})
    else:
        return None
    return (datetime.fromisoformat(moved["old"]), datetime.fromisoformat(moved["new"])) if moved else None


def move_shifts(entry: JournalEntry) -> int:
    """Move standing shifts by as many days as go-live moved, at the same time of day; how many.

    Calendars follow, because an event keeps its identity. People who can't make the new dates say so when they
    answer again.
    """
    period = Period.objects.locked().get(pk=entry.period_id)
    days, mark = _days(entry, period), f"postponed:{entry.seq}"
    if not days or JournalEntry.objects.filter(period=period, kind="shift.moved", subject=mark).exists():
        return 0
    roles = _move_cover(period, days)
    _move_rotations(period, days)
    shifts = list(Shift.objects.filter(role__period=period, cancelled_at__isnull=True).order_by("id"))
    for shift in shifts:
        shift.starts_at = _moved(shift.starts_at, days, period)
        shift.ends_at = _moved(shift.ends_at, days, period)
        if shift.rotation_id is None:
            # A day of 25 hours would make a full day too long for its own rule; a turn may last weeks.
            shift.ends_at = min(shift.ends_at, shift.starts_at + roster.LONGEST_SHIFT)
        shift.revision += 1
    Shift.objects.bulk_update(shifts, ["starts_at", "ends_at", "revision"], batch_size=500)
    if shifts or roles:
        journal.record(
            period,
            "shift.moved",
            by=entry.actor,
            at=entry.at,
            via=entry.via,
            subject=mark,
            count=len(shifts),
            days=days.days,
        )
    return len(shifts)


def _move_cover(period: Period, days: timedelta) -> int:
    """Closer cover that ends some days after go-live ends as many days after the new one; for how many roles."""
    roles = list(Role.objects.filter(period=period, cover_until__isnull=False).order_by("id"))
    for role in roles:
        role.cover_until = _moved(role.cover_until, days, period) if role.cover_until else None
        role.later_phases = [_moved_phase(phase, days, period) for phase in role.later_phases]
    Role.objects.bulk_update(roles, ["cover_until", "later_phases"])
    return len(roles)


def _moved_phase(phase: dict[str, Any], days: timedelta, period: Period) -> dict[str, Any]:
    until = phase.get("until")
    return {**phase, "until": _moved(datetime.fromisoformat(until), days, period).isoformat()} if until else phase


def _move_rotations(period: Period, days: timedelta) -> None:
    """Rotations and what departs from them move along, or their next change would bring the old days back."""
    rotations = list(Rotation.objects.filter(role__period=period, ended_at__isnull=True).order_by("id"))
    for rotation in rotations:
        rotation.first_on += days
        rotation.until_at = _moved(rotation.until_at, days, period) if rotation.until_at else None
    Rotation.objects.bulk_update(rotations, ["first_on", "until_at"])
    overrides = list(Override.objects.filter(role__period=period).order_by("id"))
    for one in overrides:
        one.starts_at, one.ends_at = (_moved(at, days, period) for at in (one.starts_at, one.ends_at))
    Override.objects.bulk_update(overrides, ["starts_at", "ends_at"], batch_size=500)


def _days(entry: JournalEntry, period: Period) -> timedelta:
    moved = _moved_go_live(entry)
    if moved is None:
        return timedelta(0)
    old, new = moved
    return wallclock.local_day(new, period.zone) - wallclock.local_day(old, period.zone)


def _moved(moment: datetime, days: timedelta, period: Period) -> datetime:
    """The same time of day so many days later, in the period's zone."""
    local = moment.astimezone(period.zone)
    return wallclock.instant(local.date() + days, local.time(), period.zone)
