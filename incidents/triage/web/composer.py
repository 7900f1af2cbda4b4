"""Where people write on an incident: a note, a stakeholder update or a decision."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from hypercare.exceptions import Refused
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.lists.presenters import update_rhythm
from incidents.models import Comment
from incidents.stakeholders import incident_panel, updates
from incidents.triage import triage
from incidents.triage.web.actions import page_context
from incidents.triage.web.forms import CommentForm
from incidents.triage.web.loading import LoadedIncident, incident_or_404
from periods.access.access import require_right


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def comment(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Write a note, a stakeholder update or a decision. `?kind=update` opens the form for an update."""
    loaded = incident_or_404(request, key, number)
    loaded.rights.require_work()
    form = CommentForm(request.POST or None, initial={"kind": request.GET.get("kind", "note")})
    if request.method == "POST" and form.is_valid():
        said = _published(request, loaded, form) if _is_for_outside(request, form) else _written(request, loaded, form)
        if said:
            return _composer_done(request, loaded, said, form.cleaned_data["kind"])
    context = _context(loaded, form)
    template = "incidents/triage/_composer.html" if is_htmx(request) else "incidents/triage/comment.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _is_for_outside(request: SignedInRequest, form: CommentForm) -> bool:
    return form.cleaned_data["kind"] == Comment.Kind.UPDATE and "outside" in request.POST


def _written(request: SignedInRequest, loaded: LoadedIncident, form: CommentForm) -> str:
    """What is said once it is written."""
    kind, body = form.cleaned_data["kind"], form.cleaned_data["body"]
    triage.comment(loaded.incident.pk, body=body, kind=kind, by=request.user, at=timezone.now())
    return {"note": "Note added", "update": "Update posted", "decision": "Decision recorded"}[kind]


def _published(request: SignedInRequest, loaded: LoadedIncident, form: CommentForm) -> str:
    """The same of an update for people outside too; empty when it can't stand and the form says why."""
    require_right(request.user, loaded.period, "updates.post")
    body = form.cleaned_data["body"]
    try:
        updates.publish(loaded.incident.pk, text=body, promise=form.promised, by=request.user, at=timezone.now())
    except Refused as error:
        form.add_error("body", list(error.reasons))
        return ""
    return "Update is out"


def _context(loaded: LoadedIncident, form: CommentForm) -> dict[str, Any]:
    return {
        **page_context(loaded),
        "comment_form": form,
        "every": update_rhythm(loaded.incident),
        "now": timezone.now(),
        **incident_panel.composer_context(loaded.incident, loaded.rights),
    }


def _composer_done(request: SignedInRequest, loaded: LoadedIncident, text: str, kind: str) -> HttpResponse:
    """An empty composer again, a toast, and a nudge to what refreshes."""
    if not is_htmx(request):
        return confirm_done(request, text, url=loaded.incident.get_absolute_url())
    form = CommentForm(initial={"kind": kind})
    context = _context(loaded, form)
    response = render(request, "incidents/triage/_composer.html", context)
    response.headers["HX-Trigger"] = json.dumps({"toast": {"text": text}, "changed": {}})
    return response
