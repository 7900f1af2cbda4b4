"""Asking for votes: seats nobody has spoken for hear three days and one day before go-live, and the sponsor last."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from contributors.messaging import outbox
from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.models import User
from periods.go import gonogo
from periods.models import JournalEntry, Period

KIND: Final = "go.call"
DAYS: Final = (3, 1)
MOST_NAMED: Final = 8


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: while a period gets ready, its calls are set; a moved go-live makes new ones."""
    period = entry.period
    if period.status != Period.Status.READINESS or not entry.kind.startswith(("period.", "go.reverted")):
        return
    moment = period.go_live_at.isoformat()
    for days in DAYS:
        if (due_at := period.go_live_at - timedelta(days=days)) > at:
            args = {"period": period.pk, "go_live_at": moment, "days": days}
            timers.arm(f"{KIND}:{period.pk}:{moment}:{days}", kind=KIND, due_at=due_at, args=args)


def on_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer: ask each person whose seat is silent, once for all their seats; the sponsor when only they are missing."""
    people = ("lead", "sponsor", "bau_owner")
    period = Period.objects.locked().select_related(*people).get(pk=args["period"])
    is_current = period.go_live_at.isoformat() == args["go_live_at"] and period.go_live_at > at
    if period.status != Period.Status.READINESS or not is_current:
        return
    against = [blocker.text for blocker in gonogo.find_blockers(period, at=at)]
    asked: dict[User, list[str]] = {}
    for seat in gonogo.quorum_of(gonogo.seats_of(period)).missing:
        asked.setdefault(seat.user, []).append(seat.role)
    for user, roles in asked.items():
        _call(period, user, args, at, {"roles": roles, "against": against[:MOST_NAMED]})
    if not asked and period.sponsor:
        _call(period, period.sponsor, args, at, {"decides": True, "against": against[:MOST_NAMED]})


def _call(period: Period, user: User, args: dict[str, Any], at: datetime, said: dict[str, Any]) -> None:
    outbox.notify(
        user=user,
        kind="go_call",
        period=period,
        subject="",
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        not_after=period.go_live_at,
        key=f"{KIND}:{period.pk}:{args['go_live_at']}:{args['days']}:{user.pk}",
        context={
            **said,
            "days": args["days"],
            "go_live_at": args["go_live_at"],
            "by": period.lead.name if period.lead else "",
        },
    )
