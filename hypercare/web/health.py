"""Liveness: the database answers; the engine is on time."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils.log import log_response
from django.views.decorators.http import require_safe

from hypercare.database import db_clock
from hypercare.engine import engine, watched

logger = logging.getLogger(__name__)


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
    """503 when the engine is paused, has not run for 60 s, or something due is older than that.

    So when what is watched beside it, such as the mailbox, has failed for long.
    """
    now = db_clock.now()
    found, beside = engine.read_condition(at=now), watched.read_watched(at=now)
    reasons = [_why(found), *(one.why for one in beside)]
    ok = found.ok and all(one.ok for one in beside)
    body = {
        "ok": ok,
        "oldest_due_s": round(found.overdue.total_seconds(), 1),
        "setbacks": found.setbacks,
        "why": ", ".join(reason for reason in reasons if reason),
        **{one.name: {fact.name: fact.value for fact in one.facts} for one in beside},
    }
    response = JsonResponse(body, status=200 if ok else 503)
    if not ok:
        # Said here, or Django logs each question of a load balancer as an error of ours.
        log_response("Not in time: %s", body["why"], response=response, request=request, logger=logger, level="info")
    return response


def _why(found: engine.EngineCondition) -> str:
    if found.paused_at:
        return "paused"
    if found.beat_at is None:
        return "has not run yet"
    if found.late:
        return "silent" if found.silent else "late"
    return "the workers hear no ticks" if found.alone_since else ""
