"""Notifications of a browser: the worker it runs, the key it subscribes with, and the subscription it hands in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contributors import contact_points
from contributors.channels.push import webpush
from hypercare.exceptions import Invalid, Refused
from hypercare.web.requests import SignedInRequest

FILE: Final = "js/push-worker.js"
# In this order: the names of others stand in the identification of some.
BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """The service worker, at an address of ours that never changes, so that a new release replaces the old one."""
    response = HttpResponse(_source(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@cache
def _source() -> bytes:
    found = finders.find(FILE)
    if found is None:
        raise Http404("The worker is not part of this release.")
    return Path(found).read_bytes()


@login_required
@require_POST
def public_key(request: SignedInRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """The public key to subscribe with; the pair is made when the first browser asks."""
    return JsonResponse({"key": webpush.public_key()})


@login_required
@require_POST
def subscribe(request: SignedInRequest) -> HttpResponse:
    """This browser as a new way; a code comes as a notification. 422 or 409 with the reason."""
    target = request.POST.get("subscription", "")
    label = _label(request)
    try:
        point = contact_points.add(request.user, kind="push", label=label, target=target, at=timezone.now())
    except Refused as error:
        return JsonResponse({"detail": str(error)}, status=422 if isinstance(error, Invalid) else 409)
    messages.success(request, f"“{point.label}” added. A code comes as a notification.")
    return JsonResponse({"url": f"{reverse('contributors:contacts')}#way-{point.pk}"}, status=201)


def _label(request: SignedInRequest) -> str:
    """`Firefox on Android`, with a number where there is one already."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in BROWSERS if mark in agent), "Browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    name = f"{browser} on {system}" if system else browser
    taken = {point.label.casefold() for point in contact_points.points_of(request.user)}
    numbered = (f"{name} {number}" for number in range(2, contact_points.MOST_POINTS + 2))
    return next((one for one in (name, *numbered) if one.casefold() not in taken), name)
