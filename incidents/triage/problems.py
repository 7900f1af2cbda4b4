"""Many incidents of one system within a day: perhaps one cause. A problem record, unless somebody says why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count, QuerySet

from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from incidents.models import Incident, PatternDismissal
from incidents.reporting import cached_counts
from incidents.triage import relations, triage
from periods.journal import journal
from periods.models import Period

WITHIN: Final = timedelta(hours=24)
MANY: Final = 3  # docs/domain.md section 5
LONGEST: Final = 500
MOST: Final = 50
MOST_SYSTEMS: Final = 20


@dataclass(frozen=True, slots=True)
class Pattern:
    """How many incidents of one system came within a day and belong to no larger one yet."""

    component: str
    count: int


def suggest_problems(period: Period, *, at: datetime) -> list[Pattern]:
    """What looks like one cause, the most incidents first. Two queries, or none while nothing happened."""
    key = f"patterns:{cached_counts.minute_stamp([period], at=at)}"
    found: list[tuple[str, int]] = cached_counts.count_once(key, lambda: _counted(period, at))
    return [Pattern(component, count) for component, count in found]


def _counted(period: Period, at: datetime) -> list[tuple[str, int]]:
    by_system = _young(period, at).values("component").annotate(n=Count("id")).filter(n__gte=MANY)
    return list(by_system.order_by("-n", "component").values_list("component", "n")[:MOST_SYSTEMS])


def incidents_of_system(period: Period, component: str, *, at: datetime) -> list[Incident]:
    """The incidents behind a pattern, the oldest first; empty when it is none (any more). At most 50. Two queries."""
    young = _young(period, at).filter(component=component).select_related("owner")
    found = list(young.order_by("reported_at", "id")[:MOST])
    for incident in found:
        incident.period = period
    return found if len(found) >= MANY else []


def _young(period: Period, at: datetime) -> QuerySet[Incident]:
    """Reported within a day, of a known system, part of nothing, and not said to have causes of their own."""
    since = at - WITHIN
    young: QuerySet[Incident] = Incident.objects.counted().filter(
        period=period, reported_at__gt=since, reported_at__lte=at, parent=None, duplicate_of=None
    )
    said = PatternDismissal.objects.filter(period=period, at__gt=since).order_by("at", "id")
    for component, last in dict(said.values_list("component", "at")).items():
        young = young.exclude(component=component, reported_at__lte=last)
    return young.exclude(component="")


@transaction.atomic
def make_problem(period_id: int, *, component: str, by: User, at: datetime, via: str = "") -> Incident:
    """One problem record with the incidents as its parts; it counts nowhere and has no clock. Raises Refused.

    Of two who do so at once the second finds no pattern left.
    """
    period = Period.objects.locked().get(pk=period_id)
    pattern = _of(period, component, at)
    worst = min(pattern, key=lambda incident: incident.severity)
    named = ", ".join(incident.key for incident in pattern)
    problem = triage.report(
        period.pk,
        title=f"{component}: {len(pattern)} incidents in 24 h, one cause?",
        component=component,
        description=f"Made from {named}.",
        impact=worst.impact,
        urgency=worst.urgency,
        kind=Incident.Kind.PROBLEM,
        by=by,
        at=at,
        via=via,
    )
    for incident in pattern:
        if not incident.children.exists():
            relations.put_under(incident.pk, parent=problem.pk, by=by, at=at, via=via)
    return problem


@transaction.atomic
def dismiss(period_id: int, *, component: str, reason: str, by: User, at: datetime, via: str = "") -> None:
    """They have no common cause; incidents that come later count anew. Raises Invalid without a reason, Refused."""
    period = Period.objects.locked().get(pk=period_id)
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST:
        raise Invalid({"reason": f"Say why they have no common cause, in 1 to {LONGEST} characters."})
    pattern = _of(period, component, at)
    PatternDismissal.objects.create(period=period, component=component, reason=reason, at=at, by=by)
    journal.record(
        period,
        "pattern.dismissed",
        by=by,
        at=at,
        via=via,
        title=component,
        reason=reason,
        incidents=[incident.key for incident in pattern],
    )


def _of(period: Period, component: str, at: datetime) -> list[Incident]:
    found = incidents_of_system(period, component, at=at)
    if not found:
        raise Refused(f"There are no {MANY} incidents on {component} within a day that belong to no problem yet.")
    return found
