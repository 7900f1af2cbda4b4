"""The clocks of an incident row, as they stood at any instant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from incidents import clocks
from incidents.models import Incident

# What a list of incidents must load for its clocks.
FIELDS: Final = (
    "id", "period_id", "number", "severity", "status", "reported_at", "reopened_at", "acknowledged_at",
    "last_update_at", "mitigated_at", "resolved_at",
)  # fmt: skip
_TWICE: Final[Mapping[str, Mapping[clocks.Kind, clocks.Target]]] = {
    severity: {kind: clocks.Target(target.seconds * 2, target.measure) for kind, target in table.items()}
    for severity, table in clocks.TARGETS.items()
}


def clocks_of(incident: Incident, at: datetime) -> tuple[clocks.Clock, ...]:
    """The four clocks at an instant, past ones included; the period must be loaded.

    A re-opened incident counts from its re-opening, and what was said before no longer counts.
    """
    start = incident.clock_from

    def by_then(moment: datetime | None) -> datetime | None:
        return moment if moment and start <= moment <= at else None

    return clocks.clocks(
        incident.severity,
        reported_at=start,
        acknowledged_at=by_then(incident.acknowledged_at),
        last_update_at=by_then(incident.last_update_at),
        mitigated_at=by_then(incident.mitigated_at),
        resolved_at=by_then(incident.resolved_at),
        now=at,
        zone=incident.period.zone,
    )


def is_late(incident: Incident, at: datetime) -> bool:
    """Whether any running clock has passed its deadline."""
    return any(clock.state == "late" for clock in clocks_of(incident, at))


def kept_promise(incident: Incident, at: datetime) -> bool | None:
    """Whether it was acknowledged and restored in time; None while neither is missed and one is not due yet."""
    states = {clock.state for clock in clocks_of(incident, at) if clock.kind in ("acknowledge", "mitigate")}
    if states & {"late", "met_late"}:
        return False
    return True if states == {"met"} else None


def is_overaged(incident: Incident, at: datetime) -> bool:
    """Whether it is older than twice its target for the final repair."""
    zone = incident.period.zone
    return (
        clocks.due_at(incident.severity, "resolve", since=incident.clock_from, zone=zone, targets=_TWICE)
        <= at
    )
