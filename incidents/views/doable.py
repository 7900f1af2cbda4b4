"""What can be done to an incident: per action its form, who may do it, the domain call and what is said afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse

from hypercare.models import User
from incidents import facts, merge, queues, relations, rollback, triage, work
from incidents.forms import (
    NOBODY,
    AssignForm,
    ClassifyForm,
    EditForm,
    HandOverForm,
    LinkForm,
    QueueForm,
    ReasonForm,
    ReferenceForm,
    RegradeForm,
    ResolveForm,
    RollbackForm,
    SnoozeForm,
    StatusForm,
    TaskForm,
)
from incidents.models import Incident
from incidents.outside import known_errors
from incidents.records import hold
from incidents.rights import Rights
from incidents.views.loading import Loaded

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done to an incident."""

    title: str
    button: str
    form: Callable[[Any, Loaded], forms.Form]
    allow: Callable[[Rights, Incident, Data], None]
    run: Callable[..., Any]
    said: Callable[[Incident], str]
    watches: str = ""
    kinds: tuple[str, ...] = ()
    stays: bool = False
    then: Callable[[Incident, Data], str] = lambda now, _: now.get_absolute_url()


def _plain(shape: type[forms.Form]) -> Callable[[Any, Loaded], forms.Form]:
    return lambda data, _: shape(data)


def _assign_form(data: Any, at: Loaded) -> forms.Form:
    return AssignForm(data, period=at.period, initial={"owner": at.incident.owner_id or NOBODY})


def _work(mine: Rights, _incident: Incident, _data: Data) -> None:
    mine.require_work()


def _handle(mine: Rights, incident: Incident, _data: Data) -> None:
    mine.require_handle(incident)


def _regrade(pk: int, **sent: Any) -> Incident:
    sent.pop("severity", None)
    return triage.regrade(pk, **sent)


def _snooze(pk: int, *, choice: str, by: User, at: datetime) -> Incident:
    zone = Incident.objects.select_related("period").get(pk=pk).period.zone
    return queues.snooze(pk, until=queues.moment_of(choice, zone, at=at), by=by, at=at)


def _resolve(pk: int, *, lesson: bool, known_error: bool, **sent: Any) -> Incident:  # noqa: ARG001  see _to_lesson
    after = triage.resolve(pk, **sent)
    if known_error:
        who = {name: sent[name] for name in ("by", "at")}
        known_errors.from_incident(pk, workaround=sent["workaround"], **who)
    return after


def _to_lesson(now: Incident, data: Data) -> str:
    """The incident, or a lesson of it to be written while it is fresh."""
    of = urlencode({"period": now.period.key, "incident": now.key})
    return f"{reverse('lesson_new')}?{of}" if data.get("lesson") else now.get_absolute_url()


def _resolve_form(data: Any, at: Loaded) -> forms.Form:
    urgent = at.incident.severity in ("P1", "P2")
    now = at.incident
    return ResolveForm(data, initial={
        "ending": "fixed", "verdict": now.verdict, "workaround": now.workaround, "cause": now.cause,
        "tell": ["reporter", *(["everyone"] if urgent else [])], "debrief": urgent,
    })  # fmt: skip


def _link(pk: int, *, how: str, other: int, by: User, at: datetime) -> Incident:
    if how == "duplicate":
        return merge.merge(pk, into=other, by=by, at=at)
    if how == "part":
        return relations.put_under(pk, parent=other, by=by, at=at)
    return relations.relate(pk, other=other, by=by, at=at)


def _linked(now: Incident) -> str:
    return f"{now.key} merged into {now.duplicate_of.key}" if now.duplicate_of else f"{now.key} linked"


def _task(pk: int, *, title: str, owner: User, due: str, by: User, at: datetime) -> Incident:
    zone = Incident.objects.select_related("period").get(pk=pk).period.zone
    due_at = at + timedelta(minutes=30) if due == "30m" else queues.moment_of(due, zone, at=at)
    return work.add(pk, title=title, owner=owner, due_at=due_at or at, by=by, at=at)


def _anybody(_mine: Rights, _incident: Incident, _data: Data) -> None:
    """Who may decide on rolling back follows from being named: the domain asks."""


def _decide(pk: int, *, answer: str, reason: str, look_again: str, by: User, at: datetime) -> Incident:
    later = at + timedelta(minutes=int(look_again)) if look_again else None
    decision = rollback.answer(pk, answer=answer, reason=reason, look_again_at=later, by=by, at=at)
    return hold(decision.incident_id)


def _decided(now: Incident) -> str:
    return f"Decision on {now.key} recorded"


def _queue_form(data: Any, at: Loaded) -> forms.Form:
    return QueueForm(data, initial={"queue": at.incident.queue or "returned", "note": at.incident.queue_note})


def _classify_form(data: Any, at: Loaded) -> forms.Form:
    return ClassifyForm(data, period=at.period, initial=_facts(at.incident))


def _judged(now: Incident) -> str:
    kind = now.get_kind_display() if now.kind else "no type"
    return f"{now.key}: {kind}{', now in the backlog' if now.in_backlog else ''}"


ACTIONS: Mapping[str, Action] = {
    "acknowledge": Action(
        "Acknowledge", "Acknowledge", _plain(forms.Form), _work, triage.acknowledge,
        lambda now: f"You acknowledged {now.key}. Paging has stopped.", stays=True,
    ),
    "assign": Action(
        "Assign", "Assign", _assign_form,
        lambda mine, incident, data: mine.require_assign(incident, data["owner"]), triage.assign,
        lambda now: f"{now.key} given to {now.owner}" if now.owner else f"{now.key} has no owner",
        watches="owner_id", kinds=("incident.assigned", "incident.acknowledged"), stays=True,
    ),
    "regrade": Action(
        "Change severity of", "Change severity",
        lambda data, at: RegradeForm(data, initial={"severity": at.incident.severity}), _handle, _regrade,
        lambda now: f"{now.key} set to {now.severity}",
        watches="severity", kinds=("incident.regraded",), stays=True,
    ),
    "status": Action(
        "Change status of", "Change status",
        lambda data, at: StatusForm(data, initial={"status": at.incident.status}), _handle, triage.set_status,
        lambda now: f"{now.key} set to {now.get_status_display()}",
        watches="status", kinds=("incident.status", "incident.acknowledged", "incident.resolved", "incident.reopened"),
        stays=True,
    ),
    "resolve": Action(
        "Resolve", "Resolve", _resolve_form, _handle, _resolve, lambda now: f"{now.key} resolved",
        watches="status", kinds=("incident.status", "incident.resolved", "incident.merged"), then=_to_lesson,
    ),
    "link": Action(
        "Link", "Link", lambda data, at: LinkForm(data, incident=at.incident), _handle, _link, _linked,
        watches="status", kinds=("incident.status", "incident.resolved", "incident.merged"),
    ),
    "task": Action(
        "Add a task to", "Add task",
        lambda data, at: TaskForm(data, period=at.period, initial={"owner": at.rights.user.pk, "due": "1h"}), _work,
        _task, lambda now: f"Task added to {now.key}",
    ),
    "rollback": Action(
        "Roll back for", "Decide", _plain(RollbackForm), _anybody, _decide, _decided,
    ),
    "add-link": Action(
        "Add a link to", "Add link", _plain(ReferenceForm), _work, work.add_link,
        lambda now: f"Link added to {now.key}",
    ),
    "close": Action(
        "Close", "Close", _plain(forms.Form), _handle, triage.close, lambda now: f"{now.key} closed",
    ),
    "reopen": Action(
        "Reopen", "Reopen", _plain(ReasonForm), _handle, triage.reopen, lambda now: f"{now.key} is open again",
    ),
    "escalate": Action(
        "Escalate", "Page the next person", _plain(ReasonForm), _work, triage.escalate,
        lambda now: f"{now.key} escalated", stays=False,
    ),
    "hand-over": Action(
        "Hand over", "Hand over", _plain(HandOverForm), _handle, triage.hand_to,
        lambda now: f"{now.key} goes to {now.handed_to}",
    ),
    "classify": Action(
        "Classify", "Save", _classify_form, _handle, facts.correct, _judged, stays=True,
    ),
    "queue": Action(
        "Where it waits:", "Save", _queue_form, _handle, queues.enter,
        lambda now: f"{now.key}: {now.get_queue_display().lower()}" if now.queue else f"{now.key} waits for nobody",
        watches="queue", kinds=("incident.queued",), stays=True,
    ),
    "snooze": Action(
        "Snooze", "Snooze", _plain(SnoozeForm), _handle, _snooze,
        lambda now: f"{now.key} snoozed" if now.snoozed_until else f"{now.key} is back in the list", stays=True,
    ),
    "edit": Action(
        "Edit", "Save", lambda data, at: EditForm(data, period=at.period, initial=_facts(at.incident)), _handle,
        facts.correct, lambda now: f"{now.key} saved",
    ),
}  # fmt: skip


def _facts(incident: Incident) -> dict[str, str]:
    return {
        "title": incident.title,
        "component": incident.component,
        "description": incident.description,
        "kind": incident.kind,
        "verdict": incident.verdict,
    }
