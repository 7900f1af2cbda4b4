"""What people do to an incident, each a POST under its address; a GET shows the form as a page of its own.

One table says, per action, its form, who may do it, the domain call and what is said afterwards. A form carries the
`version` it was made from and what it changes (`was`): when somebody else changed that meanwhile, nothing is written
and their change is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from contributors.models import Membership
from hypercare.errors import Invalid, NotAllowed, Refused
from hypercare.http import SignedInRequest
from hypercare.models import User
from incidents import facts, merge, queues, relations, rollback, timeline, triage, work
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
)  # fmt: skip
from incidents.models import Incident
from incidents.outside import known_errors
from incidents.records import hold
from incidents.rights import Rights
from incidents.views.loading import Loaded, done, incident_or_404, is_htmx, next_url, problem, standing_on
from periods import journal

Data = dict[str, Any]
UNDONE = (
    "acknowledge", "assign", "regrade", "status", "classify", "queue", "snooze", "edit", "hand-over", "link",
)  # fmt: skip
OFFERED = 50
MADE_HERE = ("csrfmiddlewaretoken", "undo", "was", "version")


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


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: SignedInRequest, key: str, number: int, name: str) -> HttpResponse:
    """Show the form of an action, or do it."""
    action, loaded = ACTIONS[name], incident_or_404(request, key, number)
    if name != "rollback":
        loaded.rights.require_work()
    if request.method != "POST":
        return _form_page(request, name, _named(name, action.form(None, loaded)), loaded)
    sent = request.POST
    form = _named(name, action.form(sent, loaded))
    if not form.is_valid():
        return _form_page(request, name, form, loaded)
    return _do(request, name, form, loaded, sent)


@dataclass(frozen=True, slots=True)
class Dialog:
    """An action's empty form, to be opened on the incident's page."""

    name: str
    title: str
    action: Action
    form: forms.Form
    url: str
    asked: Data


def dialog(name: str, loaded: Loaded) -> Dialog:
    """The dialog of an action; its fields get ids of their own."""
    action = ACTIONS[name]
    form = _named(name, action.form(None, loaded))
    # What resolving asks about stands on the page anyway.
    beside = {} if name == "resolve" else asked(name, loaded)
    return Dialog(name, action.title, action, form, _url(loaded.incident, name), beside)


def _named(name: str, form: forms.Form) -> forms.Form:
    """Several forms stand on one page: their fields must not share ids."""
    form.auto_id = f"{name}_%s"
    return form


def _do(
    request: SignedInRequest, name: str, form: forms.Form, loaded: Loaded, sent: Mapping[str, Any]
) -> HttpResponse:
    action, data, now = ACTIONS[name], form.cleaned_data, timezone.now()
    try:
        with transaction.atomic():
            before = hold(loaded.incident.pk)
            action.allow(loaded.rights, before, data)
            if _somebody_was_first(action, before, sent):
                return _conflict(request, name, before, sent)
            after = action.run(before.pk, **data, by=request.user, at=now)
    except Invalid as error:
        return _form_page(request, name, _with_errors(form, error), loaded)
    except NotAllowed:
        raise
    except Refused as error:
        return problem(request, {**about(loaded), "reasons": error.reasons})
    return done(request, action.said(after), url=next_url(request, action.then(after, data)),
                undo=_undo_url(request, before, after) if name in UNDONE else "", stay=action.stays)  # fmt: skip


def _somebody_was_first(action: Action, current: Incident, sent: Mapping[str, Any]) -> bool:
    """Whether what this form changes was changed after the form was made."""
    version = str(sent.get("version", ""))
    if not action.watches or not version or version == str(current.version):
        return False
    return "was" not in sent or str(sent["was"]) != _watched(action, current)


def _watched(action: Action, incident: Incident) -> str:
    value = getattr(incident, action.watches)
    return "" if value is None else str(value)


def _conflict(
    request: SignedInRequest, name: str, current: Incident, sent: Mapping[str, Any]
) -> HttpResponse:
    """Name the other person's change; keep theirs or set mine."""
    action = ACTIONS[name]
    entries = journal.timeline(current.period, subject=current.subject)
    last = next((entry for entry in entries if entry.kind in action.kinds), None)
    kept = {field: value for field, value in sent.items() if field not in MADE_HERE}
    context = {
        "incident": current, "period": current.period, "tab": "incidents", "name": name, "button": action.button,
        "last": timeline.moment(last, request.user) if last else None, "sent": kept, "was": _watched(action, current),
        "action_url": _url(current, name),
    }  # fmt: skip
    return problem(request, context)


def _undo_url(request: SignedInRequest, before: Incident, after: Incident) -> str:
    """Where this can be taken back; empty when nothing was written."""
    seq = after.period.journal_seq
    if seq == before.period.journal_seq:
        return ""
    place = next_url(request, standing_on(request) or after.get_absolute_url())
    address = reverse("incidents:undo", kwargs={"key": after.period.key})
    return f"{address}?{urlencode({'of': f'{after.number}.{seq}', 'next': place})}"


def _url(incident: Incident, name: str) -> str:
    keys = {"key": incident.period.key, "number": incident.number}
    return reverse(f"incidents:{name.replace('-', '_')}", kwargs=keys)


def _with_errors(form: forms.Form, error: Invalid) -> forms.Form:
    for field, sentences in error.errors.items():
        form.add_error(field if field in form.fields else None, sentences)
    return form


def about(loaded: Loaded) -> dict[str, Any]:
    """What every page about one incident is given."""
    return {"incident": loaded.incident, "period": loaded.period, "rights": loaded.rights, "tab": "incidents"}


def _facts(incident: Incident) -> dict[str, str]:
    return {
        "title": incident.title,
        "component": incident.component,
        "description": incident.description,
        "kind": incident.kind,
        "verdict": incident.verdict,
    }


def asked(name: str, loaded: Loaded) -> dict[str, Any]:
    """What the form of an action needs to show beside its fields."""
    if name == "resolve":
        return {
            "firing": list(
                loaded.incident.alerts.filter(ended_at__isnull=True).order_by("-started_at", "-id")[:10]
            ),
            "members": Membership.objects.filter(period=loaded.period, left_at__isnull=True).count(),
            "following": loaded.incident.followers.count(),
            "outsiders": loaded.incident.reports.count(),
            "is_known": known_errors.of_incident(loaded.incident) is not None,
        }
    if name == "link":
        others = Incident.objects.filter(period=loaded.period, resolved_at__isnull=True).exclude(
            pk=loaded.incident.pk
        )
        return {"others": list(others.order_by("severity", "-reported_at", "-id")[:OFFERED])}
    return {}


def _form_page(request: SignedInRequest, name: str, form: forms.Form, loaded: Loaded) -> HttpResponse:
    """The form by itself, or its fragment for a dialog. Quick actions put their complaint into the page."""
    action = ACTIONS[name]
    status = 422 if form.errors else 200
    context = {
        **about(loaded), "form": form, "name": name, "action": action, "action_url": _url(loaded.incident, name),
        "now": timezone.now(), **asked(name, loaded), "here": next_url(request, ""),
    }  # fmt: skip
    if is_htmx(request) and action.stays and form.errors:
        sentences = [sentence for texts in form.errors.values() for sentence in texts]
        return problem(request, {**context, "reasons": sentences}, status=422)
    template = "incidents/_action_form.html" if is_htmx(request) else "incidents/action.html"
    return render(request, template, context, status=status)
