"""What can be done to an incident: who may, what it takes, the domain function, and how both edges show it.

A row with a `face` is a form and a button in the browser (`actions.py`), one with a `shape` is a POST under the
incident's address in the API (`api.py`); the routes of both are made from here. The other rows have a view
of their own at the named routes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from hypercare.api.strict import NothingIn, StrictSerializer
from hypercare.models import User
from hypercare.web.operations import Operation, index_by_name
from incidents.models import Incident
from incidents.paging import rollback
from incidents.stakeholders import known_errors, resolving, updates
from incidents.triage import bulk, editing, linking, merge, queues, relations, tasks, triage, undo, war_room, watchers
from incidents.triage.permissions import ASSIGN, HANDLE, NAMED, WORK
from incidents.triage.web import forms, rollback_forms, serializers, war_room_forms
from incidents.triage.web.forms import OperationForm
from periods.debriefs import actions

FormOf = Callable[[Any, Incident, User], OperationForm]


@dataclass(frozen=True, slots=True)
class BrowserFace:
    """How the browser shows it: heading, button, form, and what is said afterwards.

    `path` is the last part of its address where that is not the operation's name. A form that `watches` a field is
    refused when somebody changed that meanwhile, by an entry of `changed_by`. What `stays` leaves the page where it is.
    """

    title: str
    button: str
    form: FormOf
    said: Callable[[Incident], str]
    path: str = ""
    watches: str = ""
    changed_by: tuple[str, ...] = ()
    stays: bool = False
    then: Callable[[Incident, Mapping[str, Any]], str] = lambda now, _: now.get_absolute_url()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOperation(Operation):
    """An operation on one incident, or on the incidents of a period."""

    face: BrowserFace | None = None
    shape: type[StrictSerializer] | None = None

    @property
    def path(self) -> str:
        """The last part of its address in the browser."""
        return (self.face.path if self.face else "") or self.name

    @property
    def can_be_undone(self) -> bool:
        """Whether everything it writes can be taken back."""
        return all(kind in (*undo.KINDS, *undo.WIDER) for kind in self.kinds)


# --- Forms --------------------------------------------------------------------------------------


def _plain(form: type[OperationForm]) -> FormOf:
    return lambda data, _incident, _user: form(data)


def _assign_form(data: Any, incident: Incident, _user: User) -> OperationForm:
    return forms.AssignIncidentForm(data, period=incident.period, initial={"owner": incident.owner_id or forms.NOBODY})


def _resolve_form(data: Any, incident: Incident, _user: User) -> OperationForm:
    urgent = incident.severity in ("P1", "P2")
    return forms.ResolveForm(
        data,
        initial={
            "ending": "fixed",
            "verdict": incident.verdict,
            "workaround": incident.workaround,
            "cause": incident.cause,
            "tell": ["reporter", *(["everyone"] if urgent else [])],
            "debrief": urgent,
        },
    )


def _task_form(data: Any, incident: Incident, user: User) -> OperationForm:
    return war_room_forms.TaskForm(data, period=incident.period, initial={"owner": user.pk, "due": "1h"})


def _queue_form(data: Any, incident: Incident, _user: User) -> OperationForm:
    initial = {"queue": incident.queue or "returned", "note": incident.queue_note}
    return forms.QueueForm(data, initial=initial)


def _facts(incident: Incident) -> dict[str, str]:
    return {name: getattr(incident, name) for name in editing.FIELDS}


# --- What is said -------------------------------------------------------------------------------


def _to_lesson(now: Incident, data: Mapping[str, Any]) -> str:
    """The incident, or a lesson of it to be written while it is fresh."""
    of = urlencode({"period": now.period.key, "incident": now.key})
    return f"{reverse('lesson_new')}?{of}" if data.get("lesson") else now.get_absolute_url()


def _linked(now: Incident) -> str:
    return f"{now.key} merged into {now.duplicate_of.key}" if now.duplicate_of else f"{now.key} linked"


def _judged(now: Incident) -> str:
    kind = now.get_kind_display() if now.kind else "no type"
    return f"{now.key}: {kind}{', now in the backlog' if now.in_backlog else ''}"


def _queued(now: Incident) -> str:
    return f"{now.key}: {now.get_queue_display().lower()}" if now.queue else f"{now.key} waits for nobody"


def _snoozed(now: Incident) -> str:
    return f"{now.key} snoozed" if now.snoozed_until else f"{now.key} is back in the list"


def _assigned(now: Incident) -> str:
    return f"{now.key} given to {now.owner}" if now.owner else f"{now.key} has no owner"


# --- The table ------------------------------------------------------------------------------------

ENDED: Final = ("incident.status", "incident.resolved", "incident.merged")
OPERATIONS: Final = index_by_name(
    (
        IncidentOperation(
            name="report",
            run=triage.report,
            right="incidents.report",
            kinds=("incident.reported",),
            page="incidents:log",
            api="POST api_incidents",
        ),
        IncidentOperation(
            name="acknowledge",
            run=triage.acknowledge,
            right=WORK,
            kinds=("incident.acknowledged",),
            shape=NothingIn,
            face=BrowserFace(
                "Acknowledge",
                "Acknowledge",
                _plain(OperationForm),
                lambda now: f"You acknowledged {now.key}. Paging has stopped.",
                stays=True,
            ),
        ),
        IncidentOperation(
            name="assign",
            run=triage.assign,
            right=ASSIGN,
            kinds=("incident.assigned",),
            shape=serializers.AssignIn,
            face=BrowserFace(
                "Assign",
                "Assign",
                _assign_form,
                _assigned,
                watches="owner_id",
                changed_by=("incident.assigned", "incident.acknowledged"),
                stays=True,
            ),
        ),
        IncidentOperation(
            name="regrade",
            run=triage.regrade,
            right=HANDLE,
            kinds=("incident.regraded",),
            shape=serializers.RegradeIn,
            face=BrowserFace(
                "Change severity of",
                "Change severity",
                lambda data, incident, _: forms.RegradeForm(data, initial={"severity": incident.severity}),
                lambda now: f"{now.key} set to {now.severity}",
                watches="severity",
                changed_by=("incident.regraded",),
                stays=True,
            ),
        ),
        IncidentOperation(
            name="set-status",
            run=triage.set_status,
            right=HANDLE,
            kinds=("incident.status",),
            shape=serializers.StatusIn,
            face=BrowserFace(
                "Change status of",
                "Change status",
                lambda data, incident, _: forms.StatusForm(data, initial={"status": incident.status}),
                lambda now: f"{now.key} set to {now.get_status_display()}",
                path="status",
                watches="status",
                changed_by=("incident.status", "incident.acknowledged", "incident.resolved", "incident.reopened"),
                stays=True,
            ),
        ),
        IncidentOperation(
            name="resolve",
            run=resolving.resolve_incident,
            right=HANDLE,
            kinds=("incident.resolved", "known_error.added"),
            shape=serializers.ResolveIn,
            face=BrowserFace(
                "Resolve",
                "Resolve",
                _resolve_form,
                lambda now: f"{now.key} resolved",
                watches="status",
                changed_by=ENDED,
                then=_to_lesson,
            ),
        ),
        IncidentOperation(
            name="close",
            run=triage.close,
            right=HANDLE,
            kinds=("incident.closed",),
            shape=NothingIn,
            face=BrowserFace("Close", "Close", _plain(OperationForm), lambda now: f"{now.key} closed"),
        ),
        IncidentOperation(
            name="reopen",
            run=triage.reopen,
            right=HANDLE,
            kinds=("incident.reopened",),
            shape=serializers.ReasonIn,
            face=BrowserFace(
                "Reopen", "Reopen", _plain(forms.IncidentReasonForm), lambda now: f"{now.key} is open again"
            ),
        ),
        IncidentOperation(
            name="escalate",
            run=triage.escalate,
            right=WORK,
            kinds=("incident.escalated",),
            shape=serializers.ReasonIn,
            face=BrowserFace(
                "Escalate", "Page the next person", _plain(forms.IncidentReasonForm), lambda now: f"{now.key} escalated"
            ),
        ),
        IncidentOperation(
            name="hand-over",
            run=triage.transfer_to_bau,
            right=HANDLE,
            kinds=("incident.handed_over",),
            shape=serializers.HandOverIn,
            face=BrowserFace(
                "Hand over", "Hand over", _plain(forms.TransferForm), lambda now: f"{now.key} goes to {now.handed_to}"
            ),
        ),
        IncidentOperation(
            name="queue",
            run=queues.enter_queue,
            right=HANDLE,
            kinds=("incident.queued",),
            shape=serializers.QueueIn,
            face=BrowserFace(
                "Where it waits:",
                "Save",
                _queue_form,
                _queued,
                watches="queue",
                changed_by=("incident.queued",),
                stays=True,
            ),
        ),
        IncidentOperation(
            name="pause",
            run=queues.pause_clocks,
            right=HANDLE,
            kinds=("incident.queued",),
            shape=serializers.PauseIn,
            page="incidents:queue",
        ),
        IncidentOperation(
            name="resume",
            run=queues.end_wait,
            right=HANDLE,
            kinds=("incident.queued",),
            shape=NothingIn,
            page="incidents:queue",
        ),
        IncidentOperation(
            name="snooze",
            run=queues.snooze_until,
            right=HANDLE,
            kinds=("incident.snoozed",),
            shape=serializers.SnoozeIn,
            face=BrowserFace(
                "Snooze",
                "Snooze",
                lambda data, incident, _: forms.SnoozeForm(data, period=incident.period),
                _snoozed,
                stays=True,
            ),
        ),
        IncidentOperation(
            name="undo",
            run=undo.undo_entry,
            right=HANDLE,
            kinds=("incident.undone",),
            shape=serializers.UndoIn,
            page="incidents:undo",
        ),
        # Three ways to have to do with another one: one form asks which, and each is an address of its own for scripts.
        IncidentOperation(
            name="link",
            run=linking.link_incidents,
            right=HANDLE,
            kinds=("incident.merged", "incident.parented", "incident.related"),
            api="POST api_incident_merge",
            face=BrowserFace(
                "Link",
                "Link",
                lambda data, incident, _: forms.LinkForm(data, incident=incident),
                _linked,
                watches="status",
                changed_by=ENDED,
            ),
        ),
        IncidentOperation(
            name="merge",
            run=merge.merge_into,
            right=HANDLE,
            kinds=("incident.merged",),
            shape=serializers.MergeIn,
            page="incidents:link",
        ),
        IncidentOperation(
            name="relate",
            run=relations.relate,
            right=HANDLE,
            kinds=("incident.related",),
            shape=serializers.OtherIn,
            page="incidents:link",
        ),
        IncidentOperation(
            name="unrelate",
            run=relations.unrelate,
            right=HANDLE,
            kinds=("incident.unrelated",),
            shape=serializers.OtherIn,
            page="incidents:unrelate",
        ),
        IncidentOperation(
            name="set-parent",
            run=relations.put_under,
            right=HANDLE,
            kinds=("incident.parented",),
            shape=serializers.ParentIn,
            page="incidents:link",
        ),
        # What an incident says of itself: two forms, one document.
        IncidentOperation(
            name="edit",
            run=editing.update_fields,
            right=HANDLE,
            kinds=("incident.corrected",),
            api="PATCH api_incident",
            face=BrowserFace(
                "Edit",
                "Save",
                lambda data, incident, _: forms.EditForm(data, period=incident.period, initial=_facts(incident)),
                lambda now: f"{now.key} saved",
            ),
        ),
        IncidentOperation(
            name="classify",
            run=editing.update_fields,
            right=HANDLE,
            kinds=("incident.corrected",),
            api="PATCH api_incident",
            face=BrowserFace(
                "Classify",
                "Save",
                lambda data, incident, _: forms.ClassifyForm(data, period=incident.period, initial=_facts(incident)),
                _judged,
                stays=True,
            ),
        ),
        IncidentOperation(
            name="amend",
            run=editing.update_fields_and_severity,
            right=HANDLE,
            kinds=("incident.corrected", "incident.regraded"),
            page="incidents:edit",
            api="PATCH api_incident",
        ),
        # What belongs to an incident.
        IncidentOperation(
            name="comment",
            run=triage.comment,
            right=WORK,
            kinds=("incident.commented",),
            page="incidents:comment",
            api="POST api_incident_comment",
        ),
        IncidentOperation(
            name="publish",
            run=updates.publish,
            right="updates.post",
            kinds=("incident.commented", "update.posted"),
            page="incidents:comment",
            api="POST api_incident_post_update",
        ),
        IncidentOperation(
            name="known-error",
            run=known_errors.from_incident,
            right="updates.post",
            kinds=("known_error.added",),
            page="incidents:known_error",
            api="POST api_incident_known_error",
        ),
        IncidentOperation(
            name="task",
            run=tasks.add,
            right=WORK,
            kinds=("action.added",),
            api="POST api_incident_tasks",
            face=BrowserFace("Add a task to", "Add task", _task_form, lambda now: f"Task added to {now.key}"),
        ),
        IncidentOperation(
            name="finish-task",
            run=actions.complete,
            right=WORK,
            kinds=("action.done",),
            page="incidents:task_done",
            api="POST api_action_done",
        ),
        IncidentOperation(
            name="reopen-task",
            run=actions.reopen,
            right=WORK,
            kinds=("action.reopened",),
            page="incidents:task_done",
            api="POST api_action_reopen",
        ),
        IncidentOperation(
            name="add-link",
            run=tasks.add_link,
            right=WORK,
            kinds=("incident.link_added",),
            api="POST api_incident_links",
            face=BrowserFace(
                "Add a link to",
                "Add link",
                _plain(war_room_forms.ReferenceForm),
                lambda now: f"Link added to {now.key}",
            ),
        ),
        IncidentOperation(
            name="remove-link",
            run=tasks.remove_link,
            right=WORK,
            kinds=("incident.link_removed",),
            page="incidents:remove_link",
            api="DELETE api_incident_link",
        ),
        IncidentOperation(
            name="give-part",
            run=war_room.give_part,
            right=WORK,
            kinds=("incident.role",),
            page="incidents:part",
            api="POST api_incident_roles",
        ),
        IncidentOperation(
            name="follow",
            run=watchers.follow,
            right="period.view",
            kinds=(),
            page="incidents:follow",
            api="PUT api_incident_following",
        ),
        IncidentOperation(
            name="unfollow",
            run=watchers.unfollow,
            right="period.view",
            kinds=(),
            page="incidents:follow",
            api="DELETE api_incident_following",
        ),
        IncidentOperation(
            name="rollback",
            run=rollback.answer_decision,
            right=NAMED,
            kinds=("incident.rollback_decided",),
            api="POST api_incident_rollback",
            face=BrowserFace(
                "Roll back for",
                "Decide",
                _plain(rollback_forms.RollbackForm),
                lambda now: f"Decision on {now.key} recorded",
            ),
        ),
        # Several at once.
        IncidentOperation(
            name="change-many",
            run=bulk.apply,
            right=HANDLE,
            kinds=(),
            page="incidents:change",
            api="POST api_incidents_bulk",
        ),
        IncidentOperation(
            name="undo-many",
            run=bulk.undo_all,
            right=HANDLE,
            kinds=("incident.undone",),
            page="incidents:undo",
            api="POST api_incidents_undo",
        ),
    )
)
FACES: Final = {row.path: row for row in OPERATIONS.values() if row.face}
SHAPES: Final = {row.name: row for row in OPERATIONS.values() if row.shape}


def page_route_of(row: IncidentOperation) -> str:
    """The name of its route in the browser."""
    return f"incidents:{row.path.replace('-', '_')}" if row.face else row.page


def api_route_of(row: IncidentOperation) -> str:
    """Method and name of its route in the API."""
    return f"POST api_incident_{row.name.replace('-', '_')}" if row.shape else row.api
