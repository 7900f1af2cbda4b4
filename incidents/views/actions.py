"""What people do to an incident, each a POST under its address; a GET shows the form as a page of its own.

What can be done stands in one table (`doable.py`). A form carries the `version` it was made from and what it changes
(`was`): when somebody else changed that meanwhile, nothing is written and their change is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from incidents import timeline
from incidents.models import Incident
from incidents.outside import known_errors
from incidents.records import hold
from incidents.views.doable import ACTIONS, Action, Data
from incidents.views.loading import Loaded, done, incident_or_404, is_htmx, next_url, problem, standing_on
from periods import journal

UNDONE = (
    "acknowledge", "assign", "regrade", "status", "classify", "queue", "snooze", "edit", "hand-over", "link",
)  # fmt: skip
OFFERED = 50
MADE_HERE = ("csrfmiddlewaretoken", "undo", "was", "version")


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
