"""Forms that carry a key are done once: a double click, a reload, a phone that sends again after a tunnel.

The same person, address, key and fields within a day are a repeat, which is led where the first one was led. A form
that was refused may be sent again, and one that is changed is another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from hypercare.accounts.api_tokens import hash_token
from hypercare.engine.first_answers import claim_first
from hypercare.models import FirstAnswer
from hypercare.ui.form_key import FIELD
from hypercare.web.requests import is_htmx, page_before

# Programs send bodies of their own there, which only the view may read; they have `Idempotency-Key`.
OF_PROGRAMS: Final = ("/api/", "/hooks/", "/hb/")
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
NOT_COMPARED: Final = ("csrfmiddlewaretoken",)  # masked anew in each page
SAID: Final = "That was sent twice, and done once."


def form_key_of(request: HttpRequest) -> str:
    """The key a form came with; empty where it has none, or what came is no form."""
    if request.method != "POST" or request.content_type not in FORMS or request.path.startswith(OF_PROGRAMS):
        return ""
    return request.POST.get(FIELD, "")


def answer_once(request: HttpRequest, key: str, answer: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Do what the form asks for, in one transaction with the note that it was done; or lead a repeat to the result."""
    asked = _fingerprint(request)
    slot = hash_token(f"{request.user.pk} {request.path} {key} {asked}")
    with transaction.atomic():
        first = claim_first(slot, asked, at=timezone.now())
        if first is None:
            return _repeated(request, FirstAnswer.objects.get(slot=slot))
        response = answer(request)
        if response.status_code >= 400:
            first.delete()
        else:
            first.status, first.body = response.status_code, {"to": _place(response)}
            first.save(update_fields=["status", "body"])
        return response


def _fingerprint(request: HttpRequest) -> str:
    fields = [(name, *request.POST.getlist(name)) for name in sorted(request.POST) if name not in NOT_COMPARED]
    files = [(name, one.name, one.size) for name, many in sorted(request.FILES.lists()) for one in many]
    return hash_token(repr((fields, files)))


def _place(response: HttpResponse) -> str:
    """Where the answer leads; empty where it is a page or a part of one."""
    return response.headers.get("Location") or response.headers.get("HX-Redirect") or ""


def _repeated(request: HttpRequest, first: FirstAnswer) -> HttpResponse:
    place = (first.body or {}).get("to", "")
    messages.info(request, SAID)
    if not is_htmx(request):
        return redirect(place or page_before(request, "/"))
    return HttpResponse(status=204, headers={"HX-Redirect": place} if place else {"HX-Refresh": "true"})
