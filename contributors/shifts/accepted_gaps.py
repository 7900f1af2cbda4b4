"""Gaps that are let stand: whoever plans says why nobody is needed, and nobody is alerted about that gap any more.

An acceptance is about one very gap. As soon as shifts or the required cover make it another gap, or none, the
acceptance ends, and what is missing then is told anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from contributors.models import AcceptedGap, Shift
from contributors.people import members
from contributors.shifts import coverage, roster
from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from periods.access.access import require_right
from periods.journal import journal
from periods.models import JournalEntry, Period

LONGEST_REASON: Final = 200
# Whatever may change who is on duty, or who must be.
TOUCHES: Final = ("shift.", "rotation.", "cover.", "role.", "absence.", "contributor.", "period.", "go.")


@transaction.atomic
def accept(
    period_id: int,
    *,
    role_id: int,
    starts_at: datetime,
    reason: str,
    by: User,
    at: datetime,
    kind: str = Shift.Kind.PRIMARY,
    via: str = "",
) -> AcceptedGap:
    """Let the gap of a role that begins at a moment stand.

    Raises Invalid without a reason, AlreadyDone when the gap is no longer there as it was seen or stands
    accepted, NotAllowed, Refused.
    """
    period = members.lock_open_period(period_id)
    require_right(by, period, "shifts.manage")
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Invalid({"reason": f"Say in 1 to {LONGEST_REASON} characters why nobody is needed then."})
    gap = next(
        (
            one
            for one in _gaps(period)
            if (one.role.pk, one.duty, one.start) == (role_id, kind, starts_at) and one.end > at
        ),
        None,
    )
    if gap is None:
        raise AlreadyDone("This gap is no longer as it was. Look at the plan again.")
    there = AcceptedGap.objects.filter(role=role_id, kind=kind, starts_at=starts_at, ended_at__isnull=True)
    if standing := there.select_related("accepted_by").first():
        raise AlreadyDone(f"{standing.accepted_by} lets this gap stand already.")
    made = AcceptedGap.objects.create(
        role=gap.role,
        kind=kind,
        starts_at=gap.start,
        ends_at=gap.end,
        missing=gap.missing,
        reason=reason,
        accepted_by=by,
        accepted_at=at,
    )
    _journal(made, period, "gap.accepted", by, at, via)
    return made


@transaction.atomic
def take_back(accepted_id: int, *, by: User, at: datetime, via: str = "") -> AcceptedGap:
    """The gap counts again. Raises AlreadyDone for a second time, NotAllowed, Refused."""
    period = members.lock_open_period(AcceptedGap.objects.values_list("role__period_id", flat=True).get(pk=accepted_id))
    require_right(by, period, "shifts.manage")
    found = AcceptedGap.objects.select_related("role").get(pk=accepted_id)
    if found.ended_at is not None:
        raise AlreadyDone("This gap counts again already.")
    _end(found, period, by, at, via)
    return found


def on_entry(entry: JournalEntry, *, at: datetime) -> None:  # noqa: ARG001  one shape for all consumers
    """Journal consumer: ends what no longer is the gap that was accepted. A replay changes nothing."""
    if entry.kind.startswith(TOUCHES):
        end_outdated(entry.period_id, at=entry.at)


@transaction.atomic
def end_outdated(period_id: int, *, at: datetime) -> int:
    """End the acceptances whose gap has changed; how many. One query while there are none."""
    if not AcceptedGap.objects.filter(role__period=period_id, ended_at__isnull=True).exists():
        return 0
    period: Period = Period.objects.locked().get(pk=period_id)
    begin, end = roster.roster_window(period)
    gaps = _gaps(period)
    changed = [
        one
        for one in coverage.accepted_gaps_of(period)
        if not any(coverage.find_acceptance(gap, [one], start=begin, end=end) for gap in gaps)
    ]
    for one in changed:
        _end(one, period, None, at, "timer")
    return len(changed)


def _gaps(period: Period) -> list[coverage.RoleGap]:
    begin, end = roster.roster_window(period)
    return coverage.find_gaps(period, start=begin, end=end)


def _end(found: AcceptedGap, period: Period, by: User | None, at: datetime, via: str) -> None:
    found.ended_at = at
    found.save(update_fields=["ended_at"])
    _journal(found, period, "gap.reopened", by, at, via)


def _journal(found: AcceptedGap, period: Period, kind: str, by: User | None, at: datetime, via: str) -> None:
    journal.record(
        period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"gap:{found.pk}",
        title=found.role.name,
        starts_at=found.starts_at.isoformat(),
        ends_at=found.ends_at.isoformat(),
        reason=found.reason,
    )
