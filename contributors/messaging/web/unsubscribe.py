"""Turning a category of messages off: from the link in a mail without signing in, and among one's own settings.

A GET changes nothing, because mail scanners open links. A mail program's own button posts here with no session and
no cookie (RFC 8058), and says that it does: what posts nothing turns nothing off. So the form needs no CSRF token: the
address is the key, and all it can do is turn one class off and on again.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from contributors.messaging import preferences, unsubscribe
from hypercare.web.requests import SignedInRequest

ONE_CLICK = "List-Unsubscribe"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a mail's link. Raises LinkEnded (410) for an address we did not write."""
    user, category = unsubscribe.read_token(token)
    if request.method == "POST":
        answer = request.POST.get("answer")
        if answer == "on":
            preferences.turn_on(user, category.name)
        elif answer == "off" or ONE_CLICK in request.POST:
            preferences.turn_off(user, category.name, at=timezone.now())
        if ONE_CLICK not in request.POST:  # A mail program must not be redirected (RFC 8058 §3.1).
            return redirect(request.path)
    context = {"person": user, "topic": category, "is_off": not preferences.wants_kind(user, category.kinds[0])}
    response = render(request, "contributors/messaging/messages_off.html", context)
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


@login_required
@require_POST
def choose(request: SignedInRequest) -> HttpResponse:
    """The categories ticked are sent from now on, the others are not."""
    preferences.choose_categories(request.user, set(request.POST.getlist("topic")), at=timezone.now())
    messages.success(request, "Saved.")
    return redirect("contributors:contacts")
