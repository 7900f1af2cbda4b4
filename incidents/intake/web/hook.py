"""Where monitoring tools push alerts: `POST /hooks/<source>/<token>/`."""

from __future__ import annotations

import json
from typing import Final

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from hypercare import registry
from hypercare.exceptions import TooMany
from hypercare.security import limits
from hypercare.web.requests import client_address
from incidents.intake import ingest
from incidents.intake.sources import UnexpectedPayload, find_tool

LONGEST_BODY: Final = 1024 * 1024
TITLES: Final = {
    400: "Not JSON",
    404: "Not found",
    413: "Too large",
    422: "Not what this source sends",
    429: "Too many requests",
}


@csrf_exempt  # the token in the address is the sender's only credential; no cookie is read
@require_POST
def hook(request: HttpRequest, source: str, token: str) -> JsonResponse:
    """Take in one payload: 202 with what became of each alert, after it is stored."""
    sender = ingest.find_source(source, token) if source in registry.ALERT_SOURCES else None
    now = timezone.now()
    try:
        limits.count_or_refuse(
            *(("unknown", client_address(request)) if sender is None else ("hooks", sender.pk)), at=now
        )
    except TooMany as error:
        return _problem(429, str(error), wait_s=error.wait_s)
    if sender is None:
        return _problem(404, "No alert source has this address, or its token was revoked.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_BODY:
        return _problem(413, f"Send at most {LONGEST_BODY} bytes at once.")
    try:
        payload = json.loads(request.body)
    except (ValueError, RecursionError):
        return _problem(400, "The body is not JSON.")
    try:
        reported = find_tool(source).parse(payload)
    except UnexpectedPayload as error:
        ingest.keep_rejected(sender, body=request.body.decode(errors="replace"), reason=str(error), at=now)
        return _problem(422, str(error))
    outcomes = ingest.receive_alerts(sender, reported, at=now)
    alerts = [{"fingerprint": outcome.fingerprint, "incident": outcome.incident} for outcome in outcomes]
    return JsonResponse({"alerts": alerts}, status=202)


def _problem(status: int, detail: str, *, wait_s: int = 0) -> JsonResponse:
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    headers = {"Retry-After": str(wait_s)} if wait_s else {}
    return JsonResponse(body, status=status, content_type="application/problem+json", headers=headers)
