"""The web process raises the alarm itself when the engine is silent: nobody else is left to do it.

What is watched beside the engine, such as the mailbox, is told the same way (`registry.ALARMS`).

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

from hypercare.database import db_clock
from hypercare.engine import engine, watched
from hypercare.engine.watched import Trouble
from hypercare.models import Heartbeat, User

logger = logging.getLogger(__name__)

SILENT = timedelta(seconds=120)
LOOKS_EVERY = 15.0  # seconds
AGAIN = timedelta(hours=1)  # before what is new about the same trouble is worth another mail
ALARM = "alarm"
_started = threading.Event()


def start_watching() -> None:
    """Look from now on, in a thread of this process; a second call changes nothing."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_watch, name="alarm", daemon=True).start()


def _watch() -> None:
    wake, watcher = threading.Event(), EngineWatcher()
    while not wake.wait(LOOKS_EVERY):
        try:
            watcher.look(at=db_clock.now())
        except (DatabaseError, OSError, smtplib.SMTPException):
            logger.exception("The alarm could not look or could not be mailed; it looks again")
        finally:
            connections.close_all()


class EngineWatcher:
    """Remembers since when it looks: an engine that never ran has been silent at least as long."""

    def __init__(self) -> None:
        """It has not looked yet."""
        self._since: datetime | None = None

    def look(self, *, at: datetime) -> bool:
        """Look again; whether this look mailed the admins."""
        self._since = self._since or at
        return mail_alarms(at=at, since=self._since)


def mail_alarms(*, at: datetime, since: datetime) -> bool:
    """Mail the admins what is wrong with the engine or beside it, once for each outage; whether this call did.

    `since`: when whoever looks began to.
    """
    # The engine first: trouble with what stands beside it must not keep its own alarm back.
    told = _look_at_engine(at, since)
    beside = [_look_beside(name, found, at) for name, found in watched.current_troubles(at=at)]
    return told or any(beside)


def _look_beside(name: str, found: Trouble | None, at: datetime) -> bool:
    row = f"{ALARM}:{name}"
    if found is None:
        _forget(row)
        return False
    if not (_is_first(at, row) or _is_news(found, at, row)):
        return False
    return _mail_or_forget(found, row)


def _is_news(found: Trouble, at: datetime, row: str) -> bool:
    """Whether something happened since the last mail about a trouble that goes on, and that is an hour ago."""
    if found.news_at is None:
        return False
    before = Heartbeat.objects.filter(name=row, beat_at__lt=min(found.news_at, at - AGAIN))
    return before.update(beat_at=at) == 1


def _look_at_engine(at: datetime, since: datetime) -> bool:
    """Mail when engine or workers have been silent, or behind, for two minutes.

    An engine that never ran is silent since whoever looks began to. A paused engine raises no alarm: somebody paused
    it, and every page says so.
    """
    found = engine.read_heartbeats(at=at)
    if found.paused_at is not None:
        return False
    late = max(at - (found.beat_at or since), found.overdue)
    if max(late, found.alone) > SILENT:
        return _is_first(at, ALARM) and _mail_or_forget(_trouble(found, late), ALARM)
    if not found.late and found.alone_since is None:
        _forget(ALARM)
    return False


def _trouble(found: engine.EngineCondition, late: timedelta) -> Trouble:
    """Subject, and what is wrong and what to do."""
    if found.beat_at is None:
        return _never_ran()
    return _late(late) if late > SILENT else _alone(found.alone)


def _is_first(at: datetime, row: str) -> bool:
    """Whether nobody has raised the alarm since all was last well; the alarm's own beat remembers."""
    Heartbeat.objects.get_or_create(name=row, defaults={"beat_at": at})
    quiet = Heartbeat.objects.filter(name=row, oldest_due_at__isnull=True)
    return quiet.update(oldest_due_at=at, beat_at=at) == 1


def _mail_or_forget(found: Trouble, row: str) -> bool:
    """Mail the admins. Where that fails or there are none yet, the next look counts as the first again.

    A failure is raised.
    """
    try:
        mailed = _mail(found)
    except (OSError, smtplib.SMTPException):
        _forget(row)
        raise
    if not mailed:
        _forget(row)
    return mailed


def _forget(row: str) -> None:
    Heartbeat.objects.filter(name=row, oldest_due_at__isnull=False).update(oldest_due_at=None)


def _never_ran() -> Trouble:
    return Trouble(
        "Hypercare is not sending: its engine has never run",
        "No worker and no clock has run since Hypercare was installed, so nobody is reminded or paged.\n\n"
        "Start worker and beat, and look at their logs. What is due is kept and goes out when they run.",
        "/deliveries/",
    )


def _late(late: timedelta) -> Trouble:
    return Trouble(
        "Hypercare is not sending: the engine is silent",
        f"Reminders and pages have not been going out for {late.total_seconds() / 60:.0f} minutes.\n\n"
        "Start the worker again, and look at its log. What is due is kept and goes out when it runs.",
        "/deliveries/",
    )


def _alone(alone: timedelta) -> Trouble:
    return Trouble(
        "Hypercare still sends, but its workers are silent",
        f"The workers have heard no tick for {alone.total_seconds() / 60:.0f} minutes. The clock's own process sends "
        "reminders and pages meanwhile; reports by mail wait.\n\nLook at Redis first, then at the workers.",
        "/deliveries/",
    )


def _mail(found: Trouble) -> bool:
    admins = User.objects.filter(is_superuser=True, is_active=True).order_by("id")
    addresses = list(admins.values_list("email", flat=True)[:20])
    logger.critical("%s. %s", found.subject, found.text)
    if not addresses:
        return False
    text = f"{found.text}\n{settings.BASE_URL}{found.path}\n\nThis comes from the web process, once for each outage."
    send_mail(found.subject, text, None, addresses)
    return True
