"""What an installation still needs, fact by fact: what its administrator sees after the first visit.

Each fact is read where health checks and settings read it; here it only gets its sentence, and the line that mends it.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import connection

from hypercare.engine import engine, watched
from hypercare.exceptions import Refused
from hypercare.models import User

Level = Literal["ok", "todo", "bad", "unseen"]


@dataclass(frozen=True, slots=True)
class SetupFact:
    """One thing an installation needs. `line` is what to add to the environment, empty where nothing is missing there.

    `level`: ok; todo (works, but not for real use); bad (does not work); unseen (can't be seen from here).
    """

    code: str
    name: str
    level: Level
    text: str
    line: str = ""


def read_setup(*, at: datetime) -> list[SetupFact]:
    """Look at everything once. A few queries, and one question to Redis where there is one."""
    return [read(at) for read in FACTS]


def send_test_mail(to: User) -> None:
    """Hand a mail to the mail server now, past the queue. Raises Refused with what the server said."""
    text = "This mail went the way that pages and reminders go. Nothing is to be done about it.\n"
    try:
        send_mail("Hypercare: a test of the mail server", text, None, [to.email])
    except (OSError, smtplib.SMTPException) as error:
        raise Refused(f"The mail server did not take it: {str(error)[:300] or type(error).__name__}") from error


def _address(_at: datetime) -> SetupFact:
    base, name = settings.BASE_URL, "Address"
    if base.startswith("https://"):
        return SetupFact("address", name, "ok", f"Links in mails lead to {base}.")
    text = f"Links in mails lead to {base}, which other machines may not reach."
    return SetupFact("address", name, "todo", text, "BASE_URL=https://hypercare.example.com")


def _mail(_at: datetime) -> SetupFact:
    if settings.EMAIL_URL:
        host = settings.EMAIL_CONFIG.get("EMAIL_HOST", "")
        return SetupFact(
            "mail", "Mail", "ok", f"Mails go through {host} as {settings.DEFAULT_FROM_EMAIL}. Send a test."
        )
    text = f"Mails are written to {settings.EMAIL_CONFIG['EMAIL_FILE_PATH']}: they reach nobody."
    return SetupFact("mail", "Mail", "todo", text, "EMAIL_URL=smtp+tls://user:password@mail.example.com:587")


def _workers(at: datetime) -> SetupFact:
    found = engine.read_condition(at=at)
    name = "Worker and clock"
    if found.paused_at:
        return SetupFact("workers", name, "bad", f"The engine is paused: {found.paused_why or 'no reason given'}.")
    if found.beat_at is None:
        return SetupFact(
            "workers", name, "bad", "No worker has run yet: nobody is paged or reminded. Start worker and beat."
        )
    if found.silent:
        return SetupFact(
            "workers", name, "bad", "No worker has run for a minute: nobody is paged. Look at worker and beat."
        )
    if found.late:
        return SetupFact("workers", name, "bad", "Pages and reminders go out late. Start another worker.")
    if found.alone_since:
        return SetupFact("workers", name, "todo", "Workers hear no clock; the clock does their work. Look at Redis.")
    return SetupFact("workers", name, "ok", "Pages and reminders go out in time.")


def _redis(_at: datetime) -> SetupFact:
    if not settings.REDIS_URL:
        text = (
            "Not used. Fine for one machine; with several processes of the web, limits and figures are counted by each."
        )
        return SetupFact("redis", "Redis", "todo", text, "REDIS_URL=redis://localhost:6379/0")
    client = getattr(cache, "_cache", None)
    try:
        if client is not None:
            client.get_client(None, write=True).ping()
    except Exception:  # noqa: BLE001  whatever the client raises, it is away
        return SetupFact("redis", "Redis", "bad", "It does not answer. Pages still go out, a few seconds later.")
    return SetupFact("redis", "Redis", "ok", "It answers.")


def _database(_at: datetime) -> SetupFact:
    if connection.vendor == "postgresql":
        number = connection.cursor().connection.server_version // 10_000
        return SetupFact("database", "Database", "ok", f"PostgreSQL {number}.")
    text = "SQLite, in one file. Fine for trying and for a small team; several web processes need PostgreSQL."
    return SetupFact("database", "Database", "todo", text, "DATABASE_URL=postgres://user:password@localhost/hypercare")


def _mailbox(at: datetime) -> SetupFact:
    if not settings.MAILBOX_URL:
        text = "None is read: people outside report by form, not by mail."
        line = "MAILBOX_URL=imaps://user:password@mail.example.com/INBOX\nMAILBOX_ADDRESS=report@example.com"
        return SetupFact("mailbox", "Mailbox", "unseen", text, line)
    reasons = [one.why for one in watched.read_watched(at=at) if one.why]
    if reasons:
        return SetupFact("mailbox", "Mailbox", "bad", f"{settings.MAILBOX_ADDRESS}: {', '.join(reasons)}.")
    return SetupFact("mailbox", "Mailbox", "ok", f"{settings.MAILBOX_ADDRESS} is read.")


def _keys(_at: datetime) -> SetupFact:
    name = "Encryption keys"
    if settings.ENCRYPTION_KEYS:
        return SetupFact(
            "keys", name, "ok", "Phone numbers, keys and tokens are kept encrypted with keys of their own."
        )
    text = "Secrets are encrypted with a key that follows from the secret key: changing that one would lose them."
    return SetupFact("keys", name, "todo", text, "ENCRYPTION_KEYS=   # env.example says how to make one")


def _second_step(_at: datetime) -> SetupFact:
    if settings.REQUIRE_MFA:
        return SetupFact(
            "second-step", "Second step", "ok", "Whoever administers or runs a period signs in with a code too."
        )
    text = "A password alone lets administrators in."
    return SetupFact("second-step", "Second step", "todo", text, "REQUIRE_MFA=true")


def _outside_watch(_at: datetime) -> SetupFact:
    name = "Somebody who watches"
    if settings.DEAD_MAN_URL:
        return SetupFact("watch", name, "ok", "A watcher outside is called every 15 seconds while all is well.")
    text = "If this machine stops, nobody hears of it."
    return SetupFact("watch", name, "todo", text, "DEAD_MAN_URL=https://hc.example.com/ping/…")


def _backup(_at: datetime) -> SetupFact:
    kept = (
        "the database and the folder of evidence" if connection.vendor == "postgresql" else f"the folder {settings.VAR}"
    )
    return SetupFact("backup", "Backup", "unseen", f"Can’t be seen from here. Keep {kept}, and try a restore once.")


FACTS: Final[tuple[Callable[[datetime], SetupFact], ...]] = (
    _workers,
    _mail,
    _address,
    _database,
    _redis,
    _keys,
    _second_step,
    _mailbox,
    _outside_watch,
    _backup,
)
