"""The second pair of eyes: looks at everything overdue, of any age, and says so to whoever watches.

It runs beside the ticks. Its heartbeat carries what it found, which every page reads; a watcher outside
(`DEAD_MAN_URL`) hears from it only while all is well, so silence is the alarm.
"""

from __future__ import annotations

import logging
from datetime import datetime
from http import HTTPStatus

from django.conf import settings

from hypercare.engine import engine, watched
from hypercare.engine.hints import hint_after_commit
from hypercare.security import outgoing_http

logger = logging.getLogger(__name__)

PING_SECONDS = 5.0


def audit_overdue(*, at: datetime) -> engine.EngineCondition:
    """Look, leave a heartbeat with what was found, wake the engine for what lost its hint, ping when clean."""
    found = engine.read_condition(at=at)
    oldest = at - found.overdue if found.overdue else None
    engine.record_beat(engine.AUDITOR, at, oldest)
    if oldest:
        hint_after_commit()
    if found.ok and all(one.ok for one in watched.read_watched(at=at)):
        ping_watcher(settings.DEAD_MAN_URL)
    elif found.late:
        logger.warning("Something has been waiting for %.0f s", found.overdue.total_seconds())
    return found


def ping_watcher(url: str) -> bool:
    """Tell the watcher outside that all is well; False when it could not be told, which it will notice."""
    if not url:
        return False
    try:
        return outgoing_http.send_request("GET", url, total_s=PING_SECONDS).status < HTTPStatus.BAD_REQUEST
    except (outgoing_http.Forbidden, outgoing_http.Unreachable) as error:
        logger.warning("The watcher outside can't be told that all is well: %s", error)
        return False
