"""Actions: one thing one person does by a date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.access.access import is_allowed
from periods.journal import journal
from periods.models import Action, Debrief, Period


@transaction.atomic
def add(
    period_id: int,
    *,
    title: str,
    owner: User,
    due_at: datetime,
    by: User,
    at: datetime,
    debrief: Debrief | None = None,
    via: str = "",
) -> Action:
    """A new action. Raises Invalid without a title, for a due time that is past or an owner outside the period."""
    period = _locked_period(period_id)
    if not is_allowed(by, period, "notes.view"):
        raise NotAllowed("Only people who work on the period can add an action.")
    title = " ".join(title.split())
    _check(period, title, owner, due_at, at)
    action = create_action(period, title=title, owner=owner, due_at=due_at, by=by, at=at, debrief=debrief)
    _journal(action, "action.added", by, at, via, user=owner.pk, owner=owner.name, due_at=due_at.isoformat())
    return action


def create_action(
    period: Period, *, title: str, owner: User, due_at: datetime, by: User, at: datetime, debrief: Debrief | None
) -> Action:
    """The row alone, for a caller whose own journal entry tells of it."""
    return Action.objects.create(
        period=period, debrief=debrief, title=title[:200], owner=owner, due_at=due_at, created_by=by, created_at=at
    )


def _check(period: Period, title: str, owner: User, due_at: datetime, at: datetime) -> None:
    errors: dict[str, Any] = {}
    if not 0 < len(title) <= 200:
        errors["title"] = "Say what is to be done, in 1 to 200 characters."
    if due_at <= at:
        errors["due_at"] = "The due time is past. Choose a later one."
    if not period.memberships.filter(user=owner, left_at__isnull=True).exists():
        errors["owner"] = f"{owner} is not part of {period.name}. Add them first."
    if errors:
        raise Invalid(errors)


@transaction.atomic
def complete(action_id: int, *, by: User, at: datetime, via: str = "") -> Action:
    """It is done. Raises AlreadyDone with who was first, NotAllowed for somebody else's action."""
    action = _locked(action_id, by)
    if action.done_at is not None:
        raise AlreadyDone(f"“{action.title}” was done by {action.done_by} at {action.done_at:%H:%M UTC on %d %b %Y}.")
    action.done_at, action.done_by = at, by
    action.save(update_fields=["done_at", "done_by"])
    _journal(action, "action.done", by, at, via, late=action.due_at < at)
    return action


@transaction.atomic
def reopen(action_id: int, *, by: User, at: datetime, via: str = "") -> Action:
    """It is not done after all. Raises AlreadyDone when it is open."""
    action = _locked(action_id, by)
    if action.done_at is None:
        raise AlreadyDone(f"“{action.title}” is open already.")
    action.done_at, action.done_by = None, None
    action.save(update_fields=["done_at", "done_by"])
    _journal(action, "action.reopened", by, at, via)
    return action


def _locked_period(period_id: int) -> Period:
    period: Period = Period.objects.locked().get(pk=period_id)
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its actions stay as they were.")
    return period


def _locked(action_id: int, by: User) -> Action:
    period = _locked_period(Action.objects.values_list("period_id", flat=True).get(pk=action_id))
    action = Action.objects.select_related("owner", "done_by").get(pk=action_id)
    action.period = period
    if action.owner_id != by.pk and not is_allowed(by, period, "debriefs.run"):
        raise NotAllowed(f"“{action.title}” is {action.owner}’s. They or somebody who runs debriefs close it.")
    return action


def _journal(action: Action, kind: str, by: User, at: datetime, via: str, **data: Any) -> None:
    journal.record(
        action.period, kind, by=by, at=at, via=via, subject=f"action:{action.pk}", title=action.title, **data
    )
