"""When something was a P1, from the journal: how it is graded today says nothing about then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from incidents.models import Incident, StatusChange
from incidents.paging import sla
from incidents.reporting import hourly_totals
from periods.models import JournalEntry, Period

WORDS: Final = {"incident.reported": "reported", "incident.reopened": "reopened", "incident.regraded": "raised"}


@dataclass(frozen=True, slots=True)
class GradedP1:
    """Something became a P1: its number, when, and whether it was reported, reopened or raised."""

    at: datetime
    number: int
    word: str


def last_p1(period: Period, *, at: datetime) -> GradedP1 | None:
    """When something last became a P1, up to an instant; whatever it was graded later. At most five queries.

    A grade that was taken back as a slip never was. One that turned out to be a wish or a problem record before it
    missed anything or ended is left out as well.
    """
    found = [*_of_journal(period, at), *_of_steps(period, at)]
    return max(found, key=lambda event: event.at, default=None)


def _of_journal(period: Period, at: datetime) -> Iterator[GradedP1]:
    """The newest."""
    entries = JournalEntry.objects.filter(period=period, kind__in=WORDS, data__severity="P1", at__lte=at)
    rows = list(entries.order_by("-seq").only("at", "seq", "subject", "kind", "data"))
    if not rows:
        return
    undone, wishes = _undone(period, at), _wishes(period)
    for row in rows:
        number = int(row.subject.rpartition(":")[2])
        if row.data.get("before") != "P1" and row.seq not in undone and number not in wishes:
            yield GradedP1(row.at, number, WORDS[row.kind])
            return


def _undone(period: Period, at: datetime) -> set[int]:
    """The entries that were taken back."""
    entries = JournalEntry.objects.filter(
        period=period, kind="incident.undone", data__what="incident.regraded", at__lte=at
    )
    return set(entries.values_list("data__undone", flat=True))


def _wishes(period: Period) -> set[int]:
    """Numbers of what was judged to be no incident in time."""
    rows = Incident.objects.filter(period=period, kind__in=Incident.UNCOUNTED, reopened=0)
    return {row.number for row in rows.only("number", "marks") if not sla.has_missed_when_urgent(row)}


def _of_steps(period: Period, at: datetime) -> Iterator[GradedP1]:
    """The newest of what is a P1 now, for rows without a journal: the hour from the sums, the moment from its rows."""
    summed = hourly_totals.totals_of(period)
    hours = [hour for hour, counts in summed.hours(hourly_totals.MOVED, at=at).items() if counts[3]]
    if not hours:
        return
    steps = StatusChange.objects.filter(
        period=period, at__gte=summed.start_of(max(hours)), at__lte=at, opens=1, incident__severity="P1"
    )
    counted = steps.exclude(incident__kind__in=Incident.UNCOUNTED).order_by("-at", "-id")
    for moment, number, before in counted.values_list("at", "incident__number", "from_status")[:1]:
        yield GradedP1(moment, number, "reopened" if before else "reported")
