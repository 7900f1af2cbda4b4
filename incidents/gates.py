"""What the incidents of a period have to say about its next step (docs/domain.md section 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from incidents import daybook, ladders
from incidents.models import Incident, StatusChange
from incidents.words import when
from periods import statistics
from periods.gates import Objection, Transition, page
from periods.models import Period

CALM: Final = timedelta(hours=72)
CALM_DAYS: Final = 3


def objections(period: Period, transition: Transition, *, at: datetime) -> list[Objection]:
    """Reasons not to take the step now, each with a link to the incident or the list."""
    guard = GUARDS.get(transition)
    return list(guard(period, at)) if guard else []


def advice(period: Period, *, at: datetime) -> list[Objection]:
    """Steps of the ladders that would page nobody, those with the same reason in one sentence."""
    steps: dict[str, list[str]] = {}
    for found in ladders.lint(period, at=at):
        steps.setdefault(found.text, []).append(f"{found.severity} step {found.step}")
    where = page(period, "incidents:policy")
    return [
        Objection(
            f"{text} Until then nobody is paged: {', '.join(named)}.", where, code="paging.reaches_nobody"
        )
        for text, named in steps.items()
    ]


def _go(period: Period, at: datetime) -> Iterator[Objection]:  # noqa: ARG001  one shape for all guards
    """A P1 or P2 left from the rehearsal, or from an earlier attempt, stands in the way of a go."""
    yield from _open(period, "P1", "P2")


def _stabilise(period: Period, at: datetime) -> Iterator[Objection]:
    yield from _open(period, "P1")
    if last := _latest_p1(period, at):
        calm_at = last.at + CALM
        key = f"{period.key}-{last.incident.number}"
        word = "reported" if not last.from_status else "reopened"
        text = f"{key}, a P1, was {word} less than 72 h ago. Earliest {when(calm_at, period)}."
        yield Objection(
            text,
            _url(period, last.incident),
            code="stabilise.recent_p1",
            about=f"incident:{last.incident.number}",
        )
    if at < period.starts_at + CALM_DAYS * timedelta(days=1):
        earliest = when(period.starts_at + CALM_DAYS * timedelta(days=1), period)
        text = f"Calm is judged on {CALM_DAYS} days of arrivals. Earliest {earliest}."
        yield Objection(text, page(period, "period_incidents"), code="stabilise.too_early")
    if _normal(period) is None:
        text = "Normal is not known. Give the issues counted before, or the rate BAU accepts."
        yield Objection(text, page(period, "period_settings"), code="stabilise.no_normal")
    if _rate_is_high(period, at):
        text = f"Arrivals were above the limit on one of the last {CALM_DAYS} days."
        yield Objection(text, page(period, "period_incidents"), code="stabilise.rate_high")


def _close(period: Period, at: datetime) -> Iterator[Objection]:  # noqa: ARG001  one shape for all guards
    """What stays open needs somebody in BAU who takes it."""
    for incident in Incident.objects.open().filter(period=period, handed_to="").order_by("severity", "id"):
        text = f"{_named(period, incident)} stays open and nobody takes it over. Hand it to a BAU team or resolve it."
        yield Objection(
            text, _url(period, incident), code="close.incident_unhanded", about=f"incident:{incident.number}"
        )


def _open(period: Period, *severities: str) -> Iterator[Objection]:
    rows = Incident.objects.open().filter(period=period, severity__in=severities)
    for incident in rows.order_by("severity", "reported_at", "id"):
        text = f"{incident.severity} still open: {_named(period, incident)}. Resolve it or grade it again."
        yield Objection(
            text, _url(period, incident), code="incident.open", about=f"incident:{incident.number}"
        )


def _latest_p1(period: Period, at: datetime) -> StatusChange | None:
    """The last time within 72 h that a P1 was reported or came back."""
    opened = daybook.counted_changes(period).filter(
        opens=1, incident__severity="P1", at__gt=at - CALM, at__lte=at
    )
    return opened.select_related("incident").order_by("-at", "-id").first()


def _rate_is_high(period: Period, at: datetime) -> bool:
    """Whether the smoothed arrivals were above their limit on a recent day, today so far included.

    Without a normal level there is no limit; a period can't be planned without one.
    """
    normal = _normal(period)
    if normal is None:
        return False
    arrived = [day.total for day in daybook.daily(period, at=at) if day.arrived is not None]
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


GUARDS: Final[dict[str, Callable[[Period, datetime], Iterator[Objection]]]] = {
    "go": _go,
    "stabilise": _stabilise,
    "close": _close,
}
