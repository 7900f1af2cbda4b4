"""What can be done to cover and shifts."""

from __future__ import annotations

from typing import Final

from contributors.shifts import (
    accepted_gaps,
    reassign,
    roles,
    roster,
    roster_generator,
    rotation_store,
    work_time_limits,
)
from hypercare.web.operations import Operation, index_by_name

SHIFTS: Final = index_by_name(
    (
        Operation(
            name="add-role",
            run=roles.add_role,
            right="members.manage",
            kinds=("role.added",),
            page="periods:plan_add_role",
            api="POST api_duty_roles",
        ),
        Operation(
            name="add-suggested-roles",
            run=roles.add_suggested_roles,
            right="members.manage",
            kinds=("role.added",),
            page="periods:plan_add_role",
            api="POST api_duty_roles_suggested",
        ),
        Operation(
            name="change-cover",
            run=roles.change_cover,
            right="members.manage",
            kinds=("role.changed",),
            page="contributors:role_cover",
            api="PATCH api_duty_role",
        ),
        Operation(
            name="set-limits",
            run=work_time_limits.set_limits,
            right="shifts.manage",
            kinds=("fatigue.changed",),
            page="contributors:limits",
            api="PUT api_fatigue_limits",
        ),
        Operation(
            name="add-shift",
            run=roster.assign_shift,
            right="shifts.manage",
            kinds=("shift.added",),
            page="contributors:add_shift",
            api="POST api_shifts",
        ),
        Operation(
            name="cancel-shift",
            run=roster.cancel_shift,
            right="shifts.manage",
            kinds=("shift.cancelled",),
            page="contributors:cancel_shift",
            api="DELETE api_shift",
        ),
        Operation(
            name="replace",
            run=reassign.replace,
            right="shifts.manage",
            kinds=("shift.covered",),
            page="contributors:replace_shift",
            api="POST api_shift_replace",
        ),
        Operation(
            name="take-now",
            run=reassign.take_over_now,
            right="incidents.work",
            kinds=("shift.covered",),
            page="contributors:take_shift",
            api="POST api_shift_take",
        ),
        Operation(
            name="save-rotation",
            run=rotation_store.save,
            right="shifts.manage",
            kinds=("rotation.saved",),
            page="contributors:edit_rotation",
            api="PUT api_rotation",
        ),
        Operation(
            name="end-rotation",
            run=rotation_store.end,
            right="shifts.manage",
            kinds=("rotation.ended",),
            page="contributors:end_rotation",
            api="DELETE api_rotation",
        ),
        Operation(
            name="accept-roster",
            run=roster_generator.accept,
            right="shifts.manage",
            kinds=("shift.planned",),
            page="contributors:generate",
            api="POST api_roster_accept",
        ),
        Operation(
            name="undo-roster",
            run=roster_generator.undo,
            right="shifts.manage",
            kinds=("shift.unplanned",),
            page="contributors:undo_roster",
            api="POST api_roster_undo",
        ),
        Operation(
            name="accept-gap",
            run=accepted_gaps.accept,
            right="shifts.manage",
            kinds=("gap.accepted",),
            page="contributors:accept_gap",
            api="POST api_accepted_gaps",
        ),
        Operation(
            name="take-back-gap",
            run=accepted_gaps.take_back,
            right="shifts.manage",
            kinds=("gap.reopened",),
            page="contributors:take_back_gap",
            api="DELETE api_accepted_gap",
        ),
    )
)
