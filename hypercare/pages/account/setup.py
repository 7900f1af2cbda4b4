"""What an installation still needs, for whoever administers it."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hypercare.engine import installation_check
from hypercare.exceptions import Refused
from hypercare.web.requests import SignedInRequest, require_administrator

# Level of a fact → tone of its pill, icon, its colour, and the word.
SHOWN: Final[dict[str, dict[str, str]]] = {
    "ok": {"tone": "ok", "icon": "ok", "css": "icon--ok", "word": "Ready"},
    "todo": {"tone": "warn", "icon": "warn", "css": "icon--warn", "word": "Before real use"},
    "bad": {"tone": "danger", "icon": "warn", "css": "icon--danger", "word": "Does not work"},
    "unseen": {"tone": "neutral", "icon": "none", "css": "icon--muted", "word": "Up to you"},
}


@login_required
@require_safe
def setup(request: SignedInRequest) -> HttpResponse:
    """Every fact with what mends it."""
    require_administrator(request.user)
    facts = installation_check.read_setup(at=timezone.now())
    rows = [{"fact": fact, **SHOWN[fact.level]} for fact in facts]
    ready = sum(fact.level == "ok" for fact in facts)
    return render(request, "hypercare/account/setup.html", {"rows": rows, "ready": ready, "many": len(facts)})


@login_required
@require_POST
def send_test_mail(request: SignedInRequest) -> HttpResponse:
    """Hand a mail to the mail server, and say what it said."""
    require_administrator(request.user)
    try:
        installation_check.send_test_mail(request.user)
        messages.success(request, f"The mail server took a mail for {request.user.email}. See whether it arrives.")
    except Refused as error:
        messages.error(request, error.reasons[0])
    return redirect("setup")
