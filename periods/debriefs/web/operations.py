"""What can be done to debriefs and actions."""

from __future__ import annotations

from typing import Final

from hypercare.api.strict import NothingIn
from hypercare.web.operations import index_by_name
from periods.debriefs import actions, debriefs
from periods.debriefs.web import serializers as shapes
from periods.lifecycle.web import serializers
from periods.web.operations import PeriodOperation

OWNER: Final = "one's own, debriefs.run on any"
DEBRIEFS: Final = index_by_name(
    (
        PeriodOperation(
            name="add",
            run=debriefs.add,
            right="debriefs.run",
            kinds=("debrief.scheduled",),
            page="debrief_add",
            api="POST api_debriefs",
        ),
        PeriodOperation(
            name="start",
            run=debriefs.start,
            right="debriefs.run",
            kinds=("debrief.started",),
            shape=NothingIn,
            page="debrief_start",
        ),
        PeriodOperation(
            name="take-over",
            run=debriefs.take_over,
            right="debriefs.run",
            kinds=("debrief.taken_over",),
            shape=NothingIn,
            page="debrief_take_over",
        ),
        PeriodOperation(
            name="write",
            run=debriefs.write_minutes,
            right="debriefs.run",
            kinds=(),
            shape=shapes.WriteIn,
            page="debrief_write",
        ),
        PeriodOperation(
            name="decide",
            run=debriefs.record_decision,
            right="debriefs.run",
            kinds=("debrief.decided",),
            shape=shapes.TextIn,
            page="debrief_decide",
        ),
        PeriodOperation(
            name="attend",
            run=debriefs.record_attendance,
            right="debriefs.run",
            kinds=("debrief.attended",),
            shape=shapes.AttendIn,
            page="debrief_attend",
        ),
        PeriodOperation(
            name="finish",
            run=debriefs.finish,
            right="debriefs.run",
            kinds=("debrief.finished",),
            shape=NothingIn,
            page="debrief_finish",
        ),
        PeriodOperation(
            name="skip",
            run=debriefs.skip,
            right="debriefs.run",
            kinds=("debrief.skipped",),
            shape=serializers.PeriodReasonIn,
            page="debrief_skip",
        ),
        PeriodOperation(
            name="reschedule",
            run=debriefs.reschedule,
            right="debriefs.run",
            kinds=("debrief.moved",),
            shape=shapes.RescheduleIn,
            page="debrief_reschedule",
        ),
        PeriodOperation(
            name="add-action",
            run=actions.add,
            right="notes.view",
            kinds=("action.added",),
            page="debrief_action",
            api="POST api_actions",
        ),
        PeriodOperation(
            name="finish-action",
            run=actions.complete,
            right=OWNER,
            kinds=("action.done",),
            page="action_done",
            api="POST api_action_done",
        ),
        PeriodOperation(
            name="reopen-action",
            run=actions.reopen,
            right=OWNER,
            kinds=("action.reopened",),
            page="incidents:task_done",
            api="POST api_action_reopen",
        ),
    )
)


def api_route_of_debrief(row: PeriodOperation) -> str:
    """Method and name of its route in the API."""
    return f"POST api_debrief_{row.name}" if row.shape else row.api
