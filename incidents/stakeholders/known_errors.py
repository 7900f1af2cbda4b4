"""Errors that are known: a title, a way around, and whether people outside may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from incidents.models import Incident, KnownError, Notice
from incidents.shared.locking import lock, record_entry
from incidents.stakeholders import status_pages
from incidents.triage import title_similarity
from periods.journal import journal
from periods.models import Period

LONGEST_TITLE: Final = 120
LONGEST_WORKAROUND: Final = 2000
TOO_LONG: Final = f"Shorten it to {LONGEST_WORKAROUND:,} characters."
MOST_OF_A_PERIOD: Final = 200
SHOWN_OUTSIDE: Final = 8


@dataclass(frozen=True)
class PublicIssue:
    """What people outside read before they report: an open notice, which can be followed, or a known error."""

    title: str
    words: str
    tone: str
    workaround: str = ""
    notice: int | None = None


@transaction.atomic
def from_incident(
    incident_id: int,
    *,
    by: User,
    at: datetime,
    title: str = "",
    workaround: str = "",
    shown_outside: bool = False,
    via: str = "",
) -> KnownError:
    """A known error in one step: the incident's own title and resolution where nothing else is said.

    Raises AlreadyDone when the incident has one that still holds, Invalid for words that can't stand.
    """
    incident = lock(incident_id)
    if KnownError.objects.filter(incident=incident, ended_at__isnull=True).exists():
        raise AlreadyDone(f"{incident.key} is a known error already.")
    row = _make(
        incident.period,
        title or incident.title[:LONGEST_TITLE],
        workaround or incident.resolution,
        incident.component,
        shown_outside=shown_outside,
        by=by,
        at=at,
    )
    row.incident = incident
    row.save(update_fields=["incident"])
    said = {"title": row.title, "shown_outside": shown_outside, "known_error": row.pk}
    record_entry(incident, "known_error.added", by, at, via, **said)
    return row


@transaction.atomic
def add(
    period_id: int,
    *,
    title: str,
    workaround: str,
    component: str = "",
    shown_outside: bool = False,
    by: User,
    at: datetime,
    via: str = "",
) -> KnownError:
    """A known error of its own. Raises Invalid for words that can't stand."""
    period = Period.objects.locked().get(pk=period_id)
    row = _make(period, title, workaround, component, shown_outside=shown_outside, by=by, at=at)
    journal.record(
        period,
        "known_error.added",
        by=by,
        at=at,
        via=via,
        title=row.title,
        shown_outside=shown_outside,
        known_error=row.pk,
    )
    return row


@transaction.atomic
def change(
    pk: int, *, title: str, workaround: str, component: str, shown_outside: bool, by: User, at: datetime, via: str = ""
) -> KnownError:
    """Say it differently, or show it outside. Raises Invalid for words that can't stand."""
    row = _held(pk)
    title, workaround = _tidy(row.period, title, workaround, component)
    row.title, row.workaround, row.component, row.shown_outside = title, workaround, component, shown_outside
    row.updated_at = at
    row.save(update_fields=["title", "workaround", "component", "shown_outside", "updated_at"])
    journal.record(
        row.period,
        "known_error.changed",
        by=by,
        at=at,
        via=via,
        title=title,
        shown_outside=shown_outside,
        known_error=row.pk,
    )
    return row


@transaction.atomic
def end(pk: int, *, by: User, at: datetime, via: str = "") -> KnownError:
    """It is mended, or no longer true. Raises AlreadyDone the second time."""
    row = _held(pk)
    if row.ended_at is not None:
        raise AlreadyDone(f"“{row.title}” was ended already.")
    row.ended_at = row.updated_at = at
    row.save(update_fields=["ended_at", "updated_at"])
    journal.record(row.period, "known_error.ended", by=by, at=at, via=via, title=row.title, known_error=row.pk)
    return row


def current_errors(period: Period) -> QuerySet[KnownError]:
    """What is known and still true, the newest first."""
    found = KnownError.objects.filter(period=period, ended_at__isnull=True)
    return found.select_related("incident").order_by("-id")


def find_similar(period: Period, title: str, component: str = "") -> list[KnownError]:
    """Known errors that a title may be about, the likeliest first: for support. One query."""
    rows = list(current_errors(period)[:MOST_OF_A_PERIOD])
    return title_similarity.best_matches(title, rows, component=component)


def public_issues(period: Period) -> list[PublicIssue]:
    """What people outside read first: open notices where they may see them, then known errors. Three queries."""
    page = status_pages.status_page_of(period)
    notices = Notice.objects.filter(period=period, resolved_at__isnull=True).order_by("-updated_at", "-id")
    told = list(notices[:SHOWN_OUTSIDE]) if status_pages.is_open(page) else []
    shown = current_errors(period).filter(shown_outside=True)[:SHOWN_OUTSIDE]
    return [_of_notice(notice) for notice in told] + [
        PublicIssue(row.title, "There is a way around it" if row.workaround else "", "info", row.workaround)
        for row in shown
    ]


def _of_notice(notice: Notice) -> PublicIssue:
    calm = notice.state == Notice.State.MONITORING
    words = str(notice.get_state_display())
    return PublicIssue(notice.title, words, "info" if calm else "warn", notice=notice.pk)


def _make(
    period: Period, title: str, workaround: str, component: str, *, shown_outside: bool, by: User, at: datetime
) -> KnownError:
    title, workaround = _tidy(period, title, workaround, component)
    if current_errors(period).count() >= MOST_OF_A_PERIOD:
        raise Invalid({"title": f"A period can have {MOST_OF_A_PERIOD} known errors. End one that is mended."})
    return KnownError.objects.create(
        period=period,
        title=title,
        workaround=workaround,
        component=component,
        shown_outside=shown_outside,
        created_at=at,
        created_by=by,
        updated_at=at,
    )


def _held(pk: int) -> KnownError:
    period_id = KnownError.objects.values_list("period_id", flat=True).get(pk=pk)
    period = Period.objects.locked().get(pk=period_id)
    row: KnownError = KnownError.objects.get(pk=pk)
    row.period = period
    return row


def _tidy(period: Period, title: str, workaround: str, component: str) -> tuple[str, str]:
    title, workaround = " ".join(title.split()), workaround.strip()
    complaints = {
        "title": "" if 0 < len(title) <= LONGEST_TITLE else f"Say it in at most {LONGEST_TITLE} characters.",
        "workaround": TOO_LONG if len(workaround) > LONGEST_WORKAROUND else "",
        "component": "Choose one of the period's systems." if component and component not in period.systems else "",
    }
    if any(complaints.values()):
        raise Invalid({name: said for name, said in complaints.items() if said})
    return title, workaround


def known_error_of(incident: Incident) -> KnownError | None:
    """The known error an incident became, if it still holds. One query."""
    return KnownError.objects.filter(incident=incident, ended_at__isnull=True).first()
