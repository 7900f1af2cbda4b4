"""Liveness: the database answers; the engine is on time."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils.log import log_response
from django.views.decorators.http import require_safe

from hypercare import clock, engine

logger = logging.getLogger("hypercare.health")


@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ok": False, "database": "away"}, status=503)
    return JsonResponse({"ok": True})


@require_safe
def healthz_engine(request: HttpRequest) -> JsonResponse:
    """503 when the engine is paused, has not run for 60 s, or something due is older than that."""
    found = engine.condition(at=clock.now())
    body = {
        "ok": found.ok, "oldest_due_s": round(found.overdue.total_seconds(), 1), "setbacks": found.setbacks,
        "why": _why(found),
    }  # fmt: skip
    response = JsonResponse(body, status=200 if found.ok else 503)
    if not found.ok:
        # Said here, or Django logs each question of a load balancer as an error of ours.
        log_response(
            "Not in time: %s", body["why"], response=response, request=request, logger=logger, level="info"
        )
    return response


def _why(found: engine.Condition) -> str:
    if found.paused_at:
        return "paused"
    if found.beat_at is None:
        return "has not run yet"
    if found.late:
        return "silent" if found.silent else "late"
    return "the workers hear no ticks" if found.alone_since else ""
