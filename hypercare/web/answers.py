"""What views of pages end with."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from hypercare.web.requests import SignedInRequest, is_htmx


def confirm_done(request: SignedInRequest, text: str, *, url: str, undo: str = "", stay: bool = False) -> HttpResponse:
    """Say what was done: a toast for htmx when the page can `stay`, else a redirect that shows it there."""
    if is_htmx(request) and stay:
        events = {"toast": {"text": text, "undo": undo, "here": True}, "changed": {}}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(events)})
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
