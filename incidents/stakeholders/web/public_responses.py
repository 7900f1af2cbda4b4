"""What the pages for people outside share. They read no cookie and set none, so that caches may keep them."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from hypercare.ui.time_words import city_of
from hypercare.web.requests import client_address
from periods.models import Period

SHARED: Final = "public, max-age=15, stale-while-revalidate=60"
OWN: Final = "private, max-age=15"


def render_public(
    template: str, context: dict[str, Any], *, period: Period, brand: str, status: int = 200
) -> HttpResponse:
    """A page in the period's own zone. Without the request: nothing of a person gets into it."""
    now = context.setdefault("now", timezone.now())
    frame = {"org": settings.ORGANISATION or brand}
    with timezone.override(period.zone):
        body = render_to_string(
            template, {"shell": frame, "zone": city_of(period.zone), "period": period, **context, "now": now}
        )
    return HttpResponse(body, status=status)


def mark_secret(response: HttpResponse) -> HttpResponse:
    """The address is a secret: not for search engines, nor for the sites it links to."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def hash_address(request: HttpRequest) -> str:
    """A keyed hash of the address that asks: enough to count by, and nothing to keep."""
    return salted_hmac("hypercare.outside", client_address(request)).hexdigest()[:32]


def etag_of(*parts: object) -> str:
    """A weak validator from what decides the page."""
    return f'W/"{hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:20]}"'
