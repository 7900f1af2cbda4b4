"""What the incidents of a period say in numbers: exit criteria, the status document, charts. Wishes never count.

Every function takes the instant it is asked about and reads nothing younger. Days are those of the period's
zone. No data is unknown, never a good figure. Definitions: docs/domain.md sections 4 and 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Case, Count, F, IntegerField, Max, Q, QuerySet, Value, When
from django.db.models.functions import TruncDate

from contributors.models import Membership
from incidents import deadlines, tallies
from incidents.models import Incident, StatusChange
from periods import gates, statistics
from periods.criteria import Reading, Verdict
from periods.models import Period
from periods.wallclock import local_day

WEEK: Final = timedelta(days=7)
FORTNIGHT: Final = timedelta(days=14)
DAY: Final = timedelta(days=1)
LOOKS: Final = 14  # how many days back a streak of normal days is followed
URGENT: Final = ("P1", "P2")
BAU_CODES: Final = ("SU",)  # the duty that stays when the hypercare team leaves
NOT_THE_RELEASE: Final = (Incident.Verdict.KNOWN, Incident.Verdict.UNRELATED)
MOST_STEPS: Final = 1000
MANY: Final = 2000  # incidents of a period from which figures are kept for a minute
NOT_ISSUES: Final = (Incident.Ending.DUPLICATE, Incident.Ending.NOT_A_PROBLEM)


# --- Exit criteria ------------------------------------------------------------------------------


def open_p1(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """P1 open now; met when there are no more than the threshold (0)."""
    return _at_most(
        period, list(_open(period, at).filter(severity="P1")), threshold or 0, "No P1 is open.", sev="P1"
    )


def open_p2(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """Open P2 nobody has agreed to take over: a plan is accepted when the incident names who it is handed to."""
    rows = list(_open(period, at).filter(severity="P2", handed_to=""))
    return _at_most(period, rows, threshold or 0, "Every open P2 has somebody who takes it over.", sev="P2")


def days_without_p1(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """Days since a P1 was last reported or came back, or since go-live when there was none."""
    wanted = 5 if threshold is None else threshold
    if at < period.starts_at:
        return Reading(None, "Counted from go-live.", "unknown")
    p1 = counted_changes(period).filter(incident__severity="P1", opens=1, at__lte=at)
    last = p1.aggregate(last=Max("at"))["last"]
    days = (at - max(last or period.starts_at, period.starts_at)) / DAY
    text = f"{_number(days)} days since the last P1." if last else f"No P1 in {_number(days)} days."
    return Reading(round(days, 2), text, _verdict(is_met=days >= wanted), _url(period, sev="P1"))


def rate_streak(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """On how many days in a row, up to now, arrivals were confidently normal (`statistics.arrival_verdict`).

    Looked at once a day over a sliding week, or less in a window so short that three looks would not fit.
    """
    wanted = int(3 if threshold is None else threshold)
    outcomes = _looks(period, at)
    if not outcomes:
        first = period.starts_at + timedelta(days=_sliding_days(period))
        return Reading(None, f"Too early: the first look is on day {period.day(first)}.", "unknown")
    streak, latest = statistics.streak([verdict.outcome for verdict in outcomes]), outcomes[-1]
    text = f"Normal on {streak} of {wanted} days in a row. {latest.note}"
    undecided = latest.outcome == "UNDECIDED" and streak < wanted
    verdict: Verdict = "unknown" if undecided else _verdict(is_met=streak >= wanted)
    return Reading(streak, text, verdict, gates.page(period, "period_incidents"), streak)


def sla_attainment(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """Share (%) of P1 and P2 acknowledged and restored in time: last 7 days, else the whole period."""
    met, late = _sla(period, at, since=at - WEEK)
    words = "in the last 7 days"
    if not met + late:
        met, late = _sla(period, at, since=period.starts_at)
        words = "since go-live"
    text = f"{met} of {met + late} P1 and P2 {words} in time." if met + late else "No P1 or P2 was due yet."
    return _share(period, met, met + late, text, wanted=90 if threshold is None else threshold)


def bau_resolved(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """Share (%) of the incidents resolved in the last 7 days that only BAU people owned and resolved."""
    done = _issues(period, at).filter(resolved_at__gt=at - WEEK, resolved_at__lte=at)
    bau = Membership.objects.filter(period=period, role__code__in=BAU_CODES).values("user_id")
    alone = Q(resolved_by__in=bau) | Q(resolved_by=period.bau_owner_id)
    owned = Q(owner__isnull=True) | Q(owner__in=bau) | Q(owner=period.bau_owner_id)
    found = done.aggregate(all=Count("id"), own=Count("id", filter=alone & owned))
    text = (
        f"{found['own']} of {found['all']} in 7 days." if found["all"] else "Nothing was resolved in 7 days."
    )
    return _share(period, found["own"], found["all"], text, wanted=95 if threshold is None else threshold)


def open_low(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """P3 and P4 open now; met when there are no more than the agreed cap."""
    cap = 10 if threshold is None else threshold
    count = _open(period, at).filter(severity__in=("P3", "P4")).count()
    return Reading(
        count, f"{count} open, {_number(cap)} agreed.", _verdict(is_met=count <= cap), _url(period)
    )


def overaged(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """Open incidents older than twice their target for the final repair."""
    rows = [
        incident for incident in _loaded(_open(period, at), period) if deadlines.is_overaged(incident, at)
    ]
    return _at_most(period, rows, threshold or 0, "Nothing is open for over twice its target.")


def reopen_rate(period: Period, *, threshold: float | None, at: datetime) -> Reading:
    """Re-openings per 100 resolutions in the last 14 days."""
    wanted = 5 if threshold is None else threshold
    found = _steps(period, at).filter(at__gt=at - FORTNIGHT).aggregate(
        resolved=Count("id", filter=Q(opens=-1)), back=Count("id", filter=Q(opens=1) & ~Q(from_status=""))
    )  # fmt: skip
    if not found["resolved"]:
        return Reading(None, "Nothing was resolved in 14 days.", "unknown", _url(period))
    percent = 100 * found["back"] / found["resolved"]
    text = f"{found['back']} of {found['resolved']} came back in 14 days."
    return Reading(
        round(percent, 1), text, _verdict(is_met=percent <= wanted), _url(period, status="resolved")
    )


# --- The status document ------------------------------------------------------------------------


def counts(period: Period, *, at: datetime) -> dict[str, Any]:
    """What is open, unowned and late; what came and went in 24 h; promises kept on P1 and P2 in 7 days.

    `attainment` is a percentage, None when nothing was due. Three queries.
    """
    found: dict[str, Any] = _kept("counts", period, at, lambda: _counts(period, at))
    return found


def _counts(period: Period, at: datetime) -> dict[str, Any]:
    rows = _loaded(_open(period, at), period)
    met, late = _sla(period, at, since=at - WEEK)
    day = Q(reported_at__gt=at - DAY, reported_at__lte=at)
    moved = (
        Incident.objects.counted()
        .filter(period=period)
        .aggregate(
            arrived=Count("id", filter=day),
            resolved=Count("id", filter=Q(resolved_at__gt=at - DAY, resolved_at__lte=at)),
        )
    )
    return {
        "open": {str(level): sum(row.severity == level for row in rows) for level in Incident.Severity},
        "open_total": len(rows),
        "unowned": sum(row.owner_id is None for row in rows),
        "late": sum(deadlines.is_late(row, at) for row in rows),
        "arrived_24h": moved["arrived"],
        "resolved_24h": moved["resolved"],
        "sla": {
            "met": met,
            "late": late,
            "attainment": round(100 * met / (met + late), 1) if met + late else None,
        },
    }


# --- Charts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: what arrived (by severity), came back and was resolved, and what was open at its end.

    `arrived` and `open` are None for a day to come. It is also what `hypercare.svg.arrivals` draws.
    """

    on: date
    arrived: dict[str, int] | None
    reopened: int
    resolved: int
    open: int | None
    today: bool
    forecast: Any = None

    @property
    def top(self) -> str:
        """The weekday's initial."""
        return f"{self.on:%a}"[0]

    @property
    def bottom(self) -> str:
        """The day of the month."""
        return str(self.on.day)

    @property
    def counts(self) -> dict[str, int] | None:
        """Arrivals as the chart stacks them: P1 and P2 together, P3, P4."""
        if self.arrived is None:
            return None
        return {
            "high": self.arrived["P1"] + self.arrived["P2"],
            "p3": self.arrived["P3"],
            "p4": self.arrived["P4"],
        }

    @property
    def total(self) -> int:
        """Everything that arrived."""
        return sum((self.arrived or {}).values())


def daily(period: Period, *, at: datetime) -> list[Day]:
    """Each local day of the window from go-live on, and beyond its end while it is open. Two queries.

    The last day so far counts up to `at`. Re-openings are a series of their own, not arrivals.
    """
    found: list[Day] = _kept("daily", period, at, lambda: _daily(period, at))
    return found


def _daily(period: Period, at: datetime) -> list[Day]:
    arrived, moved, before = _arrivals(period, at), *_movements(period, at)
    today, still_open, days = local_day(at, period.zone), before, []
    for on in _window(period, at):
        back, done = moved.get((on, 1), 0), moved.get((on, -1), 0)
        levels = {str(level): arrived.get((on, level), 0) for level in Incident.Severity}
        still_open += moved.get((on, 0), 0) + back - done
        past = on <= today
        days.append(Day(on, levels if past else None, back, done, still_open if past else None, on == today))
    return days


def burn_down(period: Period, *, at: datetime) -> list[tuple[float, int]]:
    """Steps of the number open: (days since midnight of the first day, open from then on). One query.

    Beyond a thousand steps, which no chart can show, only so many of them, each as it was.
    """
    found: list[tuple[float, int]] = _kept("burn", period, at, lambda: _burn_down(period, at))
    return found


def _burn_down(period: Period, at: datetime) -> list[tuple[float, int]]:
    first, open_now, samples = local_day(period.starts_at, period.zone), 0, [(0.0, 0)]
    for moment, opens in _steps(period, at).order_by("at", "id").values_list("at", "opens"):
        open_now += opens
        samples.append((max(0.0, _place(moment, first, period)), open_now))
    samples = samples[:: len(samples) // MOST_STEPS + 1]
    return [*samples, (max(0.0, _place(at, first, period)), open_now)]


def _kept(name: str, period: Period, at: datetime, count: Callable[[], Any]) -> Any:
    """Counted once per version and minute where there is much to count, each time where there is little."""
    if period.next_incident_number <= MANY:
        return count()
    return tallies.once(f"{name}:{tallies.stamp([period], at=at)}", count)


def _place(moment: datetime, first: date, period: Period) -> float:
    """Days since midnight of the first day, on the clock on the wall: a day is one whatever its hours."""
    local = moment.astimezone(period.zone)
    return round((local.date() - first).days + (local.hour * 60 + local.minute) / 1440, 4)


def _window(period: Period, at: datetime) -> list[date]:
    first, last = (
        local_day(period.starts_at, period.zone),
        local_day(period.ends_at - timedelta(microseconds=1), period.zone),
    )
    over = local_day(min(at, period.ended_at or at), period.zone)
    return [first + timedelta(days=i) for i in range((max(first, last, over) - first).days + 1)]


def _arrivals(period: Period, at: datetime) -> dict[tuple[date, str], int]:
    rows = Incident.objects.counted().filter(period=period, reported_at__lte=at)
    days = rows.values(on=TruncDate("reported_at", tzinfo=period.zone), level=F("severity"))
    return {
        (row["on"], row["level"]): row["n"] for row in days.annotate(n=Count("id")).order_by("on", "level")
    }


def _movements(period: Period, at: datetime) -> tuple[dict[tuple[date, int], int], int]:
    """How many were reported (0), came back (1) and were resolved (-1) each day; what was open before day one."""
    kind = Case(When(opens=1, from_status="", then=Value(0)), default=F("opens"), output_field=IntegerField())
    days = _steps(period, at).values(on=TruncDate("at", tzinfo=period.zone), kind=kind)
    rows = list(days.annotate(n=Count("id")).order_by("on", "kind"))
    first = local_day(period.starts_at, period.zone)
    before = sum(row["n"] * (-1 if row["kind"] == -1 else 1) for row in rows if row["on"] < first)
    return {(row["on"], row["kind"]): row["n"] for row in rows}, before


# --- Helpers ------------------------------------------------------------------------------------


def _open(period: Period, at: datetime) -> QuerySet[Incident]:
    """Open at an instant, the most severe first. One that came back counts as open through its pause."""
    still: QuerySet[Incident] = Incident.objects.counted().filter(period=period, reported_at__lte=at)
    return still.filter(Q(resolved_at__isnull=True) | Q(resolved_at__gt=at)).order_by(
        "severity", "reported_at", "id"
    )


def _issues(period: Period, at: datetime) -> QuerySet[Incident]:
    """Without duplicates and what turned out to be nothing."""
    issues: QuerySet[Incident] = Incident.objects.counted().filter(period=period, reported_at__lte=at)
    return issues.exclude(ending__in=NOT_ISSUES)


def _steps(period: Period, at: datetime) -> QuerySet[StatusChange]:
    return counted_changes(period).filter(at__lte=at).exclude(opens=0)


def counted_changes(period: Period) -> QuerySet[StatusChange]:
    """The steps of what the window is judged by: a wish never came and never went."""
    return StatusChange.objects.filter(period=period).exclude(incident__kind__in=Incident.UNCOUNTED)


def _loaded(rows: QuerySet[Incident], period: Period) -> list[Incident]:
    found = list(rows.only(*deadlines.FIELDS, "owner_id"))
    for incident in found:
        incident.period = period
    return found


def _sla(period: Period, at: datetime, *, since: datetime) -> tuple[int, int]:
    """Promises kept and missed on P1 and P2 reported since then, and on those still open."""
    young = Q(reported_at__gte=since) | Q(reopened_at__gte=since)
    still_open = Q(resolved_at__isnull=True) | Q(resolved_at__gt=at)
    rows = _issues(period, at).filter(young | still_open, severity__in=URGENT)
    kept = [deadlines.kept_promise(incident, at) for incident in _loaded(rows, period)]
    return kept.count(True), kept.count(False)


def _sliding_days(period: Period) -> float:
    planned = (period.planned_ends_at - period.go_live_at) / DAY
    return min(statistics.RECENT_DAYS, max(1.0, planned - (statistics.PASSES_NEEDED - 1)))


def _looks(period: Period, at: datetime) -> list[statistics.Verdict]:
    """The verdict at this time of day on each of the last days that had a full sliding window, oldest first."""
    length = timedelta(days=_sliding_days(period))
    ends = [
        at - back * DAY for back in reversed(range(LOOKS)) if at - back * DAY - length >= period.starts_at
    ]
    if not ends:
        return []
    # What the release did not cause says nothing about the release.
    issues = _issues(period, at).exclude(verdict__in=NOT_THE_RELEASE)
    windows = {
        f"n{i}": Count("id", filter=Q(reported_at__gt=end - length, reported_at__lte=end))
        for i, end in enumerate(ends)
    }
    found = issues.aggregate(**windows)
    return [
        statistics.arrival_verdict(
            recent=found[name], recent_days=length / DAY, baseline=period.baseline_issues,
            baseline_days=period.baseline_days, tolerable_rate=period.tolerable_per_day,
        )
        for name in windows
    ]  # fmt: skip


def _at_most(period: Period, rows: list[Incident], limit: float, good: str, **query: str) -> Reading:
    count = len(rows)
    named = ", ".join(f"{period.key}-{incident.number}" for incident in rows[:3])
    more = f" and {count - 3} more" if count > 3 else ""
    return Reading(
        count, f"{named}{more}." if rows else good, _verdict(is_met=count <= limit), _url(period, **query)
    )


def _share(period: Period, part: int, whole: int, text: str, *, wanted: float) -> Reading:
    if not whole:
        return Reading(None, text, "unknown", _url(period, status="resolved"))
    percent = 100 * part / whole
    return Reading(
        round(percent, 1), text, _verdict(is_met=percent >= wanted), _url(period, status="resolved")
    )


def _verdict(*, is_met: bool) -> Verdict:
    return "pass" if is_met else "fail"


def _url(period: Period, **query: str) -> str:
    """The list that shows what was counted."""
    page = gates.page(period, "period_incidents")
    return f"{page}?{urlencode(query)}" if page and query else page


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
