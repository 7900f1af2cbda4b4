"""What in a period needs a human now: the strip on top of its overview."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from contributors.models import Acknowledgement
from contributors.shifts.coverage import RoleGap
from hypercare.ui import time_words
from incidents.models import Incident, Notice, RollbackDecision
from incidents.paging.sla import clocks_of
from incidents.paging.sla_clock import SlaClock, next_deadline
from incidents.triage.problems import Pattern
from periods.models import Period

SHOWN = 4
GAP_RANK = 45
PROBLEM_RANK = 40
ROLLBACK_RANK = 5
PATTERN_RANK = 35
PROMISE_RANK = 20


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that needs a human, with one button. The lowest rank is the worst."""

    rank: int
    severity: str
    icon: str
    lead_in: str
    text: str
    button: str
    url: str

    @property
    def worst(self) -> bool:
        """Whether it may be tinted: a P1, or a go-live or window that is past its time."""
        return self.severity == "P1"


def build_strip(
    period: Period,
    incidents: Iterable[Incident],
    gaps: Iterable[RoleGap],
    *,
    at: datetime,
    undelivered: int = 0,
    problems: Sequence[Acknowledgement] = (),
    rollbacks: Sequence[RollbackDecision] = (),
    patterns: Sequence[Pattern] = (),
    promises: Sequence[Notice] = (),
) -> dict[str, Any]:
    """At most four, the worst first, and how many more there are. No query."""
    found = [item for incident in incidents if (item := _of_incident(incident, at))]
    found += _of_gaps(period, gaps)
    found += _of_period(period, at)
    found += _of_letters(period, undelivered)
    found += _of_problems(period, problems)
    found += [_of_rollback(period, decision) for decision in rollbacks]
    found += [_of_pattern(period, pattern) for pattern in patterns]
    found += [_of_promise(period, notice, at) for notice in promises]
    found.sort(key=lambda item: item.rank)
    return {"shown": found[:SHOWN], "more": max(0, len(found) - SHOWN)}


def _of_letters(period: Period, undelivered: int) -> list[Attention]:
    """Messages that could not be sent: whoever should know does not."""
    if not undelivered:
        return []
    words = "1 message" if undelivered == 1 else f"{undelivered} messages"
    url = f"{reverse('contributors:deliveries', kwargs={'key': period.key})}?group=failed"
    return [Attention(15, "", "mail", f"{words} could not be sent", "to people of this period", "See whom", url)]


def _of_problems(period: Period, problems: Sequence[Acknowledgement]) -> list[Attention]:
    """People who said that something is missing, as one row; what it is stays on the page behind it."""
    if not problems:
        return []
    first, others = problems[0].membership, len(problems) - 1
    also = f" and {others} more" if others else ""
    lead_in = f"{first.user}{also} {'say' if others else 'says'} something is missing"
    answered = all(answer.replied_at for answer in problems)
    text = "answered, not confirmed yet" if answered else "before going live"
    url = f"{reverse('period_readiness', kwargs={'key': period.key})}#member-{first.pk}"
    return [Attention(PROBLEM_RANK, "", "shield", lead_in, text, "Open", url)]


def _of_rollback(period: Period, decision: RollbackDecision) -> Attention:
    """A P1 past its limit: somebody has to say whether to roll back."""
    incident = decision.incident
    incident.period = period
    by = decision.due_at.astimezone(timezone.get_current_timezone())
    who = f", {decision.asked.name} decides" if decision.asked else ""
    lead_in, text = f"Roll back or hold by {by:%H:%M}", f"for {incident.key} {incident.title}{who}"
    url = f"{incident.get_absolute_url()}#rollback"
    return Attention(ROLLBACK_RANK, incident.severity, "flag", lead_in, text, "Open", url)


def _of_promise(period: Period, notice: Notice, at: datetime) -> Attention:
    """People outside were promised the next word by about now."""
    left = ((notice.next_by or at) - at).total_seconds()
    when = f"due in {time_words.duration(left)}" if left > 0 else f"{time_words.duration(-left)} late"
    severity = notice.incident.severity if notice.incident else ""
    rank = int(severity[1]) * 10 if severity else PROMISE_RANK
    url = f"{reverse('period_comms', kwargs={'key': period.key})}?notice={notice.pk}#write-t"
    lead_in = f"Stakeholder update {when}"
    return Attention(rank, severity, "megaphone", lead_in, f"for “{notice.title}”", "Write update", url)


def _of_pattern(period: Period, pattern: Pattern) -> Attention:
    """Many incidents of one system: perhaps one cause."""
    url = f"{reverse('incidents:pattern', kwargs={'key': period.key})}?{urlencode({'system': pattern.component})}"
    lead_in = f"{pattern.count} incidents on {pattern.component} in 24 h"
    return Attention(PATTERN_RANK, "", "branch", lead_in, "look like one cause", "Look", url)


def _of_gaps(period: Period, gaps: Iterable[RoleGap]) -> list[Attention]:
    """One row a role, with its first gap: a week nobody covers is one thing to do."""
    by_role: dict[int, list[RoleGap]] = {}
    for gap in gaps:
        by_role.setdefault(gap.role.pk, []).append(gap)
    return [_of_gap(period, found[0], len(found) - 1) for found in by_role.values()]


def _of_incident(incident: Incident, at: datetime) -> Attention | None:
    """The one thing that is most wrong with an incident, or None."""
    all_clocks = clocks_of(incident, at)
    rank, url = int(incident.severity[1]) * 10, incident.get_absolute_url()
    about = f"{incident.key} {incident.title}"
    if incident.owner_id is None and incident.severity in ("P1", "P2"):
        since = time_words.duration((at - incident.clock_from).total_seconds())
        return Attention(rank + 1, incident.severity, "warn", f"No owner for {since}", f"on {about}", "Assign", url)
    late = max((clock for clock in all_clocks if clock.state == "late"), key=lambda clock: clock.late_s, default=None)
    if late is not None:
        owner = f", owned by {incident.owner}" if incident.owner else ", no owner"
        lead_in = f"Missed its {late.kind} target {time_words.duration(late.late_s)} ago"
        return Attention(rank + 3, incident.severity, "warn", lead_in, f"{about}{owner}", "Open", url)
    return _update_due(incident, next_deadline(all_clocks), rank, at)


def _update_due(incident: Incident, deadline: SlaClock | None, rank: int, at: datetime) -> Attention | None:
    if deadline is None or deadline.kind != "update" or deadline.state != "soon":
        return None
    left = time_words.duration((deadline.due_at - at).total_seconds())
    return Attention(
        rank,
        incident.severity,
        "late",
        f"Stakeholder update due in {left}",
        f"for {incident.key} {incident.title}",
        "Write update",
        f"{incident.get_absolute_url()}#update",
    )


def _of_gap(period: Period, gap: RoleGap, more: int) -> Attention:
    start, end = (moment.astimezone(timezone.get_current_timezone()) for moment in (gap.start, gap.end))
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %-d %b %H:%M}"
    text = f"{start:%a %-d %b %H:%M} to {until} ({time_words.duration(gap.seconds)})" + (
        f", and {more} more" if more else ""
    )
    lead_in = f"Nobody covers {gap.role.name}" if gap.nobody else f"{gap.role.name} is {gap.missing} short"
    url = f"{reverse('period_coverage', kwargs={'key': period.key})}?gap={gap.role.pk}-{int(gap.start.timestamp())}"
    return Attention(GAP_RANK, "", "calendar", lead_in, text, "Find cover", url)


def _of_period(period: Period, at: datetime) -> list[Attention]:
    if period.status == Period.Status.EXIT_REVIEW:
        url = reverse("period_exit", kwargs={"key": period.key})
        return [Attention(25, "", "flag", "The exit review is open", "Close the period or extend it", "Decide", url)]
    if period.status in Period.PRE_LIVE and period.go_live_at <= at:
        url = reverse("period_readiness", kwargs={"key": period.key})
        since = time_words.duration((at - period.go_live_at).total_seconds())
        text = "Start the period or postpone go-live"
        return [Attention(25, "", "flag", f"Go-live was due {since} ago", text, "Open readiness", url)]
    return []
