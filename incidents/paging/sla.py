"""The clocks of an incident as it is stored: which moments count, and by which promises of its period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from incidents.models import Incident
from incidents.paging import escalation_policies, sla_clock
from periods.planning import workdays

# What a list of incidents must load for its clocks.
FIELDS: Final = (
    "id",
    "period_id",
    "number",
    "severity",
    "status",
    "kind",
    "reported_at",
    "reopened_at",
    "acknowledged_at",
    "last_update_at",
    "mitigated_at",
    "resolved_at",
    "pauses",
    "marks",
)
PROMISES: Final = ("acknowledge", "mitigate")


def clocks_of(incident: Incident, at: datetime) -> tuple[sla_clock.SlaClock, ...]:
    """The four clocks at an instant, past ones included; none for a wish in the backlog. The period must be loaded.

    A re-opened incident counts from its re-opening, and what was said before no longer counts.
    """
    if incident.has_no_clock:
        return ()
    start, policy = incident.clock_from, escalation_policies.policy_of(incident.period)

    def by_then(moment: datetime | None) -> datetime | None:
        return moment if moment and start <= moment <= at else None

    return sla_clock.clocks_at(
        incident.severity,
        reported_at=start,
        acknowledged_at=by_then(incident.acknowledged_at),
        last_update_at=by_then(incident.last_update_at),
        mitigated_at=by_then(incident.mitigated_at),
        resolved_at=by_then(incident.resolved_at),
        now=at,
        zone=incident.period.zone,
        holidays=workdays.holidays_of(incident.period),
        pauses=pauses_of(incident, at),
        targets=policy.targets,
        covered=policy.covered,
    )


def pauses_of(incident: Incident, at: datetime) -> tuple[sla_clock.Pause, ...]:
    """How long it waited for its reporter, as known at an instant."""
    spans = [
        (datetime.fromisoformat(begin), datetime.fromisoformat(end) if end else None) for begin, end in incident.pauses
    ]
    return tuple((begin, end if end and end <= at else None) for begin, end in spans if begin <= at)


def missed_deadlines(incident: Incident) -> list[dict[str, Any]]:
    """Deadlines it has missed since it was last opened, oldest first: facts, whatever its severity became."""
    return [
        mark
        for mark in incident.marks
        if mark["rung"] == "late" and datetime.fromisoformat(mark["due_at"]) >= incident.clock_from
    ]


def is_late(incident: Incident, at: datetime) -> bool:
    """Whether any running clock has passed its deadline."""
    return any(clock.state == "late" for clock in clocks_of(incident, at))


def has_kept_promise(incident: Incident, at: datetime) -> bool | None:
    """Whether a P1 or P2 was acknowledged and restored in time; None while it is not missed and one is not due yet.

    What was missed stays missed: a lower severity, another type and a second life that went better change nothing. None
    for what never was a P1 or P2 that promised something.
    """
    is_urgent = incident.severity in Incident.URGENT and not incident.has_no_clock
    if any(is_urgent or mark["severity"] in Incident.URGENT for mark in _broken(incident, at)):
        return False
    states = {clock.state for clock in clocks_of(incident, at) if clock.kind in PROMISES}
    if not is_urgent:
        return None
    if states & {"late", "met_late"}:
        return False
    return True if states == {"met"} else None


def has_missed_when_urgent(incident: Incident) -> bool:
    """Whether it ever missed a promise as a P1 or P2. Asks for its marks only."""
    return any(mark["severity"] in Incident.URGENT for mark in _broken(incident, None))


def _broken(incident: Incident, at: datetime | None) -> list[dict[str, Any]]:
    """Promises missed in all of its lives, up to an instant."""
    return [
        mark
        for mark in incident.marks
        if mark["rung"] == "late"
        and mark["kind"] in PROMISES
        and (at is None or datetime.fromisoformat(mark["due_at"]) <= at)
    ]


def is_overaged(incident: Incident, at: datetime) -> bool:
    """Whether it is older than twice its target for the final repair, waits for the reporter left out."""
    policy = escalation_policies.policy_of(incident.period)
    due = sla_clock.due_at(
        incident.severity,
        "resolve",
        since=incident.clock_from,
        zone=incident.period.zone,
        holidays=workdays.holidays_of(incident.period),
        targets=_twice(policy.targets[incident.severity], incident.severity),
        covered=policy.covered,
        pauses=[(begin, end or at) for begin, end in pauses_of(incident, at)],
    )
    return due <= at


def _twice(
    table: Mapping[sla_clock.Kind, sla_clock.SlaTarget], severity: str
) -> dict[str, dict[sla_clock.Kind, sla_clock.SlaTarget]]:
    return {severity: {kind: sla_clock.SlaTarget(target.seconds * 2, target.measure) for kind, target in table.items()}}
