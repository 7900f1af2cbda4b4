"""The checks as the readiness page shows them: filtered by the address, grouped, each row with what one may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from hypercare.models import User
from periods import checklist
from periods.access.access import is_allowed
from periods.checklist import due_dates, evidence_rules, pages
from periods.models import ChecklistItem, Evidence, Period

SHOW = {"open": "Open", "mine": "Mine", "late": "Late", "blocking": "Blocking", "all": "All"}


@dataclass(frozen=True)
class CheckFilters:
    """What the address asks to see."""

    show: str = "open"
    category: str = ""
    owner: str = ""
    page: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> CheckFilters:
        """From a query; what is not known is left out."""
        show, owner, page = asked.get("show", ""), asked.get("owner", ""), asked.get("page", "")
        return cls(
            show if show in SHOW else "open",
            asked.get("category", "")[:40],
            owner if owner == "none" or owner.isdecimal() else "",
            page if page.isdecimal() and len(page) < 6 else "",
        )

    def query(self, **changes: str) -> str:
        """As the query of an address, with changes; of the first page, unless the changes name another."""
        changed = replace(self, **{"page": "", **changes})
        return f"?{urlencode({name: value for name, value in vars(changed).items() if value})}"

    @property
    def here(self) -> str:
        """The query of what is shown now."""
        return self.query(page=self.page)

    def lets(self, check: ChecklistItem, user: User, now: datetime) -> bool:
        """Whether a check is shown."""
        if self.category and check.category != self.category:
            return False
        if self.owner and str(check.owner_id or "none") != self.owner:
            return False
        if self.show == "all":
            return True
        if self.show == "late":
            return check.is_late(now)
        if not check.stands(now):
            return False
        return self.show == "open" or (check.owner_id == user.pk if self.show == "mine" else check.blocking)


def load_checks(period: Period) -> list[ChecklistItem]:
    """The checks of a period with all that a row says, in order. Two queries."""
    return list(full_rows().filter(period=period).order_by("position", "id"))


def outline_checks(period: Period) -> list[ChecklistItem]:
    """The checks of a period in order, with no more than filters and progress ask for. Two queries."""
    evidence = Evidence.objects.filter(removed_at__isnull=True).order_by("id")
    rows = period.checklist.prefetch_related(Prefetch("evidence", evidence))
    return list(rows.order_by("position", "id"))


def full_rows() -> QuerySet[ChecklistItem]:
    """Checks with all that a row says."""
    evidence = Evidence.objects.filter(removed_at__isnull=True).select_related("added_by").order_by("id")
    return ChecklistItem.objects.select_related("owner", "done_by", "failed_by", "waived_by").prefetch_related(
        Prefetch("evidence", evidence)
    )


def check_rights(user: User, period: Period) -> dict[str, bool]:
    """What the person may do on the page."""
    manage = is_allowed(user, period, "checks.manage")
    ended = period.status in Period.ENDED
    return {
        "manage": manage and not ended,
        "complete": not ended and (manage or is_allowed(user, period, "checks.complete")),
        "waive": not ended and (manage or period.sponsor_id == user.pk),
        "people": is_allowed(user, period, "members.manage"),
        "notes": is_allowed(user, period, "notes.view"),
    }


def board_context(
    checks: list[ChecklistItem], user: User, filters: CheckFilters, may: Mapping[str, bool], now: datetime
) -> dict[str, Any]:
    """The part of the page's context that is about checks: one page of them, and every category. Three queries."""
    by_category = _by_category(checks)
    matching = [
        (name, [check for check in rows if filters.lets(check, user, now)]) for name, rows in by_category.items()
    ]
    page = pages.cut_page(matching, number=int(filters.page or 1))
    everything = filters.show in ("open", "all") and not (filters.category or filters.owner)
    owners = User.objects.in_bulk({check.owner_id for check in checks if check.owner_id})
    return {
        "has_checks": bool(checks),
        "check_page": page,
        "groups": [
            group for group in _groups(page, by_category, user, filters, may, now) if everything or group["matching"]
        ],
        "pager": {
            "before": filters.query(page=str(page.number - 1)) if page.number > 1 else "",
            "after": filters.query(page=str(page.number + 1)) if page.number < page.pages else "",
        },
        "filters": filters,
        "is_filtered": replace(filters, page="") != CheckFilters(),
        "segments": [
            (
                filters.query(show=name),
                words,
                _count(checks, user, replace(filters, show=name), now),
                name == filters.show,
            )
            for name, words in SHOW.items()
        ],
        "categories": [(filters.query(category=name), name, name == filters.category) for name in by_category],
        "owners": [
            (filters.query(owner=str(pk)), person, str(pk) == filters.owner)
            for pk, person in sorted(owners.items(), key=lambda pair: (str(pair[1]), pair[0]))
        ],
        "without": {
            "category": filters.query(category=""),
            "owner": filters.query(owner=""),
            "nobody": filters.query(owner="none"),
        },
    }


def _count(checks: list[ChecklistItem], user: User, filters: CheckFilters, now: datetime) -> int:
    return sum(filters.lets(check, user, now) for check in checks)


def _by_category(checks: list[ChecklistItem]) -> dict[str, list[ChecklistItem]]:
    """The checks of each category, the categories by the first position in each."""
    found: dict[str, list[ChecklistItem]] = {}
    for check in checks:
        found.setdefault(check.category, []).append(check)
    return found


def _groups(
    page: pages.ChecksPage,
    by_category: Mapping[str, list[ChecklistItem]],
    user: User,
    filters: CheckFilters,
    may: Mapping[str, bool],
    now: datetime,
) -> list[dict[str, Any]]:
    """Categories with their progress, and the checks of each that are on the page."""
    full = full_rows().in_bulk([check.pk for part in page.parts for check in part.rows])
    return [
        {
            "name": part.name,
            "counted": checklist.progress_of(by_category[part.name], at=now),
            "matching": part.matching,
            "elsewhere": part.matching - len(part.rows),
            "link": filters.query(page=str(part.page)),
            "rows": [check_row(full[check.pk], user, may, now) for check in part.rows if check.pk in full],
        }
        for part in page.parts
    ]


def check_row(check: ChecklistItem, user: User, may: Mapping[str, bool], now: datetime) -> dict[str, Any]:
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
        "lacks_evidence": evidence_rules.lacks_evidence(check),
        "failing": tests["bad"] if tests and check.stands(now) and check.status != "failed" else 0,
        "due": due_dates.describe_due_date(check.due_at, check.due_days, at=now, zone=viewer),
    }
