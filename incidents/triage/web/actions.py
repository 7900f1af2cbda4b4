"""What people do to an incident, each a POST under its address; a GET shows the form as a page of its own.

What can be done stands in one table (`incidents/triage/web/operations.py`). A form carries the `version` it was made
from and what it changes (`was`): when somebody else changed that meanwhile, nothing is written and their change is
named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from contributors.models import Membership
from hypercare.exceptions import Invalid, NotAllowed, Refused
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, is_htmx, next_url
from incidents.lists import timeline
from incidents.models import Incident
from incidents.shared.locking import lock
from incidents.stakeholders import known_errors
from incidents.triage import duplicates
from incidents.triage.permissions import NAMED
from incidents.triage.web.forms import OperationForm
from incidents.triage.web.loading import LoadedIncident, current_page, incident_or_404, show_problem
from incidents.triage.web.operations import FACES, BrowserFace, IncidentOperation, page_route_of
from periods.journal import journal

OFFERED = 50
MADE_HERE = ("csrfmiddlewaretoken", "undo", "was", "version")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_incident(request: SignedInRequest, key: str, number: int, name: str) -> HttpResponse:
    """Show the form of an action, or do it."""
    operation, loaded = FACES[name], incident_or_404(request, key, number)
    if operation.right != NAMED:
        loaded.rights.require_work()
    form = _form(operation, request.POST if request.method == "POST" else None, loaded)
    if not form.is_bound or not form.is_valid():
        return _form_page(request, operation, form, loaded)
    return _do(request, operation, form, loaded, request.POST)


@dataclass(frozen=True, slots=True)
class Dialog:
    """An action's empty form, to be opened on the incident's page."""

    name: str
    title: str
    action: BrowserFace
    form: OperationForm
    url: str
    asked: dict[str, Any]


def build_dialog(name: str, loaded: LoadedIncident) -> Dialog:
    """The dialog of an action; its fields get ids of their own."""
    operation = FACES[name]
    face = _face(operation)
    # What resolving asks about stands on the page anyway.
    beside = {} if name == "resolve" else form_context(name, loaded)
    form, url = _form(operation, None, loaded), _url(loaded.incident, operation)
    return Dialog(name, face.title, face, form, url, beside)


def _face(operation: IncidentOperation) -> BrowserFace:
    assert operation.face is not None  # noqa: S101  only such rows are in FACES
    return operation.face


def _form(operation: IncidentOperation, data: Any, loaded: LoadedIncident) -> OperationForm:
    """Its form. Several stand on one page: their fields must not share ids."""
    form = _face(operation).form(data, loaded.incident, loaded.rights.user)
    form.auto_id = f"{operation.path}_%s"
    return form


def _do(
    request: SignedInRequest,
    operation: IncidentOperation,
    form: OperationForm,
    loaded: LoadedIncident,
    sent: Mapping[str, Any],
) -> HttpResponse:
    face, now = _face(operation), timezone.now()
    try:
        with transaction.atomic():
            before = lock(loaded.incident.pk)
            loaded.rights.require(operation.right, before, form.cleaned_data)
            if _somebody_was_first(face, before, sent):
                return _conflict(request, operation, before, sent)
            made = operation.run(before.pk, **form.arguments(now), by=request.user, at=now)
            after = made if isinstance(made, Incident) else lock(before.pk)
    except Invalid as error:
        add_errors(form, error)
        return _form_page(request, operation, form, loaded)
    except NotAllowed:
        raise
    except Refused as error:
        return show_problem(request, {**page_context(loaded), "reasons": error.reasons})
    return confirm_done(
        request,
        face.said(after),
        url=next_url(request, face.then(after, form.cleaned_data)),
        undo=_undo_url(request, before, after) if operation.can_be_undone else "",
        stay=face.stays,
    )


def _somebody_was_first(face: BrowserFace, current: Incident, sent: Mapping[str, Any]) -> bool:
    """Whether what this form changes was changed after the form was made."""
    version = str(sent.get("version", ""))
    if not face.watches or not version or version == str(current.version):
        return False
    return "was" not in sent or str(sent["was"]) != _watched(face, current)


def _watched(face: BrowserFace, incident: Incident) -> str:
    value = getattr(incident, face.watches)
    return "" if value is None else str(value)


def _conflict(
    request: SignedInRequest, operation: IncidentOperation, current: Incident, sent: Mapping[str, Any]
) -> HttpResponse:
    """Name the other person's change; keep theirs or set mine."""
    face = _face(operation)
    entries = journal.newest_entries(current.period, subject=current.subject)
    last = next((entry for entry in entries if entry.kind in face.changed_by), None)
    kept = {field: value for field, value in sent.items() if field not in MADE_HERE}
    context = {
        "incident": current,
        "period": current.period,
        "tab": "incidents",
        "name": operation.path,
        "button": face.button,
        "last": timeline.timeline_line(last, request.user) if last else None,
        "sent": kept,
        "was": _watched(face, current),
        "action_url": _url(current, operation),
    }
    return show_problem(request, context)


def _undo_url(request: SignedInRequest, before: Incident, after: Incident) -> str:
    """Where this can be taken back; empty when nothing was written."""
    seq = after.period.journal_seq
    if seq == before.period.journal_seq:
        return ""
    place = next_url(request, current_page(request) or after.get_absolute_url())
    address = reverse("incidents:undo", kwargs={"key": after.period.key})
    return f"{address}?{urlencode({'of': f'{after.number}.{seq}', 'next': place})}"


def _url(incident: Incident, operation: IncidentOperation) -> str:
    return reverse(page_route_of(operation), kwargs={"key": incident.period.key, "number": incident.number})


def page_context(loaded: LoadedIncident) -> dict[str, Any]:
    """What every page about one incident is given."""
    return {"incident": loaded.incident, "period": loaded.period, "rights": loaded.rights, "tab": "incidents"}


def form_context(name: str, loaded: LoadedIncident) -> dict[str, Any]:
    """What the form of an action needs to show beside its fields."""
    if name == "resolve":
        return {
            "firing": list(loaded.incident.alerts.filter(ended_at__isnull=True).order_by("-started_at", "-id")[:10]),
            "members": Membership.objects.filter(period=loaded.period, left_at__isnull=True).count(),
            "following": loaded.incident.followers.count(),
            "outsiders": loaded.incident.reports.count(),
            "is_known": known_errors.known_error_of(loaded.incident) is not None,
        }
    if name == "link":
        others = Incident.objects.filter(period=loaded.period, resolved_at__isnull=True).exclude(pk=loaded.incident.pk)
        incident = loaded.incident
        alike = duplicates.find_duplicates(loaded.period, incident.title, at=timezone.now())
        return {
            "others": list(others.order_by("severity", "-reported_at", "-id")[:OFFERED]),
            "alike": [one for one in alike if one.pk != incident.pk],
        }
    return {}


def _form_page(
    request: SignedInRequest, operation: IncidentOperation, form: OperationForm, loaded: LoadedIncident
) -> HttpResponse:
    """The form by itself, or its fragment for a dialog. Quick actions put their complaint into the page."""
    name, action = operation.path, _face(operation)
    status = 422 if form.errors else 200
    context = {
        **page_context(loaded),
        "form": form,
        "name": name,
        "action": action,
        "action_url": _url(loaded.incident, operation),
        "now": timezone.now(),
        **form_context(name, loaded),
        "here": next_url(request, ""),
    }
    if is_htmx(request) and action.stays and form.errors:
        sentences = [sentence for texts in form.errors.values() for sentence in texts]
        return show_problem(request, {**context, "reasons": sentences}, status=422)
    template = "incidents/triage/_action_form.html" if is_htmx(request) else "incidents/triage/action.html"
    return render(request, template, context, status=status)
