"""Liveness: the database answers; the engine is on time."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from hypercare import engine


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
def healthz_engine(_request: HttpRequest) -> JsonResponse:
    """503 when the engine has not run for 60 s or something due is older than that."""
    now = timezone.now()
    lateness = engine.lateness(at=now).total_seconds()
    ok = not engine.is_late(at=now) and lateness <= engine.LATE.total_seconds()
    return JsonResponse({"ok": ok, "oldest_due_s": round(lateness, 1)}, status=200 if ok else 503)
