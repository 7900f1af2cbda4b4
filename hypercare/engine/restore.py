"""Noticing that the database is not the one this installation had: a restored backup must not send old news.

PostgreSQL: the server's identity and the number of one of our tables, which a restored dump never keeps.
SQLite: a file beside the database says which database belongs here and how far it had come; a database from
elsewhere, or one that went back in time, does not fit. Either way the engine starts paused, and a person
decides (`manage.py resume_engine`).
"""

from __future__ import annotations

import json
import logging
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from hypercare.engine import engine_pause
from hypercare.models import Heartbeat, Installation

logger = logging.getLogger(__name__)

WHY = "The database was restored from a backup or copied here."
SLACK = timedelta(minutes=2)  # The file is written after the database: a crash in between is no restore.
REMEMBER_EVERY = timedelta(seconds=30)
_DONE: dict[str, datetime] = {}


def pause_once_if_restored(*, at: datetime) -> None:
    """At the first tick of a process: pause the engine when the database is not the one it was."""
    if "checked" not in _DONE:
        pause_if_restored(at=at)
        _DONE["checked"] = at


def pause_if_restored(*, at: datetime) -> bool:
    """Pause the engine when the database is not the one it was; whether it did."""
    row = engine_pause.installation()
    mark = _mark()
    if row.mark and (row.mark != mark or _went_back()):
        logger.warning("%s The engine is paused: manage.py resume_engine", WHY)
        engine_pause.pause(why=WHY, at=at)
        return True
    adopt_database()
    return False


def adopt_database() -> None:
    """From now on this database belongs to this installation."""
    engine_pause.installation()
    Installation.objects.update(mark=_mark())
    _DONE.pop("remembered", None)


def remember_position(*, at: datetime) -> None:
    """Note outside the database how far it has come; every 30 seconds is enough. PostgreSQL needs no note."""
    last = _DONE.get("remembered")
    if connection.vendor == "sqlite" and not engine_pause.is_paused() and (not last or at - last > REMEMBER_EVERY):
        _write({"mark": _mark(), "beat_at": at.isoformat()})
        _DONE["remembered"] = at


def _mark() -> str:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT system_identifier || ':' || 'hypercare_installation'::regclass::oid FROM pg_control_system()"
            )
            return str(cursor.fetchone()[0])
    mark = str(_read().get("mark", ""))
    if not mark:
        mark = secrets.token_hex(16)
        _write({"mark": mark})
    return mark


def _went_back() -> bool:
    """Whether the file knows of a tick that the database does not."""
    known = _read().get("beat_at")
    beat_at = Heartbeat.objects.filter(name="engine").values_list("beat_at", flat=True).first()
    return bool(known and beat_at and datetime.fromisoformat(known) - beat_at > SLACK)


def _file() -> Path:
    return Path(settings.VAR) / "installation.json"


def _read() -> dict[str, str]:
    try:
        found = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(values: dict[str, str]) -> None:
    fresh = _file().with_suffix(".new")
    fresh.write_text(json.dumps({**_read(), **values}))
    fresh.replace(_file())
