"""Reminders: what is due soon, late or missing, told to whoever can do something about it.

Each is a timer whose key names the period, the thing and its moment, so it fires once for that moment and a
moved date makes a new one. A handler locks the period, looks at how things stand then, and says nothing when
there is nothing to say; those that recur set their own next timer. Those about checks are in `daily_digest.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from contributors.messaging import outbox
from contributors.messaging.recipients import answer_deadline
from contributors.models import Delivery, Membership
from contributors.readiness import acknowledgements
from contributors.shifts import coverage, roster
from hypercare.engine import timers
from hypercare.models import Timer, User
from periods.models import Debrief, JournalEntry, Period

ACKNOWLEDGEMENT: Final = "readiness.reminder"
DEBRIEF: Final = "debrief.reminder"
COVERAGE: Final = "coverage.watch"

# Days before go-live → who else hears that answers are missing (docs/domain.md section 5).
ACKNOWLEDGEMENT_LADDER: Final[dict[int, tuple[str, ...]]] = {7: (), 3: ("lead",), 1: ("lead", "sponsor")}
A_DAY: Final = timedelta(days=1)
AN_HOUR: Final = timedelta(hours=1)
A_WEEK: Final = timedelta(days=7)
MOST_NAMED: Final = 20  # More are told an hour later.
DEBRIEF_NOTICE: Final = timedelta(minutes=15)
MOVED_BY: Final = (
    "go.decided",
    "go.reverted",
    "checklist.created",
    "debrief.scheduled",
    "debrief.moved",
    "debrief.skipped",
)
LEAVING: Final = ("contributor.removed", "contributor.changed")
# After a go, too: a change may have made answers void.
WAITED_FOR: Final = (Period.Status.READINESS, Period.Status.READY)
WATCHED: Final = (Period.Status.READINESS, Period.Status.READY, *Period.LIVE)


@dataclass(frozen=True)
class ReminderTimer:
    """A timer that should be pending."""

    key: str
    kind: str
    due_at: datetime
    args: Mapping[str, Any]


# --- Setting ------------------------------------------------------------------------------------


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: whatever moves a period, or makes its checks or debriefs, sets its reminders anew.

    When somebody's shifts end because they leave, the lead hears at once what that leaves open.
    """
    if entry.kind.startswith("period.") or entry.kind in MOVED_BY:
        arm_reminders(entry.period, at=at)
    if entry.data.get("ended") and entry.kind in LEAVING:
        _tell_lack(_locked({"period": entry.period_id}), f"{COVERAGE}:{entry.period_id}:entry:{entry.seq}", at)


def arm_reminders(period: Period, *, at: datetime) -> None:
    """Set the reminders still to come and clear those that no longer apply. Repeats change nothing."""
    coming = {due.key: due for due in _coming(period, at) if due.due_at > at}
    pending = Timer.objects.filter(fired_at__isnull=True, cleared_at__isnull=True, kind__in=_KINDS)
    # Those due by now are left to fire: their handlers see for themselves whether they still apply.
    keys = set(pending.filter(args__period=period.pk, due_at__gt=at).values_list("key", flat=True))
    timers.clear(*(keys - coming.keys()), at=at)
    for key in sorted(coming.keys() - keys):
        _arm(coming[key])


_KINDS = (ACKNOWLEDGEMENT, DEBRIEF, COVERAGE)


def _coming(period: Period, at: datetime) -> Iterable[ReminderTimer]:
    if period.status in WAITED_FOR:
        yield from _acknowledgements(period)
    if period.status in WATCHED:
        yield from _next_watch(period, at)
    if period.status not in Period.ENDED:
        yield from _debriefs(period)


def _arm(due: ReminderTimer) -> None:
    timers.arm(due.key, kind=due.kind, due_at=due.due_at, args=dict(due.args))


def _acknowledgements(period: Period) -> Iterable[ReminderTimer]:
    go_live = period.go_live_at.isoformat()
    for days in ACKNOWLEDGEMENT_LADDER:
        args = {"period": period.pk, "go_live_at": go_live, "days": days}
        key = f"{ACKNOWLEDGEMENT}:{period.pk}:{go_live}:{days}"
        yield ReminderTimer(key, ACKNOWLEDGEMENT, period.go_live_at - timedelta(days=days), args)


def _next_watch(period: Period, at: datetime) -> Iterable[ReminderTimer]:
    """The next full hour, from a day before go-live to the end."""
    hour = (max(at, period.starts_at - A_DAY) + AN_HOUR).replace(minute=0, second=0, microsecond=0)
    if hour < period.ends_at:
        yield ReminderTimer(f"{COVERAGE}:{period.pk}:{hour.isoformat()}", COVERAGE, hour, {"period": period.pk})


def _debriefs(period: Period) -> Iterable[ReminderTimer]:
    for debrief in Debrief.objects.filter(period=period, status=Debrief.Status.SCHEDULED).order_by("starts_at", "id"):
        starts_at = debrief.starts_at.isoformat()
        yield ReminderTimer(
            f"{DEBRIEF}:{period.pk}:{debrief.pk}:{starts_at}",
            DEBRIEF,
            debrief.starts_at - DEBRIEF_NOTICE,
            {"period": period.pk, "debrief": debrief.pk, "starts_at": starts_at},
        )


# --- Firing -------------------------------------------------------------------------------------


def on_acknowledgement_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001
    """Ask those who have not answered again; closer to go-live tell the lead, then the sponsor, who they are."""
    period = _locked(args)
    is_current = period.go_live_at == datetime.fromisoformat(args["go_live_at"]) and period.go_live_at > at
    if period.status not in WAITED_FOR or not is_current:
        return
    waiting = [row.member for row in acknowledgements.summarise_readiness(period, at=at).to_remind]
    key = f"{ACKNOWLEDGEMENT}:{period.pk}:{args['go_live_at']}:{args['days']}"
    for member in waiting:
        _ask_again(period, member, args["days"], key, at)
    for person in _people(period, ACKNOWLEDGEMENT_LADDER[args["days"]]):
        _name_the_missing(period, person, waiting, args["days"], key, at)


def _ask_again(period: Period, member: Membership, days: int, key: str, at: datetime) -> None:
    outbox.ask_for_acknowledgement(
        user=member.user,
        kind="readiness_reminder",
        period=period,
        until=answer_deadline(period, at),
        at=at,
        key=f"{key}:{member.user_id}:own",
        context={**_readiness_context(period, days), "by": _name(period.lead)},
    )


def _name_the_missing(
    period: Period, person: User, waiting: list[Membership], days: int, key: str, at: datetime
) -> None:
    names = [f"{member.user} ({member.role})" if member.role else str(member.user) for member in waiting]
    if names:
        _tell(
            period,
            person,
            "readiness_reminder",
            f"{key}:{person.pk}:missing",
            at,
            period.go_live_at,
            {**_readiness_context(period, days), "waiting": names},
        )


def _readiness_context(period: Period, days: int) -> dict[str, Any]:
    return {"days": days, "go_live_at": period.go_live_at.isoformat()}


def on_debrief_soon(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001
    """Tell everybody who takes part that the debrief starts; nothing when it moved, was skipped or has begun."""
    period = _locked(args)
    debrief = Debrief.objects.filter(pk=args["debrief"], status=Debrief.Status.SCHEDULED).first()
    if debrief is None or debrief.starts_at.isoformat() != args["starts_at"] or debrief.starts_at <= at:
        return
    taking_part = Membership.objects.filter(period=period, left_at__isnull=True).exclude(right=Membership.Right.VIEWER)
    context = {"number": debrief.number, "starts_at": args["starts_at"]}
    for member in taking_part.select_related("user").order_by("id"):
        key = f"{DEBRIEF}:{debrief.pk}:{args['starts_at']}:{member.user_id}"
        _tell(period, member.user, "debrief_soon", key, at, debrief.starts_at, context)


def on_coverage_watch(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    """Every hour: tell the lead who is missing within 24 hours, and once what is missing later in the week.

    Then set the next hour's. Shifts of somebody whose account was switched off meanwhile are cancelled first.
    """
    period = _locked(args)
    if period.status not in WATCHED:
        return
    roster.cancel_unheld_shifts(period, at=at)
    _tell_lack(period, f"{COVERAGE}:{period.pk}:{due_at.isoformat()}", at)
    for due in _next_watch(period, at):
        _arm(due)


def _tell_lack(period: Period, key: str, at: datetime) -> None:
    """Who is missing within 24 hours, and what is missing later in the week and was not told yet."""
    if period.status not in WATCHED:
        return
    end = min(at + A_DAY, period.ends_at)
    gaps = coverage.open_gaps(period, start=at, end=end) if at < end else []
    if gaps and period.lead:
        context = {"gaps": [_gap(gap) for gap in gaps]}
        _tell(period, period.lead, "coverage_gap", key, at, at + AN_HOUR, context)
    _tell_ahead(period, f"{key}:ahead", at)


def _tell_ahead(period: Period, key: str, at: datetime) -> None:
    """Each gap of the coming week beyond its last day is told once; the messages sent remember which."""
    start, end = at + A_DAY, min(at + A_WEEK, period.ends_at)
    if period.lead is None or start >= end:
        return
    told = {
        (gap["role"], gap["end"])
        for said in Delivery.objects.filter(period=period, kind="coverage_ahead").values_list("context", flat=True)
        for gap in said.get("gaps", [])
    }
    gaps = [_gap(gap) for gap in coverage.open_gaps(period, start=start, end=end)]
    # A gap that reaches into the first or past the last hour looked at is told whole once it lies inside.
    inside = [gap for gap in gaps if gap["end"] != end.isoformat() and gap["start"] != start.isoformat()]
    if fresh := [gap for gap in inside if (gap["role"], gap["end"]) not in told]:
        _tell(period, period.lead, "coverage_ahead", key, at, at + A_DAY, {"gaps": fresh[:MOST_NAMED]})


def _gap(gap: coverage.RoleGap) -> dict[str, Any]:
    return {"role": str(gap.role), "start": gap.start.isoformat(), "end": gap.end.isoformat(), "missing": gap.missing}


# --- What they share ----------------------------------------------------------------------------


def _locked(args: dict[str, Any]) -> Period:
    period: Period = Period.objects.locked().select_related("lead", "sponsor").get(pk=args["period"])
    return period


def _people(period: Period, names: Iterable[str]) -> list[User]:
    people = (getattr(period, name) for name in names)
    return list({person.pk: person for person in people if person is not None}.values())


def _name(user: User | None) -> str:
    return user.name if user else ""


def _tell(
    period: Period, person: User, kind: str, key: str, at: datetime, not_after: datetime, context: Mapping[str, Any]
) -> None:
    outbox.notify(
        user=person,
        kind=kind,
        period=period,
        subject="",
        context=context,
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        key=key,
        not_after=not_after,
    )
