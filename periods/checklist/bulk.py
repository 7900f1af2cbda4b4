"""The same change to several checks: all or none, one journal entry each, undone as one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from periods.access.access import require_right
from periods.checklist.actions import assign, reopen, set_aside
from periods.checklist.editing import lock_period
from periods.models import ChecklistItem

MOST: Final = 200
ACTIONS: Final[dict[str, Callable[..., ChecklistItem]]] = {"assign": assign, "set-aside": set_aside, "reopen": reopen}


@transaction.atomic
def change_many(
    period_id: int, item_ids: Collection[int], action: str, *, by: User, at: datetime, via: str = "", **values: Any
) -> tuple[int, int]:
    """Do an action of ACTIONS to checks of a period: how many changed, and the first journal entry (for undo).

    Checks that are so already are left alone. Completing is not among them: each is somebody's word, with evidence.
    Raises Invalid, NotAllowed, AlreadyDone when nothing would change.
    """
    period = lock_period(period_id)
    require_right(by, period, "checks.manage")
    wanted = sorted(set(item_ids))
    found = list(period.checklist.filter(pk__in=wanted[: MOST + 1]).order_by("position", "id"))
    if not found or len(wanted) > MOST or len(found) != len(wanted):
        raise Invalid({"checks": f"Choose 1 to {MOST} checks of this period."})
    if action not in ACTIONS:
        raise Invalid({"action": f"Choose from {', '.join(ACTIONS)}."})
    batch, before = secrets.token_hex(8), period.journal_seq
    for one in found:
        try:
            item = ACTIONS[action](one.pk, by=by, at=at, via=via, batch=batch, **values)
        except AlreadyDone:
            continue
        period.journal_seq = max(period.journal_seq, item.period.journal_seq)
    changed = period.journal_seq - before
    if not changed:
        raise AlreadyDone("Those checks are so already; nothing was changed.")
    return changed, before + 1
