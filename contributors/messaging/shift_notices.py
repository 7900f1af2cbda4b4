"""Who is told when rotations, batches of shifts and absences change. Journal entry → messages, by stable keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contributors.messaging import outbox
from contributors.models import Delivery
from hypercare.models import User
from periods.models import JournalEntry, Period

PLANNED = (
    "rotation.saved",
    "rotation.ended",
    "role.changed",
    "shift.planned",
    "shift.unplanned",
    "shift.imported",
    "shift.unimported",
)

# Their entries carry the name of what changed; those of a batch only say how many shifts it has in all.
NAMED_AFTER = ("rotation.saved", "rotation.ended", "role.changed")


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer; a replay tells nobody twice. Nobody hears of plans before readiness opens."""
    if entry.kind in PLANNED and entry.period.status not in (Period.Status.DRAFT, Period.Status.PLANNED):
        for user in User.objects.filter(pk__in=entry.data.get("users", [])).order_by("pk"):
            shifts = entry.data.get("first", {}).get(str(user.pk), [])
            said = {"title": _own_title(entry, user), "shifts": shifts}
            _tell(entry, user, "shifts_planned", said, at)
    elif entry.kind == "shift.covered" and not entry.data.get("request"):
        giver = User.objects.filter(pk=entry.data.get("from_user")).first()
        said = {name: entry.data[name] for name in ("person", "role", "starts_at", "ends_at")}
        _tell(entry, giver, "shift_taken_over", said, at)
        taker = User.objects.filter(pk=entry.data["user"]).first()
        _tell(entry, taker, "shift_changed", {**said, "what": "added"}, at)
    elif entry.kind in {"absence.added", "absence.imported"} and entry.data.get("shifts"):
        said = {name: entry.data[name] for name in ("person", "shifts", "starts_at", "ends_at")}
        _tell(entry, entry.period.lead, "absence", said, at)


def _own_title(entry: JournalEntry, user: User) -> str:
    """How many of this person's shifts are new, moved or gone; of what, where it has a name."""
    changed, gone = entry.data.get("own", {}).get(str(user.pk), (0, 0))
    parts = [f"{many} {word}" for many, word in ((changed, "new or changed"), (gone, "taken away")) if many]
    named = str(entry.data.get("title", "")) if entry.kind in NAMED_AFTER else ""
    return ": ".join(filter(None, [named, ", ".join(parts)])) or str(entry.data.get("title", ""))


def _tell(entry: JournalEntry, user: User | None, kind: str, said: dict[str, Any], at: datetime) -> None:
    if user is None or user.pk == entry.actor_id:
        return
    outbox.notify(
        user=user,
        kind=kind,
        period=entry.period,
        subject=entry.subject,
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        key=f"{entry.pk}:{user.pk}:{kind}",
        context={**said, "by": entry.actor.name if entry.actor else ""},
    )
