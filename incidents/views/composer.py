"""Where people write on an incident: a note, a stakeholder update or a decision."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from hypercare.errors import Refused
from hypercare.http import SignedInRequest
from incidents import triage
from incidents.forms import CommentForm
from incidents.models import Comment
from incidents.outside import beside, updates
from incidents.presenters import update_rhythm
from incidents.views.actions import about
from incidents.views.loading import Loaded, done, incident_or_404, is_htmx
from periods.access import require


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def comment(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Write a note, a stakeholder update or a decision. `?kind=update` opens the form for an update."""
    loaded = incident_or_404(request, key, number)
    loaded.rights.require_work()
    form = CommentForm(request.POST or None, initial={"kind": request.GET.get("kind", "note")})
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["kind"]
        outside = kind == Comment.Kind.UPDATE and "outside" in request.POST
        if not outside or _publish(request, loaded, form):
            if not outside:
                body = form.cleaned_data["body"]
                triage.comment(loaded.incident.pk, body=body, kind=kind, by=request.user, at=timezone.now())
            said = {"note": "Note added", "update": "Update posted", "decision": "Decision recorded"}
            return _composer_done(request, loaded, "Update is out" if outside else said[kind], kind)
    context = _context(loaded, form)
    template = "incidents/_composer.html" if is_htmx(request) else "incidents/comment.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _publish(request: SignedInRequest, loaded: Loaded, form: CommentForm) -> bool:
    """The update for people outside too; False when it can't stand and the form says why."""
    require(request.user, loaded.period, "updates.post")
    body = form.cleaned_data["body"]
    try:
        updates.publish(
            loaded.incident.pk, text=body, promise=form.promised, by=request.user, at=timezone.now()
        )
    except Refused as error:
        form.add_error("body", list(error.reasons))
        return False
    return True


def _context(loaded: Loaded, form: CommentForm) -> dict[str, Any]:
    return {
        **about(loaded), "comment_form": form, "every": update_rhythm(loaded.incident), "now": timezone.now(),
        **beside.composer(loaded.incident, loaded.rights),
    }  # fmt: skip


def _composer_done(request: SignedInRequest, loaded: Loaded, text: str, kind: str) -> HttpResponse:
    """An empty composer again, a toast, and a nudge to what refreshes."""
    if not is_htmx(request):
        return done(request, text, url=loaded.incident.get_absolute_url())
    form = CommentForm(initial={"kind": kind})
    context = _context(loaded, form)
    response = render(request, "incidents/_composer.html", context)
    response.headers["HX-Trigger"] = json.dumps({"toast": {"text": text}, "changed": {}})
    return response
