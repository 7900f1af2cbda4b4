"""Rehearsals of the cutover and the rollback, measured against the time they may take.

Live (start, then stop) or typed afterwards. A go rests on a rollback that worked within its box, or on the completed
rehearsal check with its timing as evidence.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from hypercare.ui.time_words import duration
from periods.access.access import require_right
from periods.journal import journal
from periods.models import ChecklistItem, Period, Rehearsal

LONGEST: Final = timedelta(days=14)
Kind, Outcome = Rehearsal.Kind, Rehearsal.Outcome
_UNITS: Final = {"d": 1440, "h": 60, "m": 1}
_LENGTH = re.compile(r"(?:(\d+)\s*d(?:ays?)?)?\s*(?:(\d+)\s*h(?:(?:ou)?rs?)?)?\s*(?:(\d+)\s*(?:m(?:in(?:ute)?s?)?)?)?")
_COLON = re.compile(r"(\d{1,3}):([0-5]\d)")


def parse_minutes(text: str) -> int:
    """ "3 h 40 min", "3:40", "220" → minutes. Raises ValueError for anything else and for nothing."""
    said = " ".join(text.lower().split())
    if match := _COLON.fullmatch(said):
        return int(match[1]) * 60 + int(match[2])
    match = _LENGTH.fullmatch(said)
    if match is None or not any(match.groups()):
        raise ValueError(text)
    return sum(int(part or 0) * unit for part, unit in zip(match.groups(), _UNITS.values(), strict=True))


@transaction.atomic
def start(period_id: int, *, kind: str, box_minutes: int, by: User, at: datetime, via: str = "") -> Rehearsal:
    """Start the watch. Raises Invalid, NotAllowed, AlreadyDone while one of its kind runs, Refused."""
    period = _locked(period_id, by)
    _check(kind, box_minutes)
    running = period.rehearsals.filter(kind=kind, ended_at__isnull=True).select_related("by").first()
    if running is not None:
        raise AlreadyDone(f"A {kind} rehearsal runs since {running.started_at:%H:%M UTC}, started by {running.by}.")
    made = Rehearsal.objects.create(period=period, kind=kind, box_minutes=box_minutes, started_at=at, by=by)
    _journal(made, "rehearsal.started", by, at, via)
    return made


@transaction.atomic
def stop(rehearsal_id: int, *, outcome: str, by: User, at: datetime, notes: str = "", via: str = "") -> Rehearsal:
    """Stop the watch and say how it went. Raises AlreadyDone, Invalid, NotAllowed, Refused."""
    period = _locked(Rehearsal.objects.values_list("period_id", flat=True).get(pk=rehearsal_id), by)
    found: Rehearsal = Rehearsal.objects.select_related("by").get(pk=rehearsal_id)
    found.period = period
    if found.ended_at is not None:
        raise AlreadyDone(f"That rehearsal ended at {found.ended_at:%H:%M UTC on %d %b %Y}.")
    _check_outcome(outcome)
    if at <= found.started_at:
        raise Invalid({"outcome": "The watch has only just started. Cancel it if that was a mistake."})
    if at > found.started_at + LONGEST:
        raise Invalid({"outcome": "The watch ran for more than 14 days. Cancel it and type what it took."})
    found.ended_at, found.outcome, found.notes = at, outcome, notes.strip()
    found.save(update_fields=["ended_at", "outcome", "notes"])
    _journal(found, "rehearsal.recorded", by, at, via)
    return found


@transaction.atomic
def cancel(rehearsal_id: int, *, by: User, at: datetime, via: str = "") -> None:
    """Forget a running watch: it was started by mistake. Raises AlreadyDone for one that ended, NotAllowed."""
    period = _locked(Rehearsal.objects.values_list("period_id", flat=True).get(pk=rehearsal_id), by)
    found = Rehearsal.objects.get(pk=rehearsal_id)
    found.period = period
    if found.ended_at is not None:
        raise AlreadyDone("That rehearsal has ended; its record stays.")
    _journal(found, "rehearsal.cancelled", by, at, via)
    found.delete()


@transaction.atomic
def record(
    period_id: int,
    *,
    kind: str,
    box_minutes: int,
    took_minutes: int,
    outcome: str,
    by: User,
    at: datetime,
    ended_at: datetime | None = None,
    notes: str = "",
    via: str = "",
) -> Rehearsal:
    """Type what one took that ended at `ended_at` (now unless told). Raises Invalid, NotAllowed, Refused."""
    period = _locked(period_id, by)
    ended_at = ended_at or at
    if ended_at > at:
        raise Invalid({"ended_at": "It can't have ended later than now."})
    if not 0 < took_minutes <= LONGEST // timedelta(minutes=1):
        raise Invalid({"took_minutes": "Say how long it took, up to 14 days."})
    started_at = ended_at - timedelta(minutes=took_minutes)
    _check(kind, box_minutes)
    _check_outcome(outcome)
    made = Rehearsal.objects.create(
        period=period,
        kind=kind,
        box_minutes=box_minutes,
        started_at=started_at,
        ended_at=ended_at,
        outcome=outcome,
        notes=notes.strip(),
        by=by,
    )
    _journal(made, "rehearsal.recorded", by, at, via)
    return made


def _locked(period_id: int, by: User) -> Period:
    period: Period = Period.objects.locked().get(pk=period_id)
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its rehearsals stay as they were.")
    require_right(by, period, "checks.complete")
    return period


def _check(kind: str, box_minutes: int) -> None:
    errors: dict[str, Any] = {}
    if kind not in Kind.values:
        errors["kind"] = f"“{kind}” is not rehearsed here. Use {', '.join(Kind.values)}."
    if not 0 < box_minutes <= LONGEST // timedelta(minutes=1):
        errors["box_minutes"] = "Say how long it may take, up to 14 days."
    if errors:
        raise Invalid(errors)


def _check_outcome(outcome: str) -> None:
    if outcome not in Outcome.values:
        raise Invalid({"outcome": f"Say how it went: {' or '.join(Outcome.values)}."})


def _journal(row: Rehearsal, kind: str, by: User, at: datetime, via: str) -> None:
    took = row.took
    journal.record(
        row.period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"rehearsal:{row.pk}",
        title=str(row),
        rehearsed=row.kind,
        box_minutes=row.box_minutes,
        took_s=int(took.total_seconds()) if took else None,
        outcome=row.outcome,
        over=row.is_over,
        notes=row.notes,
    )


# --- What a go rests on -------------------------------------------------------------------------


def latest_rehearsal(period: Period, kind: str) -> Rehearsal | None:
    """The one of a kind that ended last."""
    ended = period.rehearsals.filter(kind=kind, ended_at__isnull=False)
    return ended.order_by("-ended_at", "-id").first()


def explain_missing_rollback(period: Period) -> str:
    """Why a go can't rest on a rollback rehearsal, as a sentence; empty when it can.

    The latest rehearsal decides. Without one, a completed check of the rehearsal with evidence of its timing does.
    """
    found = latest_rehearsal(period, Kind.ROLLBACK)
    if found is None:
        if _checked(period):
            return ""
        return "The rollback is not rehearsed. Record a rehearsal, or complete its check with the timing."
    took, box = (duration(span.total_seconds()) for span in (found.took or timedelta(0), found.box))
    if found.outcome != Outcome.PASSED:
        return "The latest rollback rehearsal did not work. Rehearse it again."
    return f"The latest rollback rehearsal took {took}, over its box of {box}." if found.is_over else ""


def _checked(period: Period) -> bool:
    done = period.checklist.filter(category="Rollback", title__icontains="rehears", status=ChecklistItem.Status.DONE)
    return bool(done.filter(evidence__removed_at__isnull=True, evidence__isnull=False).exists())
