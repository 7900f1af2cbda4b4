"""What a period promises about its incidents: targets, covered hours, who is paged. Defaults, unless it says otherwise.

A policy is read once per loaded period; lists load it with `select_related("period__incident_policy")`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final, Literal, get_args

from django.db import transaction

from contributors.models import Role
from hypercare.exceptions import Invalid
from hypercare.models import User
from incidents.models import IncidentPolicy
from incidents.paging import sla_clock
from incidents.paging.sla_clock import CoveredHours, Kind, Measure, SlaTarget
from incidents.shared.severity import SEVERITIES
from periods.journal import journal
from periods.models import Period

Who = Literal["on_shift", "deputy", "lead", "sponsor", "role", "everyone", "round_robin", "person"]
OF_A_ROLE: Final[tuple[Who, ...]] = ("role", "everyone", "round_robin")
LONGEST_MINUTES: Final = 60 * 24 * 60
MOST_STEPS: Final = 10
MOST_REPEATS: Final = 9
MOST_ANSWERS: Final = 5


class Unchanged:
    """Stands for what a change leaves as it is, where None says something of its own."""


UNCHANGED: Final = Unchanged()


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Who is paged, `after` so many minutes from the start. Some kinds name a role or a person."""

    who: Who
    after: int
    role: int | None = None
    person: int | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"who": self.who, "after": self.after, "role": self.role, "person": self.person}


@dataclass(frozen=True, slots=True)
class EscalationLadder:
    """Steps in order; how many people must answer; how often all of it starts again when nobody does."""

    steps: tuple[EscalationStep, ...] = ()
    answers: int = 1
    repeat: int = 0

    def unrolled(self) -> tuple[EscalationStep, ...]:
        """Every step with its repeats, each repeat as long after the last step as the last one was after its own."""
        if not self.steps:
            return ()
        gap = max(5, self.steps[-1].after - (self.steps[-2].after if len(self.steps) > 1 else 0))
        lap = self.steps[-1].after + gap
        return tuple(
            EscalationStep(step.who, step.after + lap * time_, step.role, step.person)
            for time_ in range(self.repeat + 1)
            for step in self.steps
        )

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"steps": [step.plain() for step in self.steps], "answers": self.answers, "repeat": self.repeat}


# docs/domain.md section 5.
LADDERS: Final[Mapping[str, EscalationLadder]] = {
    "P1": EscalationLadder(
        (
            EscalationStep("on_shift", 0),
            EscalationStep("deputy", 5),
            EscalationStep("lead", 10),
            EscalationStep("sponsor", 15),
        )
    ),
    "P2": EscalationLadder((EscalationStep("on_shift", 0), EscalationStep("deputy", 15), EscalationStep("lead", 30))),
    "P3": EscalationLadder(),
    "P4": EscalationLadder(),
}


@dataclass(frozen=True, slots=True)
class RollbackTimes:
    """How long a P1 may hurt before it is decided whether to roll back, and how long the answer may take."""

    after: timedelta = timedelta(hours=4)  # docs/domain.md section 5
    answer: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Policy:
    """The promises of one period, complete."""

    targets: Mapping[str, Mapping[Kind, SlaTarget]] = field(default_factory=lambda: sla_clock.TARGETS)
    covered: CoveredHours | None = None
    ladders: Mapping[str, EscalationLadder] = field(default_factory=lambda: LADDERS)
    rollback: RollbackTimes = RollbackTimes()
    is_own: bool = False
    version: int = 0


DEFAULT: Final = Policy()


def policy_of(period: Period) -> Policy:
    """The policy of a period. One query for a loaded period that was not loaded with it, none after that."""
    known: Policy | None = period.__dict__.get("_incident_policy")
    if known is None:
        known = _parsed(getattr(period, "incident_policy", None))
        period.__dict__["_incident_policy"] = known
    return known


def _parsed(row: IncidentPolicy | None) -> Policy:
    if row is None:
        return DEFAULT
    return Policy(
        targets={severity: _targets(severity, row.targets.get(severity, {})) for severity in SEVERITIES},
        covered=_hours(row.hours),
        ladders={severity: _ladder(severity, row.ladders) for severity in SEVERITIES},
        rollback=_rollback(row.rollback),
        is_own=True,
        version=row.version,
    )


def _rollback(row: Mapping[str, Any]) -> RollbackTimes:
    if not row:
        return RollbackTimes()
    return RollbackTimes(timedelta(seconds=row["after_s"]), timedelta(seconds=row["answer_s"]))


def _targets(severity: str, own: Mapping[str, Any]) -> Mapping[Kind, SlaTarget]:
    return {
        kind: SlaTarget(int(own[kind][0]), own[kind][1]) if kind in own else target
        for kind, target in sla_clock.TARGETS[severity].items()
    }


def _hours(row: Mapping[str, Any]) -> CoveredHours | None:
    if not row:
        return None
    opens, closes = time.fromisoformat(row["opens"]), time.fromisoformat(row["closes"])
    return CoveredHours(tuple(row["days"]), opens, closes, on_holidays=bool(row.get("on_holidays")))


def _ladder(severity: str, rows: Mapping[str, Any]) -> EscalationLadder:
    if severity not in rows:
        return LADDERS[severity]
    row = rows[severity]
    steps = tuple(
        EscalationStep(step["who"], int(step["after"]), step.get("role"), step.get("person")) for step in row["steps"]
    )
    return EscalationLadder(steps, int(row["answers"]), int(row["repeat"]))


@transaction.atomic
def set_targets(
    period_id: int,
    *,
    targets: Mapping[str, Mapping[Kind, SlaTarget]],
    covered: CoveredHours | None,
    by: User,
    at: datetime,
    via: str = "",
) -> Policy:
    """Promise other times. They hold for open incidents too, from their report on; what was missed stays missed.

    Raises Invalid for a target that is not between a minute and 60 days, and for hours without a day.
    """
    period = Period.objects.locked().get(pk=period_id)
    _check_targets(targets, covered)
    row = _row(period, by, at)
    before = {"targets": row.targets, "hours": row.hours}
    row.targets = {
        severity: {kind: [target.seconds, target.measure] for kind, target in table.items()}
        for severity, table in targets.items()
    }
    row.hours = _plain_hours(covered)
    _save(row, "targets", "hours")
    journal.record(
        period,
        "policy.targets",
        by=by,
        at=at,
        via=via,
        before=before,
        after={"targets": row.targets, "hours": row.hours},
    )
    return _parsed(row)


@transaction.atomic
def set_ladder(
    period_id: int, *, severity: str, ladder: EscalationLadder, by: User, at: datetime, via: str = ""
) -> Policy:
    """Page other people. What is running goes on as it began; the next escalation takes the new steps.

    Raises Invalid for steps that go back in time, and for ones that name no role or person where they must.
    """
    period = Period.objects.locked().get(pk=period_id)
    _check_ladder(period, severity, ladder)
    row = _row(period, by, at)
    before = row.ladders.get(severity)
    row.ladders = {**row.ladders, severity: ladder.plain()}
    _save(row, "ladders")
    journal.record(
        period, "policy.ladder", by=by, at=at, via=via, severity=severity, before=before, after=ladder.plain()
    )
    return _parsed(row)


@transaction.atomic
def set_rollback(period_id: int, *, rollback: RollbackTimes, by: User, at: datetime, via: str = "") -> Policy:
    """Ask about rolling back sooner or later. Holds for open P1s too. Raises Invalid for times out of bounds."""
    period = Period.objects.locked().get(pk=period_id)
    errors = {}
    if not timedelta(minutes=15) <= rollback.after <= timedelta(days=3):
        errors["after"] = "Choose between 15 minutes and 3 days."
    if not timedelta(minutes=5) <= rollback.answer <= timedelta(hours=12):
        errors["answer"] = "Choose between 5 minutes and 12 hours."
    if errors:
        raise Invalid(errors)
    row = _row(period, by, at)
    before = row.rollback
    row.rollback = {"after_s": int(rollback.after.total_seconds()), "answer_s": int(rollback.answer.total_seconds())}
    _save(row, "rollback")
    journal.record(period, "policy.rollback", by=by, at=at, via=via, before=before, after=row.rollback)
    return _parsed(row)


@transaction.atomic
def change_policy(
    period_id: int,
    *,
    targets: Mapping[str, Mapping[Kind, SlaTarget]] | None = None,
    covered: CoveredHours | Unchanged | None = UNCHANGED,
    ladders: Mapping[str, EscalationLadder] | None = None,
    rollback: RollbackTimes | None = None,
    by: User,
    at: datetime,
    via: str = "",
) -> Policy:
    """Change several parts as one, all or none; what is left out stays. Raises what the parts raise."""
    who: dict[str, Any] = {"by": by, "at": at, "via": via}
    before = policy_of(Period.objects.locked().get(pk=period_id))
    if targets or not isinstance(covered, Unchanged):
        hours = before.covered if isinstance(covered, Unchanged) else covered
        set_targets(period_id, targets={**before.targets, **(targets or {})}, covered=hours, **who)
    for severity, ladder in sorted((ladders or {}).items()):
        set_ladder(period_id, severity=severity, ladder=ladder, **who)
    if rollback is not None:
        set_rollback(period_id, rollback=rollback, **who)
    return policy_of(Period.objects.get(pk=period_id))


@transaction.atomic
def reset_policy(period_id: int, *, by: User, at: datetime, via: str = "") -> Policy:
    """Back to the product's own targets and ladders."""
    period = Period.objects.locked().get(pk=period_id)
    if IncidentPolicy.objects.filter(period=period).delete()[0]:
        journal.record(period, "policy.reset", by=by, at=at, via=via)
    return DEFAULT


def _row(period: Period, by: User, at: datetime) -> IncidentPolicy:
    fresh = {"updated_by": by, "updated_at": at, "version": 0}
    row, _ = IncidentPolicy.objects.get_or_create(period=period, defaults=fresh)
    row.updated_by, row.updated_at, row.version = by, at, row.version + 1
    return row


def _save(row: IncidentPolicy, *fields: str) -> None:
    row.save(update_fields=[*fields, "version", "updated_by", "updated_at"])


def _plain_hours(covered: CoveredHours | None) -> dict[str, Any]:
    if covered is None:
        return {}
    return {
        "days": list(covered.days),
        "opens": covered.opens.isoformat("minutes"),
        "closes": covered.closes.isoformat("minutes"),
        "on_holidays": covered.on_holidays,
    }


def _check_targets(targets: Mapping[str, Mapping[Kind, SlaTarget]], covered: CoveredHours | None) -> None:
    errors: dict[str, str] = {}
    for severity in SEVERITIES:
        for kind in sla_clock.KINDS:
            target = targets.get(severity, {}).get(kind)
            if target is None or target.measure not in get_args(Measure):
                errors[f"{severity}_{kind}"] = "Say how long, and in which hours."
            elif not 60 <= target.seconds <= LONGEST_MINUTES * 60:
                errors[f"{severity}_{kind}"] = "Choose between 1 minute and 60 days."
    if covered is not None and not covered.days:
        errors["days"] = "Choose at least one day, or cover around the clock."
    if errors:
        raise Invalid(errors)


def _check_ladder(period: Period, severity: str, ladder: EscalationLadder) -> None:
    errors: dict[str, str] = {}
    if severity not in SEVERITIES:
        errors["severity"] = "Choose P1, P2, P3 or P4."
    if len(ladder.steps) > MOST_STEPS:
        errors["steps"] = f"Keep it to {MOST_STEPS} steps; nobody reads the eleventh page."
    if not 1 <= ladder.answers <= MOST_ANSWERS:
        errors["answers"] = f"Ask for 1 to {MOST_ANSWERS} people to answer."
    if not 0 <= ladder.repeat <= MOST_REPEATS:
        errors["repeat"] = f"Repeat it at most {MOST_REPEATS} times."
    roles = set(Role.objects.filter(period=period).values_list("pk", flat=True))
    people = set(period.memberships.filter(left_at__isnull=True).values_list("user_id", flat=True))
    last = 0
    for number, step in enumerate(ladder.steps, start=1):
        if said := _complaint(step, last, roles, people):
            errors[f"step{number}"] = f"Step {number}: {said}"
        last = step.after
    if errors:
        raise Invalid(errors)


def _complaint(step: EscalationStep, last: int, roles: set[int], people: set[int]) -> str:
    if step.who not in get_args(Who):
        return f"choose one of {', '.join(get_args(Who))}."
    if not last <= step.after <= LONGEST_MINUTES:
        return f"{step.after} minutes is before the step above it. Steps go forward in time."
    if step.who in OF_A_ROLE and step.role not in roles:
        return "choose a role of this period."
    if step.who == "person" and step.person not in people:
        return "choose somebody who is part of this period."
    return ""
