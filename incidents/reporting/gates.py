"""What the incidents of a period have to say about its next step (docs/domain.md section 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from incidents.models import Incident
from incidents.paging import escalation_targets
from incidents.reporting import daily_counts, severity_history
from incidents.shared.phrases import moment_phrase
from periods.exit import statistics
from periods.lifecycle.gates import Blocker, Transition, page_url
from periods.models import Period

CALM: Final = timedelta(hours=72)
CALM_DAYS: Final = 3


def find_blockers(period: Period, transition: Transition, *, at: datetime) -> list[Blocker]:
    """Reasons not to take the step now, each with a link to the incident or the list."""
    guard = GUARDS.get(transition)
    return list(guard(period, at)) if guard else []


def ladder_advice(period: Period, *, at: datetime) -> list[Blocker]:
    """Steps of the ladders that would page nobody, those with the same reason in one sentence."""
    steps: dict[str, list[str]] = {}
    for found in escalation_targets.find_unreachable_steps(period, at=at):
        steps.setdefault(found.text, []).append(f"{found.severity} step {found.step}")
    where = page_url(period, "incidents:policy")
    return [
        Blocker(f"{text} Until then nobody is paged: {', '.join(named)}.", where, code="paging.reaches_nobody")
        for text, named in steps.items()
    ]


def _go(period: Period, at: datetime) -> Iterator[Blocker]:  # noqa: ARG001  one shape for all guards
    """A P1 or P2 left from the rehearsal, or from an earlier attempt, stands in the way of a go."""
    yield from _open(period, "P1", "P2")


def _stabilise(period: Period, at: datetime) -> Iterator[Blocker]:
    yield from _open(period, "P1")
    last = severity_history.last_p1(period, at=at)
    if last and last.at > at - CALM:
        key = f"{period.key}-{last.number}"
        said = f"{key} was raised to P1" if last.word == "raised" else f"{key}, a P1, was {last.word}"
        text = f"{said} less than 72 h ago. Earliest {moment_phrase(last.at + CALM, period)}."
        where = _url(period, Incident(number=last.number))
        yield Blocker(text, where, code="stabilise.recent_p1", about=f"incident:{last.number}")
    if at < period.starts_at + CALM_DAYS * timedelta(days=1):
        earliest = moment_phrase(period.starts_at + CALM_DAYS * timedelta(days=1), period)
        text = f"Calm is judged on {CALM_DAYS} days of arrivals. Earliest {earliest}."
        yield Blocker(text, page_url(period, "period_incidents"), code="stabilise.too_early")
    if _normal(period) is None:
        text = "Normal is not known. Give the issues counted before, or the rate BAU accepts."
        yield Blocker(text, page_url(period, "period_settings"), code="stabilise.no_normal")
    if _rate_is_high(period, at):
        text = f"Arrivals were above the limit on one of the last {CALM_DAYS} days."
        yield Blocker(text, page_url(period, "period_incidents"), code="stabilise.rate_high")


def _close(period: Period, at: datetime) -> Iterator[Blocker]:  # noqa: ARG001  one shape for all guards
    """What stays open needs somebody in BAU who takes it."""
    for incident in Incident.objects.open().filter(period=period, handed_to="").order_by("severity", "id"):
        text = f"{_named(period, incident)} stays open and nobody takes it over. Hand it to a BAU team or resolve it."
        yield Blocker(text, _url(period, incident), code="close.incident_unhanded", about=f"incident:{incident.number}")


def _open(period: Period, *severities: str) -> Iterator[Blocker]:
    rows = Incident.objects.open().filter(period=period, severity__in=severities)
    for incident in rows.order_by("severity", "reported_at", "id"):
        text = f"{incident.severity} still open: {_named(period, incident)}. Resolve it or grade it again."
        yield Blocker(text, _url(period, incident), code="incident.open", about=f"incident:{incident.number}")


def _rate_is_high(period: Period, at: datetime) -> bool:
    """Whether the smoothed arrivals were above their limit on a recent day, today so far included.

    Without a normal level there is no limit; a period can't be planned without one.
    """
    normal = _normal(period)
    if normal is None:
        return False
    arrived = [day.total for day in daily_counts.count_days(period, at=at) if day.arrived is not None]
    return any(statistics.ewma(arrived, normal).outside[-CALM_DAYS:])


def _normal(period: Period) -> float | None:
    """Arrivals a day: counted before, else what BAU accepts."""
    if period.baseline_issues and period.baseline_days:
        return period.baseline_issues / period.baseline_days
    return period.tolerable_per_day


def _named(period: Period, incident: Incident) -> str:
    return f"{period.key}-{incident.number} {incident.title}"


def _url(period: Period, incident: Incident) -> str:
    incident.period = period
    return incident.get_absolute_url()


GUARDS: Final[dict[str, Callable[[Period, datetime], Iterator[Blocker]]]] = {
    "go": _go,
    "stabilise": _stabilise,
    "close": _close,
}
