"""The checks as the readiness page shows them: filtered by the address, grouped, each row with what one may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from hypercare.models import User
from periods import checklist, duewords
from periods.access import allowed
from periods.models import ChecklistItem, Evidence, Period

SHOW = {"open": "Open", "mine": "Mine", "late": "Late", "blocking": "Blocking", "all": "All"}


@dataclass(frozen=True)
class Filters:
    """What the address asks to see."""

    show: str = "open"
    category: str = ""
    owner: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Filters:
        """From a query; what is not known is left out."""
        show, owner = asked.get("show", ""), asked.get("owner", "")
        return cls(
            show if show in SHOW else "open",
            asked.get("category", "")[:40],
            owner if owner == "none" or owner.isdecimal() else "",
        )

    def query(self, **changes: str) -> str:
        """As the query of an address, with changes."""
        changed = replace(self, **changes)
        return f"?{urlencode({name: value for name, value in vars(changed).items() if value})}"

    def lets(self, check: ChecklistItem, user: User, now: datetime) -> bool:
        """Whether a check is shown."""
        if self.category and check.category != self.category:
            return False
        if self.owner and str(check.owner_id or "none") != self.owner:
            return False
        stands = check.stands(now)
        return {
            "all": True,
            "open": stands,
            "mine": stands and check.owner_id == user.pk,
            "late": check.is_late(now),
            "blocking": stands and check.blocking,
        }[self.show]


def load(period: Period) -> list[ChecklistItem]:
    """The checks of a period with all that a row says, in order. Two queries."""
    return list(_rows().filter(period=period).order_by("position", "id"))


def _rows() -> QuerySet[ChecklistItem]:
    evidence = Evidence.objects.filter(removed_at__isnull=True).select_related("added_by").order_by("id")
    return ChecklistItem.objects.select_related(
        "owner", "done_by", "failed_by", "waived_by"
    ).prefetch_related(Prefetch("evidence", evidence))


def one(period: Period, pk: int) -> ChecklistItem | None:
    """One check with all that its row says."""
    return _rows().filter(period=period, pk=pk).first()


def rights(user: User, period: Period) -> dict[str, bool]:
    """What the person may do on the page."""
    manage = allowed(user, period, "checks.manage")
    ended = period.status in Period.ENDED
    return {
        "manage": manage and not ended,
        "complete": not ended and (manage or allowed(user, period, "checks.complete")),
        "waive": not ended and (manage or period.sponsor_id == user.pk),
        "people": allowed(user, period, "members.manage"),
        "notes": allowed(user, period, "notes.view"),
    }


def shown(
    checks: list[ChecklistItem], user: User, filters: Filters, may: Mapping[str, bool], now: datetime
) -> dict[str, Any]:
    """The part of the page's context that is about checks."""
    groups = list(_groups(checks, user, filters, may, now))
    everything = filters.show in ("open", "all") and not (filters.category or filters.owner)
    owners = {check.owner_id: check.owner for check in checks if check.owner}
    return {
        "has_checks": bool(checks),
        "groups": groups if everything else [group for group in groups if group["rows"]],
        "filters": filters,
        "is_filtered": filters != Filters(),
        "segments": [
            (
                filters.query(show=name), words, _count(checks, user, replace(filters, show=name), now),
                name == filters.show,
            )
            for name, words in SHOW.items()
        ],
        "categories": [(filters.query(category=name), name, name == filters.category) for name in _categories(checks)],
        "owners": [
            (filters.query(owner=str(pk)), person, str(pk) == filters.owner)
            for pk, person in sorted(owners.items(), key=lambda pair: (str(pair[1]), pair[0]))
        ],
        "without": {
            "category": filters.query(category=""), "owner": filters.query(owner=""),
            "nobody": filters.query(owner="none"),
        },
    }  # fmt: skip


def _count(checks: list[ChecklistItem], user: User, filters: Filters, now: datetime) -> int:
    return sum(filters.lets(check, user, now) for check in checks)


def _categories(checks: list[ChecklistItem]) -> dict[str, int]:
    """Categories by the first position in each."""
    first: dict[str, int] = {}
    for check in checks:
        first.setdefault(check.category, check.position)
    return first


def _groups(
    checks: list[ChecklistItem], user: User, filters: Filters, may: Mapping[str, bool], now: datetime
) -> Any:
    """Categories with their progress, and the checks of each that are shown."""
    first = _categories(checks)
    for category, members in groupby(
        sorted(checks, key=lambda check: first[check.category]), lambda c: c.category
    ):
        rows = list(members)
        counted = checklist.progress_of(rows, at=now)
        lines = [row(check, user, may, now) for check in rows if filters.lets(check, user, now)]
        yield {"name": category, "counted": counted, "rows": lines}


def row(check: ChecklistItem, user: User, may: Mapping[str, bool], now: datetime) -> dict[str, Any]:
    """One check and what the person sees and may do."""
    mine = may["manage"] or (may["complete"] and check.owner_id in (None, user.pk))
    viewer = ZoneInfo(str(timezone.get_current_timezone()))
    tests = next((one.tests for one in reversed(list(check.evidence.all())) if one.tests), None)
    return {
        "check": check,
        "status": check.status_at(now).value,
        "stands": check.stands(now),
        "late": check.is_late(now),
        "mine": mine,
        "blocks": check.blocking and check.stands(now),
        "evidence": list(check.evidence.all()),
        "failing": tests["bad"] if tests and check.stands(now) and check.status != "failed" else 0,
        "due": duewords.echo(check.due_at, check.due_days, at=now, zone=viewer),
    }
