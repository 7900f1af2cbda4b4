"""A plan with everything a step asks for, so that a test only spoils what it is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from contributors.models import Membership
from hypercare.models import User
from periods.go import gonogo
from periods.lifecycle import lifecycle
from periods.models import ChecklistItem, Evidence, ExitCriterion, GoDecision, Period
from periods.planning import planning
from tests.factories import GO_LIVE, make_check, make_member, make_period, make_role, make_user

PLANNED_ON = GO_LIVE - timedelta(days=30)
DURING_READINESS = GO_LIVE - timedelta(days=2)
ANSWERS = {
    "reach": 2,
    "criticality": 2,
    "novelty": 3,
    "integrations": 2,
    "data_migration": 2,
    "reversibility": 2,
    "test_gap": 1,
    "work_practice": 3,
    "vendor_dependency": 2,
}


def plan_data(**changes: Any) -> dict[str, Any]:
    """Input of `planning.create_period` that is right in every field."""
    by = changes.pop("by", None) or make_user("Maja Lindqvist", may_plan=True)
    data = {
        "key": "BILL26",
        "name": "Billing cut-over",
        "systems": ["Billing engine"],
        "timezone": "Europe/Copenhagen",
        "go_live_at": GO_LIVE,
        "ends_at": GO_LIVE + timedelta(days=14),
        "lead": by,
        "sponsor": make_user("Rachel Kim"),
        "bau_owner": make_user("Kavya Nair"),
        "rollback_authority": by,
        "baseline_issues": 56,
        "baseline_days": 28,
        "point_of_no_return": "When the old engine is switched off.",
        "days_override_reason": "Two weeks until the first month-end run.",
        "by": by,
        "at": PLANNED_ON,
    }
    return {**data, **changes}


def make_plan(**changes: Any) -> Period:
    """A draft that is ready to be planned: scored, staffed by a role that needs no cover, invited."""
    data = plan_data(**changes)
    period = planning.create_period(**data)
    planning.answer_questions(period.pk, ANSWERS, by=data["by"], at=data["at"])
    on_duty(period, data["at"])
    return Period.objects.get(pk=period.pk)


def on_duty(period: Period, at: datetime) -> Membership:
    """Somebody invited who holds a role that nobody's go waits for."""
    role = make_role(period, cover="none", required=False)
    return make_member(period, make_user("Daniel Osei"), role=role, invited_at=at)


def finish_checks(period: Period, *, by: User | None = None) -> None:
    """Tick every check."""
    ChecklistItem.objects.filter(period=period).update(
        status="done", done_at=DURING_READINESS, done_by=by or period.lead
    )
    Evidence.objects.bulk_create(
        Evidence(item=item, kind="link", text="https://wiki.example/evidence")
        for item in ChecklistItem.objects.filter(period=period)
    )


def make_ready_to_decide(**fields: Any) -> Period:
    """A period in readiness where everybody voted go and nothing objects."""
    period = make_period(Period.Status.READINESS, point_of_no_return="When the old engine is off.", **fields)
    make_check(
        period,
        category="Rollback",
        title="Rollback rehearsed",
        status="done",
        done_at=DURING_READINESS,
        evidence="48 minutes",
    )
    for person in (period.lead, period.bau_owner):
        gonogo.vote(period.pk, choice="go", by=person, at=DURING_READINESS)
    return period


def go(period: Period, *, at: datetime = DURING_READINESS) -> GoDecision:
    """The sponsor's plain go."""
    return gonogo.decide(period.pk, outcome="go", by=period.sponsor, at=at)


def make_criterion(period: Period, **fields: Any) -> ExitCriterion:
    """A mandatory criterion that a person decides; not decided yet."""
    defaults = {
        "position": 1,
        "code": "data_reconciled",
        "title": "Data reconciled",
        "mandatory": True,
        "automatic": False,
    }
    return ExitCriterion.objects.create(period=period, **{**defaults, **fields})


def sign_both(period: Period, *, at: datetime, comment: str = "") -> None:
    """Sponsor and BAU owner sign."""
    lifecycle.sign(period.pk, role="sponsor", by=period.sponsor, at=at, comment=comment)
    lifecycle.sign(period.pk, role="bau_owner", by=period.bau_owner, at=at, comment=comment)
