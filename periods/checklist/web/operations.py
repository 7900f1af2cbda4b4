"""What can be done to a check."""

from __future__ import annotations

from typing import Final

from hypercare.api.strict import NothingIn
from hypercare.web.operations import index_by_name
from periods import checklist
from periods.checklist.web import serializers as check_shapes
from periods.lifecycle.web import serializers
from periods.planning import from_template
from periods.web.operations import PeriodOperation

MINE: Final = "checks.complete on one's own or nobody's, checks.manage on any"
CHECKS: Final = index_by_name(
    (
        PeriodOperation(
            name="make",
            run=from_template.make_checks,
            right="period.plan",
            kinds=("checklist.created",),
            page="contributors:make_checklist",
            api="POST api_checklist_make",
        ),
        PeriodOperation(
            name="add",
            run=checklist.add_check,
            right="checks.manage",
            kinds=("checklist.added",),
            page="contributors:add_check",
            api="POST api_checklist",
        ),
        PeriodOperation(
            name="complete",
            run=checklist.complete,
            right=MINE,
            kinds=("checklist.completed",),
            shape=check_shapes.CompleteIn,
            page="contributors:check_complete",
            heading="Complete",
            said="done",
        ),
        PeriodOperation(
            name="fail",
            run=checklist.fail,
            right=MINE,
            kinds=("checklist.failed",),
            shape=check_shapes.FailIn,
            page="contributors:check_fail",
            heading="Mark failed:",
            said="marked failed",
        ),
        PeriodOperation(
            name="evidence",
            run=checklist.attach_evidence,
            right=MINE,
            kinds=("checklist.evidence",),
            page="contributors:check_evidence",
            api="POST api_evidence",
            heading="Attach evidence to",
            said="has its evidence",
        ),
        PeriodOperation(
            name="remove-evidence",
            run=checklist.remove_evidence,
            right=MINE,
            kinds=("checklist.evidence_removed",),
            page="contributors:remove_evidence",
            api="DELETE api_one_evidence",
        ),
        PeriodOperation(
            name="waive",
            run=checklist.waive,
            right="checks.manage",
            kinds=("checklist.waived",),
            shape=check_shapes.WaiveIn,
            page="contributors:check_waive",
            heading="Waive",
            said="waived",
        ),
        PeriodOperation(
            name="set-aside",
            run=checklist.set_aside,
            right="checks.manage",
            kinds=("checklist.set_aside",),
            shape=serializers.PeriodReasonIn,
            page="contributors:check_set_aside",
            heading="Set aside",
            said="set aside",
        ),
        PeriodOperation(
            name="reopen",
            run=checklist.reopen,
            right=MINE,
            kinds=("checklist.reopened",),
            shape=NothingIn,
            page="contributors:check_reopen",
            heading="Open again",
            said="open again",
        ),
        PeriodOperation(
            name="assign",
            run=checklist.assign,
            right="checks.manage",
            kinds=("checklist.assigned",),
            shape=check_shapes.CheckAssignIn,
            page="contributors:check_assign",
            heading="Assign",
            said="assigned",
        ),
        PeriodOperation(
            name="change-many",
            run=checklist.change_many,
            right="checks.manage",
            kinds=("checklist.assigned", "checklist.set_aside", "checklist.reopened"),
            page="contributors:bulk_checks",
            api="POST api_checks_bulk",
        ),
        PeriodOperation(
            name="undo",
            run=checklist.undo_change,
            right="one's own, checks.manage on any",
            kinds=("checklist.undone",),
            page="contributors:undo_check",
            api="POST api_checks_undo",
        ),
    )
)


def api_route_of_check(row: PeriodOperation) -> str:
    """Method and name of its route in the API."""
    return f"POST api_check_{row.name}" if row.shape else row.api
