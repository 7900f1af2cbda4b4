"""What can be done to a period, as data: pages, API and tests look it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from hypercare.api.strict import NothingIn
from hypercare.web.operations import Operation, index_by_name
from periods.exit import criteria
from periods.go import gonogo
from periods.go.web import serializers as go_shapes
from periods.lifecycle import lifecycle
from periods.lifecycle.gates import Transition
from periods.lifecycle.transitions import CLOCK, RIGHT, TABLE
from periods.lifecycle.web import serializers
from periods.planning import from_template, planning
from periods.web.operations import Shape

MAY_PLAN: Final = "may open periods"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleStep(Operation):
    """A step in the life of a period: on its button, whom it tells, and what is said when it is done."""

    shape: Shape | None = None
    button: str = ""
    tells: str = ""
    done: str = ""
    danger: bool = False

    @property
    def path(self) -> str:
        """The last part of its address in the API."""
        return self.name.replace("_", "-")

    @property
    def transition(self) -> Transition:
        """Its row in the table of transitions (`periods/lifecycle/transitions.py`)."""
        return cast("Transition", self.name)


def _by(name: Transition) -> str:
    """Who may take a step, as its table says: rights and named people."""
    actors = (actor.removeprefix(RIGHT) for actor in TABLE[name].actors if actor != CLOCK)
    return " or ".join(actors)


def _kind(name: Transition) -> str:
    return TABLE[name].kind


PERIOD: Final = index_by_name(
    (
        LifecycleStep(
            name="create",
            run=from_template.create_period,
            right=MAY_PLAN,
            page="periods:new",
            api="POST api_periods",
            kinds=("period.created", "period.scored", "period.changed", "plan.started_from", "checklist.created"),
        ),
        LifecycleStep(
            name="change",
            run=planning.update,
            right="period.plan",
            page="periods:plan",
            api="PATCH api_period",
            kinds=("period.changed", "period.scored"),
        ),
        LifecycleStep(
            name="plan",
            run=lifecycle.plan,
            right=_by("plan"),
            kinds=(_kind("plan"),),
            shape=NothingIn,
            page="periods:plan",
        ),
        LifecycleStep(
            name="invite",
            run=lifecycle.open_readiness,
            right=_by("invite"),
            kinds=(_kind("invite"), "contributor.invited"),
            shape=NothingIn,
            page="periods:move",
            button="Open readiness",
            tells="Everybody who takes part was invited already.",
            done="Readiness is open. The invitations are on their way.",
        ),
        LifecycleStep(
            name="go", run=gonogo.give_go, right=_by("go"), kinds=(_kind("go"),), shape=go_shapes.GoIn, page="go_decide"
        ),
        LifecycleStep(
            name="start",
            run=lifecycle.start,
            right=_by("start"),
            kinds=(_kind("start"),),
            shape=serializers.StartIn,
            page="periods:move",
            button="Record go-live",
            tells="Debriefs are laid out, and people on duty are told.",
            done="Go-live is recorded. Hypercare runs.",
        ),
        LifecycleStep(
            name="stabilise",
            run=lifecycle.stabilise,
            right=_by("stabilise"),
            kinds=(_kind("stabilise"),),
            shape=NothingIn,
            page="periods:move",
            button="Move to stabilising",
            tells="Cover can thin out while the numbers stay calm.",
            done="The period is stabilising.",
        ),
        LifecycleStep(
            name="review",
            run=lifecycle.review,
            right=_by("review"),
            kinds=(_kind("review"),),
            shape=NothingIn,
            page="periods:move",
            button="Open the exit review",
            tells="The sponsor and the BAU owner are asked to sign.",
            done="The exit review is open.",
        ),
        LifecycleStep(
            name="sign",
            run=lifecycle.sign,
            right=_by("sign"),
            kinds=(_kind("sign"),),
            page="exit_sign",
            api="POST api_sign",
        ),
        LifecycleStep(
            name="decide_criterion",
            run=criteria.decide_manually,
            right="period.run or bau_owner or sponsor",
            kinds=("criterion.set",),
            page="exit_criterion",
            api="POST api_criterion",
        ),
        LifecycleStep(
            name="extend",
            run=lifecycle.extend,
            right=_by("extend"),
            kinds=(_kind("extend"),),
            shape=serializers.ExtendIn,
            page="exit_extend",
        ),
        LifecycleStep(
            name="close",
            run=lifecycle.close,
            right=_by("close"),
            kinds=(_kind("close"),),
            shape=serializers.CloseIn,
            page="exit_close",
        ),
        LifecycleStep(
            name="reopen",
            run=lifecycle.reopen,
            right=_by("reopen"),
            kinds=(_kind("reopen"),),
            shape=serializers.ReopenIn,
            page="periods:move",
            button="Reopen",
            tells="Hypercare starts again for 14 days and both signatures are void. Tells {people}.",
            done="The period is live again.",
        ),
        LifecycleStep(
            name="postpone",
            run=lifecycle.postpone,
            right=_by("postpone"),
            kinds=(_kind("postpone"),),
            shape=serializers.PostponeIn,
            page="periods:move",
            button="Postpone go-live",
            tells="Go-live, end, shifts and checks move together; votes and answers are asked for again. "
            "Tells {people}.",
            done="Go-live is postponed.",
        ),
        LifecycleStep(
            name="roll_back",
            run=lifecycle.roll_back,
            right=_by("roll_back"),
            kinds=(_kind("roll_back"),),
            shape=serializers.RollBackIn,
            page="periods:move",
            button="Roll back",
            danger=True,
            tells="The change is taken back and the period ends for good: "
            "cover, escalation and debriefs stop. Tells {people}.",
            done="The rollback is recorded.",
        ),
        LifecycleStep(
            name="cancel",
            run=lifecycle.cancel,
            right=_by("cancel"),
            kinds=(_kind("cancel"),),
            shape=serializers.PeriodReasonIn,
            page="periods:move",
            button="Cancel the period",
            danger=True,
            tells="The plan ends here for good: nothing of it is due any more. Tells {people}.",
            done="The period is cancelled.",
        ),
    )
)
MOVES: Final = {row.name: row for row in PERIOD.values() if row.button}
STEPS: Final = {row.path: row for row in PERIOD.values() if row.shape}


def api_route_of_step(row: LifecycleStep) -> str:
    """Method and name of its route in the API."""
    return f"POST api_period_{row.path}" if row.shape else row.api
