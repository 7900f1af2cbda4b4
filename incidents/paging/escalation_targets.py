"""Whom a step of a ladder means at an instant, how that is said, and which steps can't reach anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max

from contributors.models import Delivery, Membership, Role
from contributors.people import eligibility
from contributors.shifts import on_call, roster
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation_policies
from incidents.paging.escalation_policies import EscalationLadder, EscalationStep
from incidents.shared.severity import SEVERITIES
from periods.models import Period
from periods.planning import template_policy

LABELS: Final[dict[str, str]] = {
    "on_shift": "On shift",
    "deputy": "Deputy",
    "lead": "Lead",
    "sponsor": "Sponsor",
    "role": "On shift",
    "everyone": "Everybody",
    "round_robin": "In turn",
    "person": "Person",
}
OF_DUTY: Final = ("on_shift", "deputy", "role", "everyone", "round_robin")
COMMANDER: Final = "IC"
LOOKED_AHEAD: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class UnreachableStep:
    """A step that would reach nobody, and what to do about it. `step` counts from 1."""

    severity: str
    step: int
    text: str


def ladder_for_incident(incident: Incident) -> EscalationLadder:
    """The steps an escalation of this incident would take now; none for a wish in the backlog.

    Beside the lead of the product's own P1 ladder the incident commander is paged, where the period has that duty.
    """
    if incident.has_no_clock:
        return EscalationLadder()
    return ladder_for_severity(incident.period, incident.severity)


def ladder_for_severity(period: Period, severity: str) -> EscalationLadder:
    """The ladder of a period for a severity: its own, else its template's, else the product's. At most two queries."""
    ladder = escalation_policies.policy_of(period).ladders[severity]
    if ladder is not escalation_policies.LADDERS[severity]:
        return ladder
    if rungs := template_policy.ladder_for(period.pk, severity):
        return EscalationLadder(tuple(EscalationStep(who, after) for who, after in rungs))
    return _with_commander(ladder, period) if severity == "P1" else ladder


def first_wait_of(period: Period) -> timedelta | None:
    """How long after its start a P1 that nobody takes goes to the next step; None where there is no next one."""
    steps = ladder_for_severity(period, "P1").steps
    later = [step.after for step in steps if step.after > steps[0].after]
    return timedelta(minutes=min(later)) if later else None


def _with_commander(ladder: EscalationLadder, period: Period) -> EscalationLadder:
    commander = Role.objects.filter(period=period, code=COMMANDER).order_by("position", "id").first()
    if commander is None:
        return ladder
    place = next(number for number, step in enumerate(ladder.steps) if step.who == "lead") + 1
    beside = EscalationStep("role", ladder.steps[place - 1].after, role=commander.pk)
    return EscalationLadder((*ladder.steps[:place], beside, *ladder.steps[place:]), ladder.answers, ladder.repeat)


def step_label(step: EscalationStep, period: Period) -> str:
    """`Deputy`, `Everybody in Support`, `On shift, Platform`. One query where a role is named."""
    if step.who not in escalation_policies.OF_A_ROLE:
        return LABELS[step.who]
    role = Role.objects.filter(period=period, pk=step.role or 0).values_list("name", flat=True).first()
    name = role or "a role that is gone"
    return f"Everybody in {name}" if step.who == "everyone" else f"{LABELS[step.who]}, {name}"


def people_for_step(step: EscalationStep, incident: Incident, *, at: datetime) -> list[User]:
    """Whom the step means at an instant, in order; empty when nobody stands there."""
    period = incident.period
    if step.who in ("on_shift", "deputy"):
        pair = on_call.responders_for(incident.team, period, at=at)
        return [person for person in (pair[step.who == "deputy"],) if person]
    if step.who in ("lead", "sponsor"):
        named = period.lead if step.who == "lead" else period.sponsor
        return [named] if named and named.is_active else []
    if step.who == "person":
        return _members(period, user=step.person)
    return _of_role(step, period, at)


def _of_role(step: EscalationStep, period: Period, at: datetime) -> list[User]:
    role = Role.objects.filter(period=period, pk=step.role or 0).first()
    if role is None:
        return []
    if step.who == "role":
        return [person for person in on_call.responders_for(role, period, at=at)[:1] if person]
    everybody = _members(period, role=role)
    return everybody if step.who == "everyone" else _longest_spared(everybody, period)


def _longest_spared(everybody: Sequence[User], period: Period) -> list[User]:
    """In turn: the one whose last page of this period lies furthest back; never paged comes first."""
    pages = Delivery.objects.filter(period=period, kind="page", recipient__in=everybody)
    last = dict(pages.values_list("recipient").annotate(last=Max("created_at")).order_by("recipient"))
    return sorted(everybody, key=lambda user: (user.pk in last, last.get(user.pk), user.pk))[:1]


def _members(period: Period, **of_whom: object) -> list[User]:
    found = Membership.objects.filter(period=period, left_at__isnull=True, **of_whom)
    able = found.filter(user__is_active=True, right__in=eligibility.WORKS)
    return [member.user for member in able.select_related("user").order_by("user__name", "user_id")]


def find_unreachable_steps(period: Period, *, at: datetime) -> list[UnreachableStep]:
    """Steps that can't reach anybody before the period ends, as things stand."""
    if period.ended_at:
        return []
    looked = _Roster.read(period, at)
    return [
        UnreachableStep(severity, number, text)
        for severity in SEVERITIES
        for number, step in enumerate(ladder_for_severity(period, severity).steps, start=1)
        if (text := looked.complaint(step))
    ]


def reaches_nobody(period: Period, severity: str, *, at: datetime) -> bool:
    """Whether not one step of a ladder could reach anybody."""
    looked, steps = _Roster.read(period, at), ladder_for_severity(period, severity).steps
    return bool(steps) and all(looked.complaint(step) for step in steps)


@dataclass(frozen=True, slots=True)
class _Roster:
    """What a lint needs to know of a period: roles, who is in them, and who has shifts still to come."""

    period: Period
    roles: dict[int, Role]
    members: list[Membership]
    primaries: dict[int, set[int]]
    deputies: dict[int, set[int]]

    @classmethod
    def read(cls, period: Period, at: datetime) -> _Roster:
        """Four queries at most."""
        roles = {role.pk: role for role in Role.objects.filter(period=period)}
        members = list(
            Membership.objects.filter(
                period=period, left_at__isnull=True, user__is_active=True, right__in=eligibility.WORKS
            ).select_related("user")
        )
        start = max(at, period.starts_at)
        coming = roster.shifts_of_period(period, start=start, end=max(period.ends_at, start + LOOKED_AHEAD))
        active = {member.user_id for member in members}
        primaries: dict[int, set[int]] = {}
        deputies: dict[int, set[int]] = {}
        for shift in coming:
            if shift.user_id in active:
                kept = primaries if shift.kind == "primary" else deputies
                kept.setdefault(shift.role_id, set()).add(shift.user_id)
        return cls(period, roles, members, primaries, deputies)

    def complaint(self, step: EscalationStep) -> str:
        """Why a step can't reach anybody; empty when it can."""
        return next(self._complaints(step), "")

    def _complaints(self, step: EscalationStep) -> Iterator[str]:
        if step.who in ("on_shift", "deputy"):
            yield from self._duty(step)
        elif step.who in ("lead", "sponsor"):
            yield from self._named(step)
        elif step.who == "person":
            if step.person not in {member.user_id for member in self.members}:
                yield "The person named is no longer part of the period. Name somebody else."
        elif step.role not in self.roles:
            yield "The role is gone. Choose another."
        elif step.who == "role":
            if not self.primaries.get(step.role or 0):
                yield f"Nobody has a shift as {self.roles[step.role or 0]}. Plan one under Coverage."
        elif not any(member.role_id == step.role for member in self.members):
            yield f"Nobody is in {self.roles[step.role or 0]}. Give somebody the role under Contributors."

    def _duty(self, step: EscalationStep) -> Iterator[str]:
        team = next((role for role in self.roles.values() if role.answers_pages), None)
        if team is None:
            yield "No role answers pages. Choose one under Contributors."
        elif step.who == "on_shift":
            if not self.primaries.get(team.pk):
                yield f"Nobody has a shift as {team}. Plan one under Coverage."
        elif not self._second(team):
            yield f"{team} has no deputy and no second person on shift. Plan one under Coverage."

    def _second(self, team: Role) -> bool:
        named = any(member.role_id == team.pk and member.is_deputy for member in self.members)
        return named or bool(self.deputies.get(team.pk)) or len(self.primaries.get(team.pk, ())) > 1

    def _named(self, step: EscalationStep) -> Iterator[str]:
        person = self.period.lead if step.who == "lead" else self.period.sponsor
        if person is None:
            yield f"The period has no {step.who}. Name one in its plan."
        elif person.pk not in {member.user_id for member in self.members}:
            yield f"{person} is no longer part of the period. Name another {step.who}."
