"""What is answered when no view could: a page for a browser, a problem document for a program."""

from __future__ import annotations

import re
import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from hypercare.web.requests import is_htmx, page_before

PROBLEM = "application/problem+json"
TRY_AGAIN_S = 5
WAIT_S = 300
SECRET = re.compile("password|token|secret|code|key", re.IGNORECASE)
TOO_BIG = "This is too much text for one request; a megabyte is the most. Link to larger files instead."
TITLES = {
    400: "The request could not be read",
    401: "Sign in or send a token",
    403: "You may not do this",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "A rule refuses this",
    410: "This link has ended",
    412: "Somebody changed it first",
    413: "Too large",
    415: "Unsupported media type",
    422: "Some fields need attention",
    429: "Too many requests",
    500: "Something broke on our side",
    503: "The database is away",
}
WORDS = {
    400: "Something in it is not what this address expects.",
    404: "There is nothing at this address.",
    413: TOO_BIG,
    429: "Too many tries to sign in, or to change how. Wait five minutes.",
    500: "It has been recorded. Your last change may not be saved.",
    503: "Nothing was changed. Try again in a few seconds.",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 for more text than is taken."""
    large = isinstance(exception, RequestDataTooBig | TooManyFieldsSent)
    return _said(request, 413 if large else 400)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django's signature
    """404 for an address nobody serves, or for what somebody may not see."""
    return _said(request, 404) if _program(request) else render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 with `Retry-After` while the database is away, else 500. Called while the error is being handled."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return _said(request, 500)
    response = _said(request, 503)
    response["Retry-After"] = str(TRY_AGAIN_S)
    return response


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django's signature
    """429 for too many tries to sign in, or to ask for a new password."""
    response = _said(request, 429)
    response["Retry-After"] = str(WAIT_S)
    return response


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django's signature
    """403 for a form from before somebody signed in again: what to do, and what was typed, to be copied."""
    if is_htmx(request):
        return HttpResponse(status=403, headers={"X-Stale-Form": "true"})
    context = {"back": page_before(request, "/"), "typed": _typed(request)}
    return render(request, "stale_form.html", context, status=403)


def _typed(request: HttpRequest) -> list[str]:
    """The longer texts of a form. Secrets are never among them."""
    fields = {name: text for name, text in request.POST.items() if not SECRET.search(name)}
    return [str(text) for text in fields.values() if " " in str(text).strip()]


def _program(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/hooks/"))


def content_too_large(request: HttpRequest, text: str) -> HttpResponse:
    """413 for a body that is not even read."""
    return _said(request, 413, text)


def problem_for_program(status: int, text: str) -> HttpResponse:
    """A problem document."""
    problem = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": text}
    return JsonResponse(problem, status=status, content_type=PROBLEM)


def _said(request: HttpRequest, status: int, text: str = "") -> HttpResponse:
    title, text = TITLES[status], text or WORDS[status]
    if _program(request):
        return problem_for_program(status, text)
    # Without the request: nothing of a broken one is asked for a session or a person.
    return render(None, "500.html", {"title": title, "text": text, "status": status}, status=status)
