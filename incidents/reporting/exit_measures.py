"""What the incidents of a period say in numbers: exit criteria and the status document. Wishes never count.

Every function takes the instant it is asked about and reads nothing younger. What is open is read from its rows, what
came and went from sums (`hourly_totals.py`). No data is unknown, never a good figure. Definitions: docs/domain.md
sections 4 and 6.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Count, QuerySet

from incidents.models import Incident
from incidents.models.incident import IncidentQuerySet
from incidents.paging import sla
from incidents.reporting import cached_counts, hourly_totals, severity_history
from periods.exit import readings, statistics
from periods.exit.criteria import CriterionReading, Verdict
from periods.lifecycle import gates
from periods.models import Period

WEEK: Final = timedelta(days=7)
FORTNIGHT: Final = timedelta(days=14)
DAY: Final = timedelta(days=1)
OPEN_LOW_CAP: Final = 10.0  # open P3 and P4 a plan agrees to leave, when it names no number
LOOKS: Final = 14  # how many days back a streak of normal days is followed


# --- Exit criteria ------------------------------------------------------------------------------


def open_p1(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """P1 open now; met when there are no more than the threshold (0)."""
    return _at_most(period, list(_open(period, at).filter(severity="P1")), threshold or 0, "No P1 is open.", sev="P1")


def open_p2(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """Open P2 nobody has agreed to take over: a plan is accepted when the incident names who it is handed to."""
    rows = list(_open(period, at).filter(severity="P2", handed_to=""))
    return _at_most(period, rows, threshold or 0, "Every open P2 has somebody who takes it over.", sev="P2")


def days_without_p1(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """Days since something last became a P1 (`severity_history.last_p1`), or since go-live when nothing did."""
    wanted = 5 if threshold is None else threshold
    if at < period.starts_at:
        return CriterionReading(None, "Counted from go-live.", "unknown")
    last = severity_history.last_p1(period, at=at)
    days = (at - max(last.at if last else period.starts_at, period.starts_at)) / DAY
    text = f"{_number(days)} days since the last P1." if last else f"No P1 in {_number(days)} days."
    return CriterionReading(round(days, 2), text, _verdict(is_met=days >= wanted), _url(period, sev="P1"))


def rate_streak(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """On how many days in a row, up to now, arrivals were confidently normal (`statistics.arrival_verdict`).

    Looked at over a sliding week, or less in a window so short that three looks would not fit: now, and before as is
    on record for the end of each day.
    """
    wanted, length = int(3 if threshold is None else threshold), timedelta(days=_sliding_days(period))
    if at - length < period.starts_at:
        first = period.starts_at + length
        return CriterionReading(None, f"Too early: the first look is on day {period.day(first)}.", "unknown")
    latest = _look(period, at, length)
    streak = statistics.streak([*_looks_on_record(period, at), latest.outcome])
    text = f"Normal on {min(streak, wanted)} of {wanted} days in a row. {latest.note}"
    undecided = latest.outcome == "UNDECIDED" and streak < wanted
    verdict: Verdict = "unknown" if undecided else _verdict(is_met=streak >= wanted)
    return CriterionReading(streak, text, verdict, gates.page_url(period, "period_incidents"), streak)


def sla_attainment(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """Share (%) of P1 and P2 acknowledged and restored in time: last 7 days, else the whole period."""
    met, late = _sla(period, at, since=at - WEEK)
    words = "in the last 7 days"
    if not met + late:
        met, late = _sla(period, at, since=period.starts_at)
        words = "since go-live"
    text = f"{met} of {met + late} P1 and P2 {words} in time." if met + late else "No P1 or P2 was due yet."
    return _share(period, met, met + late, text, wanted=90 if threshold is None else threshold)


def bau_resolved(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """Share (%) of the incidents resolved in the last 7 days that only BAU people owned and resolved."""
    _, done, own = _between(period, hourly_totals.ENDED, at - WEEK, at)
    text = f"{own} of {done} in 7 days." if done else "Nothing was resolved in 7 days."
    return _share(period, own, done, text, wanted=95 if threshold is None else threshold)


def open_low(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """P3 and P4 open now; met when there are no more than the agreed cap."""
    cap = OPEN_LOW_CAP if threshold is None else threshold
    count = _open(period, at).filter(severity__in=("P3", "P4")).count()
    return CriterionReading(count, f"{count} open, {_number(cap)} agreed.", _verdict(is_met=count <= cap), _url(period))


def open_by_severity(period: Period, *, at: datetime) -> dict[str, int]:
    """How many of each severity are open at an instant. One query."""
    rows = _open(period, at).order_by().values_list("severity").annotate(n=Count("id"))
    found = dict(rows)
    return {str(level): found.get(level, 0) for level in Incident.Severity}


def overaged(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """Open incidents older than twice their target for the final repair."""
    rows = [incident for incident in _loaded(_open(period, at), period) if sla.is_overaged(incident, at)]
    return _at_most(period, rows, threshold or 0, "Nothing is open for over twice its target.")


def reopen_rate(period: Period, *, threshold: float | None, at: datetime) -> CriterionReading:
    """Re-openings per 100 resolutions in the last 14 days."""
    wanted = 5 if threshold is None else threshold
    _, back, resolved, _ = _between(period, hourly_totals.MOVED, at - FORTNIGHT, at)
    if not resolved:
        return CriterionReading(None, "Nothing was resolved in 14 days.", "unknown", _url(period))
    percent = 100 * back / resolved
    text = f"{back} of {resolved} came back in 14 days."
    return CriterionReading(
        round(percent, 1), text, _verdict(is_met=percent <= wanted), _url(period, status="resolved")
    )


# --- The status document ------------------------------------------------------------------------


def count_incidents(period: Period, *, at: datetime) -> dict[str, Any]:
    """What is open, unowned and late; what came and went in 24 h; promises kept on P1 and P2 in 7 days.

    `attainment` is a percentage, None when nothing was due. A constant number of queries.
    """
    found: dict[str, Any] = cached_counts.count_while_unchanged("counts", period, at, lambda: _counts(period, at))
    return found


def _counts(period: Period, at: datetime) -> dict[str, Any]:
    rows = _loaded(_open(period, at), period)
    met, late = _sla(period, at, since=at - WEEK)
    *levels, _ = _between(period, hourly_totals.REPORTED, at - DAY, at)
    resolved = _between(period, hourly_totals.ENDED, at - DAY, at)[0]
    return {
        "open": {str(level): sum(row.severity == level for row in rows) for level in Incident.Severity},
        "open_total": len(rows),
        "unowned": sum(row.owner_id is None for row in rows),
        "late": sum(sla.is_late(row, at) for row in rows),
        "arrived_24h": sum(levels),
        "resolved_24h": resolved,
        "sla": {"met": met, "late": late, "attainment": round(100 * met / (met + late), 1) if met + late else None},
    }


# --- Helpers ------------------------------------------------------------------------------------


def _open(period: Period, at: datetime) -> QuerySet[Incident]:
    """Open at an instant, the most severe first. One that came back counts as open through its pause."""
    return _standing(period, at).counted().order_by("severity", "reported_at", "id")


def _standing(period: Period, at: datetime) -> IncidentQuerySet:
    """The same with wishes and problem records, in no order."""
    rows = Incident.objects.filter(period=period)
    # Said as two: an OR of both would read everything that was ever reported.
    still = rows.filter(resolved_at__isnull=True).values("pk")
    later = rows.filter(resolved_at__gt=at).values("pk")
    found: IncidentQuerySet = rows.filter(pk__in=still.union(later, all=True), reported_at__lte=at)
    return found


def _between(period: Period, name: str, since: datetime, until: datetime) -> hourly_totals.Counts:
    """The figures of what happened after an instant, up to and including another."""
    before, after = hourly_totals.totals_of(period).up_to(name, since, until)
    return tuple(b - a for a, b in zip(before, after, strict=True))


def _loaded(rows: QuerySet[Incident], period: Period) -> list[Incident]:
    found = list(rows.only(*sla.FIELDS, "owner_id"))
    for incident in found:
        incident.period = period
    return found


def _sla(period: Period, at: datetime, *, since: datetime) -> tuple[int, int]:
    """Promises kept and missed on P1 and P2 reported since then, and on those still open."""
    rows = _standing(period, at).promised().exclude(ending__in=hourly_totals.NOT_ISSUES)
    kept = [sla.has_kept_promise(incident, at) for incident in _loaded(rows, period)]
    met, late = hourly_totals.totals_of(period).promises(since=since, at=at)
    return met + kept.count(True), late + kept.count(False)


def _sliding_days(period: Period) -> float:
    planned = (period.planned_ends_at - period.go_live_at) / DAY
    return min(statistics.RECENT_DAYS, max(1.0, planned - (statistics.PASSES_NEEDED - 1)))


def _look(period: Period, at: datetime, length: timedelta) -> statistics.ArrivalVerdict:
    """What the arrivals of the stretch before an instant say. What the release did not cause says nothing about it."""
    recent = _between(period, hourly_totals.REPORTED, at - length, at)[4]
    return statistics.arrival_verdict(
        recent=recent,
        recent_days=length / DAY,
        baseline=period.baseline_issues,
        baseline_days=period.baseline_days,
        tolerable_rate=period.tolerable_per_day,
    )


def _looks_on_record(period: Period, at: datetime) -> list[str]:
    """The outcomes of the days before this one, oldest first: a day was normal if it had a streak of its own then."""
    days = readings.days_before(period, at=at, count=LOOKS - 1)
    return ["PASS" if (day.value("rate_back_to_baseline") or 0) >= 1 else "" for day in reversed(days)]


def _at_most(period: Period, rows: list[Incident], limit: float, good: str, **query: str) -> CriterionReading:
    count = len(rows)
    named = ", ".join(f"{period.key}-{incident.number}" for incident in rows[:3])
    more = f" and {count - 3} more" if count > 3 else ""
    return CriterionReading(
        count, f"{named}{more}." if rows else good, _verdict(is_met=count <= limit), _url(period, **query)
    )


def _share(period: Period, part: int, whole: int, text: str, *, wanted: float) -> CriterionReading:
    if not whole:
        return CriterionReading(None, text, "unknown", _url(period, status="resolved"))
    percent = 100 * part / whole
    return CriterionReading(
        round(percent, 1), text, _verdict(is_met=percent >= wanted), _url(period, status="resolved")
    )


def _verdict(*, is_met: bool) -> Verdict:
    return "pass" if is_met else "fail"


def _url(period: Period, **query: str) -> str:
    """The list that shows what was counted."""
    page = gates.page_url(period, "period_incidents")
    return f"{page}?{urlencode(query)}" if page and query else page


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
