"""The top risks of a go-live, as the meeting goes through them: what shows each, how soon, and what is done then."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.access.access import PEOPLE, require_right
from periods.journal import journal
from periods.models import GoRisk, Period

MOST: Final = 10
LONGEST: Final = 200
ASKED: Final = {
    "risk": "Say what could happen",
    "detection": "Say what shows it and how soon",
    "response": "Say what is done then and by whom",
}


def standing_risks(period: Period) -> list[GoRisk]:
    """The risks on the list, in the order they were added."""
    return list(GoRisk.objects.filter(period=period, removed_at__isnull=True).order_by("id"))


@transaction.atomic
def add(period_id: int, *, risk: str, detection: str, response: str, by: User, at: datetime, via: str = "") -> GoRisk:
    """One more risk. Raises NotAllowed, Invalid for a part that is missing, Refused for the eleventh or too late."""
    period = _locked(period_id, by)
    given = {"risk": risk.strip(), "detection": detection.strip(), "response": response.strip()}
    wrong = {
        name: f"{ASKED[name]}, in 1 to {LONGEST} characters."
        for name, text in given.items()
        if not 0 < len(text) <= LONGEST
    }
    if wrong:
        raise Invalid(wrong)
    if len(standing_risks(period)) >= MOST:
        raise Refused(f"The list holds the top {MOST} risks. Take one off first.")
    row = GoRisk.objects.create(period=period, **given, added_by=by, added_at=at)
    journal.record(period, "go.risk_added", by=by, at=at, via=via, title=row.risk, **given)
    return row


@transaction.atomic
def remove(risk_id: int, *, by: User, at: datetime, via: str = "") -> GoRisk:
    """Take a risk off the list; decisions that rested on it keep it. Raises AlreadyDone, NotAllowed, Refused."""
    period = _locked(GoRisk.objects.values_list("period_id", flat=True).get(pk=risk_id), by)
    row = GoRisk.objects.get(pk=risk_id)
    if row.removed_at is not None:
        raise AlreadyDone("It was taken off the list before.")
    row.removed_at = at
    row.save(update_fields=["removed_at"])
    journal.record(period, "go.risk_removed", by=by, at=at, via=via, title=row.risk)
    return row


def _locked(period_id: int, by: User) -> Period:
    period: Period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    require_right(by, period, "checks.manage")
    if period.status not in Period.PRE_LIVE:
        raise Refused("The risks of a go-live change only before it.")
    return period
