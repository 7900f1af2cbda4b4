"""The web process raises the alarm itself when the engine is silent: nobody else is left to do it.

A thread of each web process looks every 15 seconds. Whatever their number, one of them mails the admins, once for
each outage: who comes first notes it in a row that is cleared when the engine is well again. It starts where the
server loads the application (`wsgi.py`), so tests and commands have none.
"""

from __future__ import annotations

import logging
import smtplib
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import DatabaseError, connections

from hypercare import clock, engine
from hypercare.models import Heartbeat, User

logger = logging.getLogger("hypercare.alarm")

SILENT = timedelta(seconds=120)
LOOKS_EVERY = 15.0  # seconds
ALARM = "alarm"
_started = threading.Event()


def start() -> None:
    """Look from now on, in a thread of this process; a second call changes nothing."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_watch, name="alarm", daemon=True).start()


def _watch() -> None:
    wake = threading.Event()
    while not wake.wait(LOOKS_EVERY):
        try:
            look(at=clock.now())
        except (DatabaseError, OSError, smtplib.SMTPException):
            logger.exception("The alarm could not look or could not be mailed; it looks again")
        finally:
            connections.close_all()


def look(*, at: datetime) -> bool:
    """Mail the admins when engine or workers have been silent, or behind, for two minutes; whether this call did.

    A paused engine raises no alarm: somebody paused it, and every page says so.
    """
    found = engine.glance(at=at)
    if found.beat_at is None or found.paused_at is not None:
        return False
    late = max(at - found.beat_at, found.overdue)
    if max(late, found.alone) > SILENT:
        return _is_first(at) and _mail_or_forget(late, found.alone)
    if not found.late and found.alone_since is None:
        _forget()
    return False


def _is_first(at: datetime) -> bool:
    """Whether nobody has raised the alarm since the engine was last well; the alarm's own beat remembers."""
    Heartbeat.objects.get_or_create(name=ALARM, defaults={"beat_at": at})
    quiet = Heartbeat.objects.filter(name=ALARM, oldest_due_at__isnull=True)
    return quiet.update(oldest_due_at=at, beat_at=at) == 1


def _mail_or_forget(late: timedelta, alone: timedelta) -> bool:
    """Mail the admins. When that fails, the next look counts as the first again; the failure is raised."""
    try:
        return _mail(*(_late(late) if late > SILENT else _alone(alone)))
    except (OSError, smtplib.SMTPException):
        _forget()
        raise


def _forget() -> None:
    Heartbeat.objects.filter(name=ALARM, oldest_due_at__isnull=False).update(oldest_due_at=None)


def _late(late: timedelta) -> tuple[str, str]:
    """Subject, and what is wrong and what to do."""
    return "Hypercare is not sending: the engine is silent", (
        f"Reminders and pages have not been going out for {late.total_seconds() / 60:.0f} minutes.\n\n"
        "Start the worker again, and look at its log. What is due is kept and goes out when it runs."
    )


def _alone(alone: timedelta) -> tuple[str, str]:
    return "Hypercare still sends, but its workers are silent", (
        f"The workers have heard no tick for {alone.total_seconds() / 60:.0f} minutes. The clock's own process sends "
        "reminders and pages meanwhile; reports by mail wait.\n\nLook at Redis first, then at the workers."
    )


def _mail(subject: str, trouble: str) -> bool:
    admins = User.objects.filter(is_superuser=True, is_active=True).order_by("id")
    addresses = list(admins.values_list("email", flat=True)[:20])
    logger.critical("%s. %s", subject, trouble)
    if not addresses:
        return False
    text = f"{trouble}\n{settings.BASE_URL}/deliveries/\n\nThis comes from the web process, once for each outage."
    send_mail(subject, text, None, addresses)
    return True
