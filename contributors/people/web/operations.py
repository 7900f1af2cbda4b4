"""What can be done to the people of a period."""

from __future__ import annotations

from typing import Final

from contributors.people import earlier_people, members
from contributors.readiness import acknowledgements, invitations
from contributors.shifts import release
from hypercare.web.operations import Operation, index_by_name

THEMSELF: Final = "readiness.acknowledge for oneself"
LEAD: Final = "lead or members.manage"
PEOPLE: Final = index_by_name(
    (
        Operation(
            name="add",
            run=members.add_person,
            right="members.manage",
            kinds=("contributor.added",),
            page="contributors:people",
            api="POST api_contributors",
        ),
        Operation(
            name="add-earlier",
            run=earlier_people.add_chosen,
            right="members.manage",
            kinds=("contributor.added",),
            page="periods:plan_add_earlier",
            api="POST api_contributors_earlier",
        ),
        Operation(
            name="change",
            run=release.change_member,
            right="members.manage",
            kinds=("contributor.changed",),
            page="contributors:change_member",
            api="PATCH api_contributor",
        ),
        Operation(
            name="release",
            run=release.remove_member,
            right="members.manage",
            kinds=("contributor.removed", "shift.cancelled"),
            page="contributors:remove_member",
            api="POST api_contributor_release",
        ),
        Operation(
            name="invite-all",
            run=members.invite_all,
            right="members.manage",
            kinds=("contributor.invited",),
            page="contributors:invite_all",
            api="POST api_contributors_invite",
        ),
        Operation(
            name="remind-all",
            run=invitations.remind_all,
            right="members.manage",
            kinds=("contributor.invited",),
            page="contributors:remind",
            api="POST api_contributors_remind",
        ),
        Operation(
            name="remind",
            run=invitations.remind,
            right="members.manage",
            kinds=("contributor.invited",),
            page="contributors:invite",
            api="POST api_contributor_remind",
        ),
        Operation(
            name="reply",
            run=invitations.reply,
            right=LEAD,
            kinds=("readiness.replied",),
            page="contributors:reply",
            api="POST api_contributor_reply",
        ),
        # Two addresses for scripts; the browser's one page asks which, and adds the calendar (one_tap/answers.py).
        Operation(
            name="acknowledge",
            run=acknowledgements.acknowledge,
            right=THEMSELF,
            kinds=("readiness.acknowledged",),
            page="contributors:acknowledge",
            api="POST api_contributor_acknowledge",
        ),
        Operation(
            name="decline",
            run=acknowledgements.acknowledge,
            right=THEMSELF,
            kinds=("readiness.problem",),
            page="contributors:acknowledge",
            api="POST api_contributor_decline",
        ),
    )
)
