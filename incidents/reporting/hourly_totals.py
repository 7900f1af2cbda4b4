"""Incidents of a period in sums of an hour, so that a figure of months costs as much as one of days.

An incident changes long after it was reported: it is graded again, comes back, is merged. Nothing is added or taken
away for that. What is kept says up to which journal entry it counts; whoever asks later counts anew the hours of
every incident the journal has named since (`periods/journal/journal.py` has an entry for each change, in its
transaction). Counting an hour twice is harmless, so it doesn't matter who asks at the same time, and a kept sum may
be lost at any moment. With few incidents nothing is kept.

A sum says “up to and including an instant”: whole hours from what is kept, the hour of the instant from its rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from hashlib import sha256
from itertools import accumulate
from math import gcd
from operator import or_
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection
from django.db.models import BigIntegerField, Case, Count, Func, Q, QuerySet, Value, When

from contributors.people import tenure
from incidents.models import Incident, StatusChange
from incidents.paging import escalation_policies, sla
from incidents.reporting.cached_counts import is_costly_to_count
from periods.models import JournalEntry, Period
from periods.planning import workdays

KEPT_S: Final = 24 * 3600
MOST_ENTRIES: Final = 1000  # of the journal that are followed; beyond that everything is counted anew
MOST_HOURS: Final = 150
HOUR: Final = 3600
BAU_CODES: Final = ("SU",)  # the duty that stays when the hypercare team leaves
NOT_ISSUES: Final = (Incident.Ending.DUPLICATE, Incident.Ending.NOT_A_PROBLEM)
NOT_THE_RELEASE: Final = (Incident.Verdict.KNOWN, Incident.Verdict.UNRELATED)
VERSION: Final = 2  # of what is kept: another one is never read

Counts = tuple[int, ...]
Hours = dict[int, Counts]  # hours since 1970, or shorter stretches: see `_length`
Stretch = tuple[datetime, datetime]  # the end not included
Figures = dict[str, Count]
Question = tuple[QuerySet[Any], str, Figures]  # rows, the moment they count by, what is counted
EDGE: Final = timedelta(microseconds=1)

# What is counted, by which moment, in the order of the figures.
REPORTED, MOVED, ENDED, PROMISED = "reported", "moved", "ended", "promised"
WIDTH: Final = {REPORTED: 5, MOVED: 4, ENDED: 3, PROMISED: 2}


@dataclass(slots=True)
class HourlyTotals:
    """The sums of a period at one entry of its journal. Read through `up_to`, `hours` and `promises`.

    reported: P1, P2, P3, P4, issues that the release may have caused. moved: reported, came back, resolved, P1 opened.
    ended: resolved, issues resolved, those of them by BAU alone. promised: promises on P1 and P2 kept, missed.
    """

    period: Period
    length: int
    facts: str
    seq: int
    head: str
    kept: dict[str, Hours] = field(default_factory=dict)
    promised_from: datetime | None = None

    def hours(self, name: str, *, at: datetime) -> Hours:
        """The figures of each hour up to an instant, that of the instant included as far as it goes."""
        if not self.facts:
            return _counted(self, name, [(_start(0, self.length), at + EDGE)])
        last = _hour(at, self.length)
        found = {hour: counts for hour, counts in self._all(name).items() if hour < last}
        return found | _counted(self, name, [(_start(last, self.length), at + EDGE)])

    def up_to(self, name: str, *instants: datetime) -> list[Counts]:
        """All figures up to and including each instant. One query, or two where instants share an hour."""
        if not self.facts:
            return self._plainly(name, instants)
        hours = sorted(self._all(name).items())
        keys = [hour for hour, _ in hours]
        sums = list(accumulate((counts for _, counts in hours), add_counts, initial=(0,) * WIDTH[name]))
        parts = self._parts(name, instants)
        return [
            add_counts(sums[bisect_left(keys, _hour(at, self.length))], part)
            for at, part in zip(instants, parts, strict=True)
        ]

    def promises(self, *, since: datetime, at: datetime) -> Counts:
        """Promises kept and missed of what had ended by `at` and was opened last at `since` or after it."""
        if not self.facts:
            young = Q(reported_at__gte=since) | Q(reopened_at__gte=since)
            rows = _urgent(self.period).filter(young, resolved_at__lte=at)
            found = [kept for _, kept in _evaluated(rows, self.period)]
            return found.count(True), found.count(False)
        self._promised_since(since)
        before, until = self.up_to(PROMISED, since - EDGE, at)
        later = _evaluated(_urgent(self.period).filter(resolved_at__gt=at), self.period)
        younger = [kept for opened, kept in later if since <= opened <= at]
        return until[0] - before[0] - younger.count(True), until[1] - before[1] - younger.count(False)

    def start_of(self, hour: int) -> datetime:
        """When an hour of `hours` begins."""
        return _start(hour, self.length)

    def _plainly(self, name: str, instants: Sequence[datetime]) -> list[Counts]:
        """The same without hours: where there is little, one question tells all."""
        nothing, ordered = (0,) * WIDTH[name], sorted(set(instants))
        gaps = _gaps(self, name, ordered)
        sums = accumulate((gaps.get(place, nothing) for place in range(len(ordered))), add_counts)
        found = dict(zip(ordered, sums, strict=True))
        return [found[at] for at in instants]

    def _parts(self, name: str, instants: Sequence[datetime]) -> list[Counts]:
        """Of the hour of each instant what lies before or at it."""
        nothing = (0,) * WIDTH[name]
        found: dict[datetime, Counts] = {}
        waiting = list(dict.fromkeys(instants))
        while waiting:
            apart = {_hour(at, self.length): at for at in reversed(waiting)}
            stretches = [(_start(hour, self.length), at + EDGE) for hour, at in apart.items()]
            counted = _counted(self, name, stretches)
            found |= {at: counted.get(hour, nothing) for hour, at in apart.items()}
            waiting = [at for at in waiting if at not in found]
        return [found[at] for at in instants]

    def _all(self, name: str) -> Hours:
        """Counted at first use; of promises only what was asked for."""
        if name not in self.kept:
            self.kept[name] = {} if name == PROMISED else _counted(self, name, None)
            _keep(self)
        return self.kept[name]

    def _promised_since(self, since: datetime) -> None:
        """Every promise is read in full, so they are counted no further back than somebody looks."""
        first, known = _start(_hour(since - EDGE, self.length), self.length), self.promised_from
        if known is None or first < known:
            stretch = (first, known or datetime.max.replace(tzinfo=UTC))
            self.kept[PROMISED] = self.kept.get(PROMISED, {}) | _counted(self, PROMISED, [stretch])
            self.promised_from = first
            _keep(self)


def totals_of(period: Period) -> HourlyTotals:
    """The sums as they are now, or a little younger than the loaded period. A constant number of queries."""
    if not is_costly_to_count(period):
        return _empty(period, "")
    known: HourlyTotals | None = period.__dict__.get("_sums")
    if known is None or known.seq < period.journal_seq:
        known = period.__dict__["_sums"] = _followed(period) or _empty(period, _facts(period))
    return known


def _empty(period: Period, facts: str) -> HourlyTotals:
    length = _length(period.timezone, period.go_live_at.year)
    return HourlyTotals(period, length, facts, period.journal_seq, period.journal_head)


# --- Kept, and brought up to date ---------------------------------------------------------------


def _key(period: Period) -> str:
    return f"sums:{VERSION}:{period.pk}"


def _keep(sums: HourlyTotals) -> None:
    """For whoever asks next. Never from within a transaction: it might be rolled back."""
    if sums.facts and not connection.in_atomic_block:
        said = (sums.length, sums.facts, sums.seq, sums.head, sums.kept, sums.promised_from)
        cache.set(_key(sums.period), said, KEPT_S)


def _followed(period: Period) -> HourlyTotals | None:
    """What was kept, brought to the last entry; None where nothing fits or too much has happened."""
    said = cache.get(_key(period))
    facts = _facts(period)
    if said is None or said[1] != facts:
        return None
    sums = HourlyTotals(period, *said)
    entries = _since(sums)
    # The entry it stands at must be there unchanged: a restored database goes another way.
    if not entries or entries[0][:2] != (sums.seq, sums.head) or len(entries) > MOST_ENTRIES:
        return None
    numbers = {int(number) for _, _, subject in entries[1:] if (number := _number(subject))}
    if len(entries) > 1:
        sums.seq, sums.head = entries[-1][:2]
    return sums if _count_again(sums, numbers) else None


def _since(sums: HourlyTotals) -> list[tuple[int, str, str]]:
    rows = JournalEntry.objects.filter(period=sums.period, seq__gte=sums.seq).order_by("seq")
    return list(rows.values_list("seq", "hash", "subject")[: MOST_ENTRIES + 1])


def _number(subject: str) -> str:
    kind, _, number = subject.partition(":")
    return number if kind == "incident" else ""


def _count_again(sums: HourlyTotals, numbers: Collection[int]) -> bool:
    """Count the hours these incidents ever had a part in; False when they are too many."""
    if not numbers:
        return True
    touched = Incident.objects.filter(period=sums.period, number__in=numbers)
    steps = StatusChange.objects.filter(incident__in=touched.values("pk"))
    moments = [*touched.values_list("reported_at", flat=True), *steps.values_list("at", flat=True)]
    hours = {_hour(moment, sums.length) for moment in moments}
    if len(hours) > MOST_HOURS:
        return False
    for name, known in sums.kept.items():
        again = [hour for hour in hours if name != PROMISED or _is_promised(sums, hour)]
        fresh = _counted(sums, name, _merged(again, sums.length))
        sums.kept[name] = {hour: counts for hour, counts in known.items() if hour not in hours} | fresh
    _keep(sums)
    return True


def _is_promised(sums: HourlyTotals, hour: int) -> bool:
    return sums.promised_from is not None and _start(hour, sums.length) >= sums.promised_from


def _facts(period: Period) -> str:
    """What the sums depend on besides incidents: the promises, holidays, who is BAU. A digest. One or two queries."""
    policy = escalation_policies.policy_of(period)
    said = (period.timezone, policy.targets, policy.covered, sorted(workdays.holidays_of(period)), _bau(period))
    return sha256(repr(said).encode()).hexdigest()


def _bau(period: Period) -> list[tenure.Tenure]:
    """Who was BAU when: by duty, or as the one who takes over. Three queries, once for a loaded period."""
    known: tuple[int, list[tenure.Tenure]] | None = period.__dict__.get("_bau")
    if known is None or known[0] != period.journal_seq:
        found = [*tenure.duty_tenures(period, BAU_CODES), *tenure.bau_owner_tenures(period)]
        known = period.__dict__["_bau"] = period.journal_seq, found
    return known[1]


def _was_bau(person: str, held: Iterable[tenure.Tenure]) -> Q:
    """Whether the person in this field was BAU when the incident was resolved."""
    found = Q(pk__in=[])
    for user, since, until in held:
        one = Q(**{person: user})
        one &= Q(resolved_at__gte=since) if since else Q()
        found |= one & (Q(resolved_at__lt=until) if until else Q())
    return found


# --- Counting -----------------------------------------------------------------------------------


class _Hour(Func):
    """Whole hours, or shorter stretches, from 1970 to a moment."""

    output_field = BigIntegerField()
    arity = 1

    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / %(length)s)::bigint"  # as PostgreSQL says it

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Fractions of a second are cut off first, because SQLite would round them."""
        template = "CAST(STRFTIME('%%%%s', SUBSTR(%(expressions)s, 1, 19)) AS INTEGER) / %(length)s"
        return super().as_sql(compiler, connection, template=template, **extra)


def _counted(sums: HourlyTotals, name: str, stretches: Sequence[Stretch] | None) -> Hours:
    """Figures by hour, of some stretches of time or of all. One query; hours with nothing are left out."""
    if stretches is not None and not stretches:
        return {}
    if name == PROMISED:
        return _promised(sums, stretches)
    rows, moment, counts = COUNTED[name](sums.period)
    rows = rows if stretches is None else rows.filter(_within(moment, stretches))
    return _grouped(rows, _Hour(moment, length=sums.length), counts)


def _gaps(sums: HourlyTotals, name: str, instants: Collection[datetime]) -> Hours:
    """Figures between the instants, in their order: by place instead of by hour. One query."""
    rows, moment, counts = COUNTED[name](sums.period)
    gaps = Case(*(When(**{f"{moment}__lte": at}, then=Value(place)) for place, at in enumerate(instants)))
    return _grouped(rows.filter(**{f"{moment}__lte": max(instants)}), gaps, counts)


def _grouped(rows: QuerySet[Any], by: Any, counts: Figures) -> Hours:
    groups = rows.values(place=by).annotate(**counts).order_by("place")
    return {place: tuple(figures) for place, *figures in groups.values_list("place", *counts)}


def _reported(period: Period) -> Question:
    levels = {f"n{level}": Count("id", filter=Q(severity=level)) for level in Incident.Severity.values}
    issue = ~Q(ending__in=NOT_ISSUES) & ~Q(verdict__in=NOT_THE_RELEASE)
    rows = Incident.objects.counted().filter(period=period)
    return rows, "reported_at", {**levels, "issues": Count("id", filter=issue)}


def _moved(period: Period) -> Question:
    """A wish never came and never went."""
    first = Q(from_status="")
    rows = StatusChange.objects.filter(period=period).exclude(opens=0)
    return (
        rows.exclude(incident__kind__in=Incident.UNCOUNTED),
        "at",
        {
            "first": Count("id", filter=first & Q(opens=1)),
            "back": Count("id", filter=Q(opens=1) & ~first),
            "gone": Count("id", filter=Q(opens=-1)),
            "p1": Count("id", filter=Q(opens=1, incident__severity="P1")),
        },
    )


def _ended(period: Period) -> Question:
    """By BAU is who was BAU then: giving somebody that duty later makes no earlier repair theirs."""
    issue, bau = ~Q(ending__in=NOT_ISSUES), _bau(period)
    alone, owned = _was_bau("resolved_by", bau), Q(owner__isnull=True) | _was_bau("owner", bau)
    rows = Incident.objects.counted().filter(period=period, resolved_at__isnull=False)
    return (
        rows,
        "resolved_at",
        {"all": Count("id"), "issues": Count("id", filter=issue), "own": Count("id", filter=issue & alone & owned)},
    )


COUNTED: Final[dict[str, Callable[[Period], Question]]] = {REPORTED: _reported, MOVED: _moved, ENDED: _ended}


def _promised(sums: HourlyTotals, stretches: Sequence[Stretch] | None) -> Hours:
    found: dict[int, list[bool]] = {}
    urgent = _urgent(sums.period)
    first, back = urgent.filter(reopened_at__isnull=True), urgent.filter(reopened_at__isnull=False)
    if stretches is not None:  # Two questions, because no index knows when either was.
        first, back = (first.filter(_within("reported_at", stretches)), back.filter(_within("reopened_at", stretches)))
    for rows in (first, back):
        for opened, kept in _evaluated(rows, sums.period):
            found.setdefault(_hour(opened, sums.length), []).append(kept)
    return {hour: (kept.count(True), kept.count(False)) for hour, kept in found.items()}


def _urgent(period: Period) -> QuerySet[Incident]:
    """What was promised as P1 or P2, has ended and was an issue: what became of the promises changes no more."""
    rows: QuerySet[Incident] = Incident.objects.promised().filter(period=period, resolved_at__isnull=False)
    return rows.exclude(ending__in=NOT_ISSUES)


def _evaluated(rows: QuerySet[Incident], period: Period) -> Iterator[tuple[datetime, bool]]:
    """When each was opened last, and whether its promises were kept; those that promised nothing are left out."""
    for incident in rows.only(*sla.FIELDS):
        incident.period = period
        assert incident.resolved_at  # noqa: S101  the callers ask for those that ended
        kept = sla.has_kept_promise(incident, incident.resolved_at)
        if kept is not None:
            yield incident.clock_from, kept


def _within(moment: str, stretches: Iterable[Stretch]) -> Q:
    """In one of the stretches. Steps say in each that they count: only so SQLite finds their partial index."""
    counts = ~Q(opens=0) if moment == "at" else Q()
    return reduce(or_, (Q(**{f"{moment}__gte": start, f"{moment}__lt": end}) & counts for start, end in stretches))


# --- Hours --------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _length(zone: str, year: int) -> int:
    """Seconds of a stretch, so that days begin with one in this zone: an hour, less where its clocks differ by less."""
    months = (datetime(year, month, 1, tzinfo=ZoneInfo(zone)) for month in range(1, 13))
    return gcd(HOUR, *(int((month.utcoffset() or timedelta()).total_seconds()) for month in months))


def _hour(moment: datetime, length: int) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=length)


def _start(hour: int, length: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + hour * timedelta(seconds=length)


def _merged(hours: Iterable[int], length: int) -> list[Stretch]:
    """As few stretches as there are gaps between the hours."""
    found: list[Stretch] = []
    for hour in sorted(hours):
        start, end = _start(hour, length), _start(hour + 1, length)
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def add_counts(first: Counts, second: Counts) -> Counts:
    """Figure by figure."""
    return tuple(a + b for a, b in zip(first, second, strict=True))
