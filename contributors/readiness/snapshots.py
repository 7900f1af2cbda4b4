"""What an answer was given to: the pages a person read, their shifts and the go-live, as they stood then.

An answer keeps its fingerprint. Compared with the present it says what has changed since, so that a change can be
noticed any number of times and in any order. What counts as a change (docs/domain.md section 7):

- runbook or How we work: a newer version that is not a minor edit, or a page where there was none;
- shifts of the person that are still to come: one more, one less, or one moved by 30 min or more;
- go-live moved by an hour or more.

What a fingerprint does not name is not known, and never counts as changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from contributors.models import Shift
from periods.documents import documents
from periods.models import Document, Period

SHIFT_MOVED: Final = timedelta(minutes=30)
GO_LIVE_MOVED: Final = timedelta(hours=1)
PAGES: Final = (Document.Kind.RUNBOOK.value, Document.Kind.HOW_WE_WORK.value)
# Which statements each kind of change puts in doubt.
CONCERNS: Final[dict[str, tuple[str, ...]]] = {
    "runbook": ("runbook",),
    "how_we_work": ("runbook",),
    "shifts": ("shifts",),
    "go_live": ("reachable", "shifts"),
}

Code = Literal["runbook", "how_we_work", "shifts", "go_live"]
Snapshot = dict[str, Any]


class SnapshotShift(NamedTuple):
    """A shift without its identity: plans are made anew, and the same hours stay the same duty."""

    role: int
    kind: str
    starts_at: datetime
    ends_at: datetime

    def is_same(self, other: SnapshotShift) -> bool:
        """Same role and part, and neither end moved by 30 min or more."""
        return (self.role, self.kind) == (other.role, other.kind) and self._distance(other) < SHIFT_MOVED

    def is_moved(self, other: SnapshotShift) -> bool:
        """Same role and part within a day: the same shift at another time."""
        is_alike = (self.role, self.kind) == (other.role, other.kind)
        return is_alike and abs(self.starts_at - other.starts_at) < timedelta(days=1)

    def _distance(self, other: SnapshotShift) -> timedelta:
        return max(abs(self.starts_at - other.starts_at), abs(self.ends_at - other.ends_at))


@dataclass(frozen=True)
class ShiftChangeCounts:
    """How many shifts came, went and moved."""

    added: int = 0
    removed: int = 0
    moved: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.added + self.removed + self.moved

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.total)

    def __str__(self) -> str:
        """`2 shifts added, 1 moved`."""
        counts = ((self.added, "added"), (self.removed, "taken out"), (self.moved, "moved"))
        first, *rest = [f"{count} {what}" for count, what in counts if count]
        number, _, what = first.partition(" ")
        return ", ".join([f"{number} {'shift' if number == '1' else 'shifts'} {what}", *rest])


@dataclass(frozen=True)
class SnapshotChange:
    """One thing that is not as it was. `since` is the version of a page that was read (0 is none)."""

    code: Code
    since: int = 0
    shifts: ShiftChangeCounts = ShiftChangeCounts()

    @property
    def statements(self) -> tuple[str, ...]:
        """What it puts in doubt."""
        return CONCERNS[self.code]


def take_snapshots(period: Period, users: Iterable[int], *, at: datetime) -> dict[int, Snapshot]:
    """The present, for each of these people. Two queries for any number of them."""
    pages = documents.material_versions(period, PAGES)
    duties: dict[int, list[list[Any]]] = {user: [] for user in users}
    coming = Shift.objects.filter(role__period=period, user__in=list(duties), cancelled_at__isnull=True, ends_at__gt=at)
    for shift in coming.order_by("starts_at", "id"):
        duties[shift.user_id].append(
            [shift.role_id, shift.kind, shift.starts_at.isoformat(), shift.ends_at.isoformat()]
        )
    return {
        user: {"go_live_at": period.go_live_at.isoformat(), "pages": pages, "shifts": found}
        for user, found in duties.items()
    }


def compare_snapshots(was: Mapping[str, Any], now: Mapping[str, Any], *, at: datetime) -> list[SnapshotChange]:
    """What has changed that matters, in a fixed order; shifts that are over by now do not count. Pure."""
    found: list[SnapshotChange] = []
    for kind in PAGES if "pages" in was else ():
        read, there = was["pages"].get(kind, 0), now["pages"].get(kind, 0)
        if there > read and (kind in was["pages"] or not was.get("partial")):
            found.append(SnapshotChange("runbook" if kind == "runbook" else "how_we_work", since=read))
    if "go_live_at" in was and _is_moved(was["go_live_at"], now["go_live_at"]):
        found.append(SnapshotChange("go_live"))
    if "shifts" in was and (moved := _shifts(was, now, at)):
        found.append(SnapshotChange("shifts", shifts=moved))
    return found


def _shifts(was: Mapping[str, Any], now: Mapping[str, Any], at: datetime) -> ShiftChangeCounts:
    """Shifts that merely went along with go-live are told by its own change."""
    before, after = _duties(was, at), _duties(now, at)
    plain = count_shift_changes(before, after)
    if not plain or "go_live_at" not in was:
        return plain
    days = datetime.fromisoformat(now["go_live_at"]).date() - datetime.fromisoformat(was["go_live_at"]).date()
    carried = [duty._replace(starts_at=duty.starts_at + days, ends_at=duty.ends_at + days) for duty in before]
    return min(plain, count_shift_changes(carried, after), key=lambda moved: moved.total)


def _is_moved(was: str, now: str) -> bool:
    return abs(datetime.fromisoformat(now) - datetime.fromisoformat(was)) >= GO_LIVE_MOVED


def _duties(fingerprint: Mapping[str, Any], at: datetime) -> list[SnapshotShift]:
    rows = (
        SnapshotShift(role, kind, datetime.fromisoformat(start), datetime.fromisoformat(end))
        for role, kind, start, end in fingerprint["shifts"]
    )
    return [duty for duty in rows if duty.ends_at > at]


def count_shift_changes(was: list[SnapshotShift], now: list[SnapshotShift]) -> ShiftChangeCounts:
    """How many shifts came, went and moved by 30 min or more."""
    gone, new = _unmatched(was, now, SnapshotShift.is_same)
    still_gone, still_new = _unmatched(gone, new, SnapshotShift.is_moved)
    return ShiftChangeCounts(added=len(still_new), removed=len(still_gone), moved=len(gone) - len(still_gone))


def _unmatched(
    was: list[SnapshotShift], now: list[SnapshotShift], alike: Any
) -> tuple[list[SnapshotShift], list[SnapshotShift]]:
    """What has no partner on the other side; each is a partner once."""
    left = list(now)
    gone = []
    for old in was:
        partner = next((new for new in left if alike(old, new)), None)
        if partner is None:
            gone.append(old)
        else:
            left.remove(partner)
    return gone, left
